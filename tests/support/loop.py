"""The closed loop over messages, as a broker would carry them: the way that the values must equal."""

from bitgrid_core.context import BlockCollector, parse_measurement
from bitgrid_core.household import House, PlantReading


def over_messages(house: House, reading: PlantReading, collector: BlockCollector) -> None:
    """Tell a collector by reading each message's payload."""
    for message in house.messages(reading):
        kind, _, rest = message.topic.partition("/")
        if kind == "measurement":
            device, _, signal = rest.partition("/")
            collector.add(parse_measurement(device, signal, message.payload), house.now_ms)
