"""The one-way agent: it can only give."""

__version__ = "0.1.0"
