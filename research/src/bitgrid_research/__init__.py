"""The researcher's side: pull, verify, open and replay."""

__version__ = "0.1.0"
