"""The closed loop over messages, as a broker would carry them: the way that the values must equal."""

from collections.abc import Iterator

from bitgrid_core.context import Forecast, Measurement, parse_measurement
from bitgrid_core.household import House, PlantReading


def over_messages(house: House, reading: PlantReading) -> Iterator[Measurement | Forecast]:
    """What a collector hears that reads each message's payload."""
    for message in house.messages(reading):
        kind, _, rest = message.topic.partition("/")
        if kind == "measurement":
            device, _, signal = rest.partition("/")
            yield parse_measurement(device, signal, message.payload)
