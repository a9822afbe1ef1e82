"""Programs of other people that some tests need: where they are, or a skip that names them.

In CI nothing may be skipped for want of a program: `.ci/run` installs them, so that a missing
one is a failure there.
"""

import os
import shutil
import subprocess
from functools import cache

import pytest

NAMES: dict[str, tuple[str, ...]] = {
    "chromium": ("chromium", "google-chrome", "chromium-browser"),
}
"""Where one program goes by several names, the first that starts is taken."""

SYSTEM_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
"""The user's PATH and where Debian puts daemons such as mosquitto."""


def need(tool: str) -> str:
    """The path of a program; without it the test is skipped by name, or fails in CI."""
    path = find(tool)
    if path is not None:
        return path
    message = f"missing tool: {tool} (`make setup` installs it where it may)"
    if in_ci():
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


@cache
def find(tool: str) -> str | None:
    """The path of a program, or None."""
    for name in NAMES.get(tool, (tool,)):
        path = shutil.which(name, path=SYSTEM_PATH)
        if path is not None and (tool not in NAMES or _starts(path)):
            return path
    return None


def in_ci() -> bool:
    """Whether this run must not skip."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}


def _starts(path: str) -> bool:
    """Whether it is the program itself: Ubuntu's chromium-browser only points to a store."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
