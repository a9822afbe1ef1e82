"""Errors that a person can act on: one sentence with the value, and the remedy.

One class per exit code of the table in ``docs``; the top of a program turns them into
text and a code. Broken code asserts instead; broken data is a value with a quality.
"""

from __future__ import annotations


class BitgridError(Exception):
    """Something a person has to know: what failed, with which value, what to do next.

    Args:
        message: one sentence that names the offending value; never a secret.
        hint: the remedy, as a sentence of its own; may be empty.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """The sentence and the remedy on one line."""
        return f"{self.message} {self.hint}".rstrip()


class CheckFailed(BitgridError):
    """A verification, comparison or replay found a difference (exit 1)."""

    exit_code = 1


class BadInput(BitgridError):
    """Wrong use, or a file, value or document that cannot be accepted (exit 2)."""

    exit_code = 2


class MissingDependency(BitgridError):
    """A program, package or service that this needs is not there (exit 3)."""

    exit_code = 3


class Refused(BitgridError):
    """A role, a consent or a safety rule forbids it (exit 4)."""

    exit_code = 4


class StorageError(BitgridError):
    """A disk, database or store did not do what was asked (exit 5)."""

    exit_code = 5
