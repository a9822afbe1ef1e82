"""A plant as a document and back, so that a killed household goes on exactly.

Pure. Invariant: ``plant_of(config, plant_document(plant)) == plant``. Numbers of 64 bits are
hex text, because a canonical document holds no integer beyond 2^53.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any, TypeVar, cast

from bitgrid_core import codec
from bitgrid_core.codec import Json
from bitgrid_core.errors import BadInput
from bitgrid_core.household.load import LoadState
from bitgrid_core.household.plant import Flows, Plant, PlantConfig
from bitgrid_core.household.series import Series

_Part = TypeVar("_Part", Flows, LoadState)


def taken_from(series: Series, config: PlantConfig) -> str:
    """Digest of what a snapshot belongs to."""
    settings = asdict(config) | {"seed": f"{config.seed:016x}"}
    if config.house_meter:  # as it was before there was a choice
        del settings["house_meter"]
    return codec.digest({"series": series.digest(), "config": _lists(settings)})


def plant_document(plant: Plant) -> Json:
    """The plant's changing part."""
    return {
        "now_ms": plant.now_ms,
        "stored_ws": plant.stored_ws,
        "lost_ws": plant.lost_ws,
        "noise": f"{plant.noise:016x}",
        "loads": [_lists(asdict(one)) for one in plant.loads],
        "totals": _lists(asdict(plant.totals)),
    }


def plant_of(config: PlantConfig, document: Json) -> Plant:
    """The plant of a document.

    Raises:
        BadInput: a part is missing or has a value that it cannot have.
    """
    parts = _object(document, "plant")
    loads = parts.get("loads")
    if not isinstance(loads, list) or len(loads) != len(config.loads):
        raise _broken("loads")
    return Plant(
        config=config,
        now_ms=_integer(parts, "now_ms"),
        stored_ws=_integer(parts, "stored_ws"),
        lost_ws=_integer(parts, "lost_ws"),
        noise=_hex(parts, "noise"),
        loads=tuple(_part(LoadState, one) for one in loads),
        totals=_part(Flows, parts.get("totals")),
    )


def _part(kind: type[_Part], document: Json) -> _Part:
    parts = _object(document, kind.__name__)
    values: dict[str, Any] = {}
    for one in fields(kind):
        values[one.name] = (
            _text(parts, one.name) if one.type == "str" else _integer(parts, one.name)
        )
    return kind(**values)


def _object(document: Json, name: str) -> dict[str, Json]:
    if not isinstance(document, dict):
        raise _broken(name)
    return document


def _integer(parts: dict[str, Json], name: str) -> int:
    value = parts.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _broken(name)
    return value


def _text(parts: dict[str, Json], name: str) -> str:
    value = parts.get(name)
    if not isinstance(value, str):
        raise _broken(name)
    return value


def _hex(parts: dict[str, Json], name: str) -> int:
    try:
        return int(_text(parts, name), 16) % 2**64
    except ValueError:
        raise _broken(name) from None


def _broken(name: str) -> BadInput:
    return BadInput(f"Household snapshot: {name} is broken.", "Start a new household.")


def _lists(value: object) -> Json:
    """The same with lists for tuples, as documents have them."""
    if isinstance(value, dict):
        return {str(key): _lists(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_lists(item) for item in value]
    return cast("Json", value)
