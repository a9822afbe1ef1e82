"""Wrong use of a command as an error like any other: one sentence, its remedy, exit code 2."""

from __future__ import annotations

import argparse
from typing import NoReturn

from bitgrid_core.errors import BadInput


class SentenceParser(argparse.ArgumentParser):
    """A parser that raises instead of printing its usage and leaving."""

    def error(self, message: str) -> NoReturn:
        """Wrong words.

        Raises:
            BadInput: always.
        """
        raise BadInput(f"{message[:1].upper()}{message[1:]}.", f"See `{self.prog} --help`.")
