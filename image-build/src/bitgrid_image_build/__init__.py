"""The appliance image: builds, flashes and proves it.

Nothing is built yet. This package will know no other member; only its module ``run`` will start
processes.
"""

__version__ = "0.1.0"
