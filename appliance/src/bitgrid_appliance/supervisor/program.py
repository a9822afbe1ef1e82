"""Programs of the other members that are run to their end: the agent once, the researcher's side.

Appliance and researcher share no code, so they are called as commands; absent is exit code 3.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from bitgrid_appliance.settings import search_path
from bitgrid_appliance.supervisor.child import read_output
from bitgrid_core.codec import Json
from bitgrid_core.errors import CheckFailed, MissingDependency


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """How a program ended.

    Attributes:
        program: its name.
        code: exit code.
        output: standard output.
    """

    program: str
    code: int
    output: str

    def document(self) -> dict[str, Json]:
        """The JSON object that it printed.

        Raises:
            CheckFailed: it printed something else.
        """
        try:
            found = json.loads(self.output)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise CheckFailed(
                f"{self.program} ended with code {self.code} and no result.", "See its log."
            )
        return cast("dict[str, Json]", found)


def program_path(name: str) -> str:
    """Where a command of ours lies: beside this Python, or on the PATH.

    Raises:
        MissingDependency: it is not installed.
    """
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.is_file() else shutil.which(name, path=search_path())
    if found is None:
        member = name if name != "bitgrid-mirror" else "bitgrid-mirror-agent"
        raise MissingDependency(f"The command {name} is not there.", f"Install {member}.")
    return found


async def run_module(name: str, seed: int) -> tuple[int, bytes, str]:
    """Run a module of ours that makes something from a seed: code, output, last words."""
    with TemporaryDirectory() as folder:
        log = Path(folder) / "errors"
        argv = (sys.executable, "-m", name, "--seed", str(seed))
        code, output = await read_output(argv, log)
        return code, output, await asyncio.to_thread(log.read_text)


async def run_program(name: str, arguments: tuple[str, ...], log_dir: Path) -> Completed:
    """Run a command of ours to its end.

    Raises:
        MissingDependency: it is not installed.
    """
    argv = (program_path(name), *arguments)
    code, output = await read_output(argv, log_dir / f"{name}.log")
    return Completed(program=name, code=code, output=output.decode(errors="replace"))


def run_version(program: Path, words: Sequence[str]) -> tuple[int, str]:
    """Run the command ``bitgrid`` of another version to its end: exit code and standard output.

    Args:
        program: the environment that it is installed in, or the command itself.
        words: its arguments.

    Raises:
        MissingDependency: it is not there.
    """
    found = program / "bin" / "bitgrid" if program.is_dir() else program
    if not os.access(found, os.X_OK) or not found.is_file():
        raise MissingDependency(
            f"There is no version of bitgrid at {program}.",
            "Name an environment with bin/bitgrid, or the command.",
        )
    argv = (str(found.absolute()), *words)
    with TemporaryDirectory() as folder:
        code, output = asyncio.run(read_output(argv, Path(folder) / "errors"))
    return code, output.decode(errors="replace")
