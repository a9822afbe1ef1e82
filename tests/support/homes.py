"""Small recorded households for tests: a sunny home, written as people record them."""

from datetime import UTC, datetime, timedelta
from math import pi, sin
from pathlib import Path

STEP_MIN = 30


def sunny_home(path: Path, days: int = 3, start: str = "2024-06-01") -> Path:
    """A CSV of whole days: 5 kW of sun at noon, a house of 400 W, a true forecast."""
    begin = datetime.fromisoformat(start).replace(tzinfo=UTC)
    lines = ["utc,load_w,pv_w,pv_forecast_w"]
    for row in range(days * 24 * 60 // STEP_MIN):
        at = begin + timedelta(minutes=row * STEP_MIN)
        hour = at.hour + at.minute / 60
        pv_w = max(0, round(5000 * sin(pi * (hour - 5) / 14))) if 5 < hour < 19 else 0
        load_w = 400 + 150 * (row % 3) + (1500 if 18 <= hour < 20 else 0)
        lines.append(f"{at:%Y-%m-%dT%H:%M:%SZ},{load_w},{pv_w},{pv_w}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
