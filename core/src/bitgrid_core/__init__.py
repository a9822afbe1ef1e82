"""The deterministic decision core: rules, journal, replay and archive formats."""

__version__ = "0.1.0"
