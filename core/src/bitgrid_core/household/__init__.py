"""The household: a seeded, energy-balanced plant on a recorded or synthetic series.

For demo and tests; it consumes commands, produces measurements and owns the virtual clock.
Reading files is ``recorded``'s alone; everything else here is pure. Must not know brokers.
"""

from bitgrid_core.household.battery import BatteryConfig
from bitgrid_core.household.command import Command, parse_command
from bitgrid_core.household.house import Fault, House, HouseStep
from bitgrid_core.household.load import LoadConfig
from bitgrid_core.household.plant import FRENCH_HOME, Plant, PlantConfig, PlantInputs, PlantReading
from bitgrid_core.household.readings import Message
from bitgrid_core.household.recorded import read_csv
from bitgrid_core.household.series import Counts, Sample, Series
from bitgrid_core.sun import FRANCE, Site

__all__ = [
    "FRANCE",
    "FRENCH_HOME",
    "BatteryConfig",
    "Command",
    "Counts",
    "Fault",
    "House",
    "HouseStep",
    "LoadConfig",
    "Message",
    "Plant",
    "PlantConfig",
    "PlantInputs",
    "PlantReading",
    "Sample",
    "Series",
    "Site",
    "parse_command",
    "read_csv",
]
