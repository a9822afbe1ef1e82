"""Integers inside to people's numbers with their unit, exactly — never rounded.

Exact, because a rounded number could contradict the comparison that it explains.
"""

from __future__ import annotations

from typing import Final

from bitgrid_core.block import BLOCK_S
from bitgrid_core.explain.texts import Texts
from bitgrid_core.model import Numbers
from bitgrid_core.units import to_people

_UNITS: Final = (
    ("_w", "w", "kW"),
    ("_permille", "permille", "%"),
    ("_mdegc", "mdegc", "°C"),
    ("_ms", "ms", "s"),
    ("_ct_per_mwh", "ct_per_mwh", "ct/kWh"),
)


def people(name: str, value: int, texts: Texts) -> str:
    """One compared number, for example ``surplus_w`` 820 as ``0.82 kW``."""
    for suffix, inside, unit in _UNITS:
        if name.endswith(suffix):
            text = to_people(value, inside, unit).replace("-", "−")
            return f"{text.replace('.', texts.decimal_mark)} {unit}"
    return str(value)


def minutes(blocks: int) -> str:
    """A number of blocks as minutes."""
    return f"{max(0, blocks) * BLOCK_S // 60} min"


def fillings(numbers: Numbers, texts: Texts) -> dict[str, str]:
    """Everything that a text may name: the numbers, and the time that is left."""
    found = dict(numbers)
    filled = {name: people(name, value, texts) for name, value in numbers}
    for name, end, since in (
        ("runtime_left", "min_runtime_blocks", "blocks_since_switch"),
        ("pause_left", "min_pause_blocks", "blocks_since_switch"),
        ("deadband_left", "deadband_hold_blocks", "blocks_since_level"),
    ):
        if end in found:
            filled[name] = minutes(found[end] - found.get(since, 0))
    if "lockout_until_block" in found:
        filled["lockout_left"] = minutes(found["lockout_until_block"] - found["block_id"] + 1)
    return filled
