"""Policy as a canonical document — the form that is digested and recorded — and back.

A policy is written in the oldest format that can say it, so that its digest outlives an update:
format 1 knows the surplus strategy alone, format 2 the bands of the battery as well, format 3 also
a house load that is derived. Invariant:
one policy has one document, and a recorded document gives its own bytes again.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Final, cast

from bitgrid_core.codec import Json, digest
from bitgrid_core.errors import BadInput
from bitgrid_core.policy.model import (
    SOC_BAND_FIELDS,
    Level,
    LoadProfile,
    Policy,
    Strategy,
    Thresholds,
)

SURPLUS_ALONE: Final = 1
WITH_SOC_BAND: Final = 2
WITH_DERIVED_HOUSE_LOAD: Final = 3

_FORMATS: Final = (SURPLUS_ALONE, WITH_SOC_BAND, WITH_DERIVED_HOUSE_LOAD)
_DEFAULTS: Final = Thresholds()


def to_document(policy: Policy) -> dict[str, Json]:
    """The policy in integers, complete, defaults written out."""
    written = _format(policy)
    document: dict[str, Json] = {
        "v": written,
        "version": policy.version,
        "strategy": policy.strategy.value,
        "has_battery": policy.has_battery,
        "battery_yields": policy.battery_yields,
        "dynamic_price": policy.dynamic_price,
        "has_forecast": policy.has_forecast,
        "house_meter_includes_loads": policy.house_meter_includes_loads,
        "thresholds": _thresholds_document(policy.thresholds, written),
        "loads": [_load_document(load, written) for load in policy.loads],
    }
    if written >= WITH_DERIVED_HOUSE_LOAD:
        document["house_load_derived"] = policy.house_load_derived
    return document


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


def _format(policy: Policy) -> int:
    """The oldest format that says everything about this policy."""
    if policy.house_load_derived:
        return WITH_DERIVED_HOUSE_LOAD
    everyone = (policy.thresholds, *(load.thresholds for load in policy.loads))
    banded = any(
        getattr(limits, name) != getattr(_DEFAULTS, name)
        for limits in everyone
        for name in SOC_BAND_FIELDS
    )
    return WITH_SOC_BAND if banded or policy.strategy is Strategy.SOC_BAND else SURPLUS_ALONE


def _thresholds_document(limits: Thresholds, written: int) -> Json:
    document = asdict(limits)
    if written == SURPLUS_ALONE:
        for name in SOC_BAND_FIELDS:
            del document[name]
    return document


def _load_document(load: LoadProfile, written: int) -> Json:
    return {
        "id": load.id,
        "kind": load.kind,
        "priority": load.priority,
        "levels": [[level.name, level.power_w] for level in load.levels],
        "start_grace_ms": load.start_grace_ms,
        "telemetry_when_off": load.telemetry_when_off,
        "throttle_starts": load.throttle_starts,
        "thresholds": _thresholds_document(load.thresholds, written),
    }


def _policy(document: dict[str, Json]) -> Policy:
    rest = dict(document)
    written = rest.pop("v")
    if not isinstance(written, int) or isinstance(written, bool) or written not in _FORMATS:
        raise BadInput(f"Policy format {written!r} is unknown.", "Use a newer version.")
    loads = tuple(
        _load(cast("dict[str, Json]", item), written)
        for item in cast("list[Json]", rest.pop("loads"))
    )
    thresholds = _thresholds(rest.pop("thresholds"), written)
    strategy = Strategy(cast("str", rest.pop("strategy")))
    if set(rest) != _switches(written):
        raise BadInput("The recorded policy has unknown or missing keys.", "Use a newer version.")
    policy = Policy(loads=loads, thresholds=thresholds, strategy=strategy, **rest)  # type: ignore[arg-type]  # keys checked
    if _format(policy) != written:
        raise BadInput(f"The recorded policy is none of format {written}.", "Verify the journal.")
    return policy


def _switches(written: int) -> set[str]:
    """Keys that stand in the document as they do in the policy."""
    known = {field.name for field in fields(Policy)} - {"loads", "thresholds", "strategy"}
    return known if written >= WITH_DERIVED_HOUSE_LOAD else known - {"house_load_derived"}


def _load(document: dict[str, Json], written: int) -> LoadProfile:
    rest = dict(document)
    levels = cast("list[list[Json]]", rest.pop("levels"))
    return LoadProfile(
        levels=tuple(Level(name=str(name), power_w=cast("int", power)) for name, power in levels),
        thresholds=_thresholds(rest.pop("thresholds"), written),
        **rest,  # type: ignore[arg-type]  # an unknown key is a TypeError, caught above
    )


def _thresholds(document: Json, written: int) -> Thresholds:
    limits = cast("dict[str, int]", document)
    known = {field.name for field in fields(Thresholds)}
    if set(limits) != (known - set(SOC_BAND_FIELDS) if written == SURPLUS_ALONE else known):
        raise BadInput("A recorded policy's thresholds are not those of its format.", "Verify it.")
    return Thresholds(**limits)
