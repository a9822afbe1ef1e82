"""What holds for every test: in CI, a skip for want of a program or package is a failure.

Tests ask for programs by `support.tools.need`, which already fails in CI; this catches the other
ways to skip, such as `skipif` and `importorskip`.
"""

from collections.abc import Generator
from typing import TypeVar

import pytest

from support.tools import in_ci

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
WANTING = ("missing tool", "could not import", "no module named", "not installed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a test's skip for want of something into a failure."""
    return refuse_want((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a whole module's skip for want of something into a failure."""
    return refuse_want((yield))


def refuse_want(report: Report) -> Report:
    """The report, failed if it is a skip that CI does not allow."""
    if report.skipped and in_ci():
        reason = report.longreprtext
        if any(word in reason.lower() for word in WANTING):
            report.outcome = "failed"
            report.longrepr = f"skipped in CI: {reason}"
    return report
