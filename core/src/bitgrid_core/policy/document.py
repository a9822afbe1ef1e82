"""Policy as a canonical document — the form that is digested and recorded — and back."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import cast

from bitgrid_core.codec import Json, digest
from bitgrid_core.errors import BadInput
from bitgrid_core.policy.model import Level, LoadProfile, Policy, Thresholds

FORMAT = 1


def to_document(policy: Policy) -> dict[str, Json]:
    """The policy in integers, complete, defaults written out."""
    return {
        "v": FORMAT,
        "version": policy.version,
        "strategy": policy.strategy,
        "has_battery": policy.has_battery,
        "battery_yields": policy.battery_yields,
        "dynamic_price": policy.dynamic_price,
        "has_forecast": policy.has_forecast,
        "house_meter_includes_loads": policy.house_meter_includes_loads,
        "thresholds": asdict(policy.thresholds),
        "loads": [_load_document(load) for load in policy.loads],
    }


def policy_digest(policy: Policy) -> str:
    """SHA-256 of the canonical document."""
    return digest(to_document(policy))


def from_document(document: Json) -> Policy:
    """The policy of a recorded document.

    Raises:
        BadInput: not a policy document of this format.
    """
    try:
        return _policy(cast("dict[str, Json]", document))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"The recorded policy cannot be read: {error!r}.", "Check the journal first."
        ) from error


def warnings(policy: Policy, *, peak_w: int | None = None, price: int | None = None) -> list[str]:
    """What is allowed but probably not meant, one sentence each.

    Args:
        policy: the policy.
        peak_w: the site's PV peak power, if known.
        price: a constant price in ct/MWh, if the tariff is fixed.
    """
    found = []
    for load in policy.loads:
        limits = load.thresholds
        if peak_w is not None and limits.min_predicted_pv_w * 10 > peak_w * 4:
            found.append(
                f"{load.id}: min_predicted_pv_kw {limits.min_predicted_pv_w / 1000:g} is above 0.4 × "
                f"the roof's {peak_w / 1000:g} kW: the forecast would veto more than it saves."
            )
        if price is not None and price > limits.price_max_ct_per_mwh:
            found.append(
                f"{load.id}: the constant price {price / 1000:g} ct/kWh is above price_max_ct_kwh "
                f"{limits.price_max_ct_per_mwh / 1000:g}: no load would ever run."
            )
    return found


def _load_document(load: LoadProfile) -> Json:
    return {
        "id": load.id,
        "kind": load.kind,
        "priority": load.priority,
        "levels": [[level.name, level.power_w] for level in load.levels],
        "start_grace_ms": load.start_grace_ms,
        "telemetry_when_off": load.telemetry_when_off,
        "throttle_starts": load.throttle_starts,
        "thresholds": asdict(load.thresholds),
    }


def _policy(document: dict[str, Json]) -> Policy:
    rest = dict(document)
    if rest.pop("v") != FORMAT:
        raise BadInput(f"Policy format {document['v']} is unknown.", "Use a newer version.")
    loads = tuple(
        _load(cast("dict[str, Json]", item)) for item in cast("list[Json]", rest.pop("loads"))
    )
    thresholds = _thresholds(rest.pop("thresholds"))
    if set(rest) != {field.name for field in fields(Policy)} - {"loads", "thresholds"}:
        raise BadInput("The recorded policy has unknown or missing keys.", "Use a newer version.")
    return Policy(loads=loads, thresholds=thresholds, **rest)  # type: ignore[arg-type]  # keys checked


def _load(document: dict[str, Json]) -> LoadProfile:
    rest = dict(document)
    levels = cast("list[list[Json]]", rest.pop("levels"))
    return LoadProfile(
        levels=tuple(Level(name=str(name), power_w=cast("int", power)) for name, power in levels),
        thresholds=_thresholds(rest.pop("thresholds")),
        **rest,  # type: ignore[arg-type]  # an unknown key is a TypeError, caught above
    )


def _thresholds(document: Json) -> Thresholds:
    return Thresholds(**cast("dict[str, int]", document))
