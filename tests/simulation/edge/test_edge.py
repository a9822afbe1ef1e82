"""300 house-days of the whole edge with faults, by seeds that follow from the commit."""

import pytest

from support.edge.campaign import DAYS, commit
from support.edge.life import live
from support.edge.report import Report

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
HOUSE_DAYS = 300
PARTS = 15
LIVES = HOUSE_DAYS // DAYS // PARTS
FIXED = 20_240_601
FIRST = int(commit()[:7] or f"{FIXED:x}", 16)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_checker_complains_of_a_life_with_faults(
    part: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever goes wrong: no start, switch, command, lease, record, replay or copy is wrong."""
    seeds = range(FIRST + part * LIVES, FIRST + (part + 1) * LIVES)
    reports = [live(seed, DAYS) for seed in seeds]
    with capsys.disabled():
        print(f"\n{LIVES * DAYS} house-days, seeds {seeds.start} to {seeds.stop - 1}")
    assert [report.text() for report in reports if report.complaints] == []
    assert sum(report.counts["starts"] for report in reports) > 0
    assert all(report.counts["replayed"] == report.counts["decisions"] > 0 for report in reports)
    assert len({fault for report in reports for fault in report.faults}) >= 8


def test_same_seed_is_the_same_life() -> None:
    """What a seed showed once, it shows again: decisions, faults, counts."""

    def seen(report: Report) -> tuple[object, ...]:
        return report.counts, report.faults, report.violations

    assert seen(live(FIXED, 1)) == seen(live(FIXED, 1))
