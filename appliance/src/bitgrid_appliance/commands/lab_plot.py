"""A picture of a grid of policies, as SVG text: energy used against extra import.

With an optimum the dashed line is where perfect foresight would be at each import. Written by hand, because two axes and some dots need no library. Knows no file.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from bitgrid_appliance.commands.lab_report import Found
from bitgrid_core.household.foresight import IMPORT_WEIGHT

_WIDTH: Final = 720
_HEIGHT: Final = 440
_LEFT: Final = 70
_TOP: Final = 40
_RIGHT: Final = 180
_BOTTOM: Final = 60
_TICKS: Final = 5
_WH_PER_KWH: Final = 1000


def plot(found: Found) -> str:
    """Each policy as a dot: extra import to the right, energy used upwards; hover for its name."""
    base, policies = found.base, found.outcomes
    points = [
        ((one.total.import_w - base.total.import_w) / 6, one.total.loads_w / 6) for one in policies
    ]
    best = found.optima.get(policies[0].name)
    tops = [] if best is None else [float(best.net_wh)]
    across = _span([x for x, _ in points] + [0.0 for _top in tops])
    up = _span([y for _, y in points] + tops)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            'font-family="sans-serif" font-size="12">'
        ),
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        (
            f'<text x="{_LEFT}" y="22" font-size="15">Energy used by the loads against the import '
            "that they caused</text>"
        ),
    ]
    parts += _axes(across, up)
    if best is not None:
        parts += _foresight(best.net_wh, across, up)
    for number, (one, (x, y)) in enumerate(zip(policies, points, strict=True)):
        at = (_x(x, across), _y(y, up))
        words = f"{one.name}: {y / _WH_PER_KWH:.0f} kWh, {one.total.switches} switches"
        colour = "#c0392b" if number == 0 else "#2471a3"
        parts.append(
            f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="5" fill="{colour}">'
            f"<title>{escape(words)}</title></circle>"
        )
        if len(policies) <= 12:  # noqa: PLR2004 - more names than this cover each other
            label = escape(one.name)
            parts.append(f'<text x="{at[0] + 8:.1f}" y="{at[1] + 4:.1f}">{label}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _foresight(net_wh: int, across: tuple[float, float], up: tuple[float, float]) -> list[str]:
    """The dashed line on which the figure that foresight maximises has its optimum."""
    end = min(across[1], (up[1] - net_wh) / IMPORT_WEIGHT)
    begin = max(across[0], 0.0)
    ends = [(_x(x, across), _y(net_wh + IMPORT_WEIGHT * x, up)) for x in (begin, max(begin, end))]
    words = f"perfect foresight: {net_wh / _WH_PER_KWH:.0f} kWh without extra import"
    return [
        (
            f'<path d="M{ends[0][0]:.1f} {ends[0][1]:.1f}L{ends[1][0]:.1f} {ends[1][1]:.1f}" '
            f'class="optimum" stroke="#1e8449" stroke-dasharray="6 4" stroke-width="2">'
            f"<title>{words}</title></path>"
        ),
        (
            f'<text x="{ends[1][0] + 6:.1f}" y="{ends[1][1] + 14:.1f}" fill="#1e8449">'
            f"perfect foresight</text>"
        ),
    ]


def _axes(across: tuple[float, float], up: tuple[float, float]) -> list[str]:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    parts = [
        f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" fill="none" stroke="#333"/>',
        (
            f'<text x="{(_LEFT + right) / 2:.0f}" y="{_HEIGHT - 15}" text-anchor="middle">'
            "extra import, kWh</text>"
        ),
        (
            f'<text transform="translate(18 {(_TOP + bottom) / 2:.0f}) rotate(-90)" '
            'text-anchor="middle">used, kWh</text>'
        ),
    ]
    for tick in range(_TICKS + 1):
        x = across[0] + (across[1] - across[0]) * tick / _TICKS
        y = up[0] + (up[1] - up[0]) * tick / _TICKS
        parts.append(
            f'<text x="{_x(x, across):.1f}" y="{bottom + 18}" text-anchor="middle">'
            f"{x / _WH_PER_KWH:.1f}</text>"
        )
        parts.append(
            f'<text x="{_LEFT - 6}" y="{_y(y, up) + 4:.1f}" text-anchor="end">'
            f"{y / _WH_PER_KWH:.0f}</text>"
        )
    return parts


def _span(values: Sequence[float]) -> tuple[float, float]:
    """Lowest and highest with a tenth of room; never empty."""
    low, high = min(values), max(values)
    room = (high - low) / 10 or max(1.0, abs(high) / 10)
    return low - room, high + room


def _x(value: float, span: tuple[float, float]) -> float:
    return _LEFT + (value - span[0]) / (span[1] - span[0]) * (_WIDTH - _RIGHT - _LEFT)


def _y(value: float, span: tuple[float, float]) -> float:
    return _HEIGHT - _BOTTOM - (value - span[0]) / (span[1] - span[0]) * (_HEIGHT - _BOTTOM - _TOP)
