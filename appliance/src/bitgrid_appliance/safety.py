"""Safety between two ticks: which measurement, or which silence, cannot wait for its block.

Pure: looks at the engine's state and gives inputs for it; whether they change anything is the
engine's own rule. Invariant: only a load that runs is looked at, so that a house at rest costs
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bitgrid_core.context import Measurement
from bitgrid_core.engine import EngineState
from bitgrid_core.inputs import SAFETY_FIELDS, SafetyMeasured
from bitgrid_core.model import OFF
from bitgrid_core.policy import LoadProfile, Policy
from bitgrid_core.signals import BATTERY_CHARGE, BATTERY_SOC, HEARTBEAT, LOAD_TEMP


def alarm(sample: Measurement, state: EngineState, block_id: int) -> SafetyMeasured | None:
    """What a measurement that just arrived means for a running load, if anything.

    Args:
        sample: too hot, or with the word of its sender that there is no valid value.
        state: who runs.
        block_id: the running block.
    """
    policy, signal = state.policy, sample.signal
    if policy is None or signal.name not in SAFETY_FIELDS:
        return None
    running = [load for load in _running(state) if sample.device == load.id or not signal.of_load]
    if sample.value is not None:
        limits = [load.thresholds.max_temp_mdegc for load in running]
        concerns = signal is LOAD_TEMP and any(sample.value > limit for limit in limits)
    elif signal.of_load:
        concerns = any(load.telemetry_mandatory(state.memories[load.id]) for load in running)
    else:
        concerns = bool(running) and _is_mandatory(signal.name, policy)
    if not concerns:
        return None
    return SafetyMeasured(
        load=sample.device if signal.of_load else None,
        signal=signal.name,
        value=sample.value,
        at_ms=sample.at_ms,
        block_id=block_id,
        quality=sample.quality,
    )


def silences(
    beats: Mapping[str, int], state: EngineState, now_ms: int, block_id: int
) -> Iterator[SafetyMeasured]:
    """Running loads whose newest sign of life is too old by the core's clock.

    Args:
        beats: when each load was heard last.
        state: who runs.
        now_ms: the instant.
        block_id: the running block.
    """
    for load in _running(state):
        at_ms = beats.get(load.id)
        if at_ms is None or not load.telemetry_mandatory(state.memories[load.id]):
            continue
        if now_ms - at_ms > load.thresholds.comm_timeout_ms:
            yield SafetyMeasured(
                load=load.id,
                signal=HEARTBEAT.name,
                value=now_ms - at_ms,
                at_ms=now_ms,
                block_id=block_id,
            )


def _running(state: EngineState) -> list[LoadProfile]:
    loads = state.policy.loads if state.policy is not None else ()
    return [load for load in loads if state.memories[load.id].level != OFF]


def _is_mandatory(name: str, policy: Policy) -> bool:
    if name == BATTERY_SOC.name:
        return policy.has_battery
    if name == BATTERY_CHARGE.name:
        return policy.has_battery and not policy.battery_yields
    return True
