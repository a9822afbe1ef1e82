"""The edge node: everything that runs in the owner's house."""

__version__ = "0.1.0"
