"""From measurements to the picture that a decision sees.

``parse_measurement`` bounds and rounds one value, ``BlockCollector`` gathers a window,
``BlockAggregates`` is the window as recorded, ``energy_state`` the picture of one load.
"""

from bitgrid_core.context.aggregates import Aggregate, BlockAggregates
from bitgrid_core.context.collector import BlockCollector
from bitgrid_core.context.measurement import Forecast, Measurement, parse_measurement
from bitgrid_core.context.picture import energy_state

__all__ = [
    "Aggregate",
    "BlockAggregates",
    "BlockCollector",
    "Forecast",
    "Measurement",
    "energy_state",
    "parse_measurement",
]
