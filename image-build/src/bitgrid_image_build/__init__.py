"""The appliance image: builds, flashes and proves it."""

__version__ = "0.1.0"
