"""A load's actuator and lease, its boot time and its warmth."""

import pytest

from bitgrid_core.errors import BadInput
from bitgrid_core.household import Command
from bitgrid_core.household.load import (
    LEASE_EXPIRED,
    LoadConfig,
    LoadReading,
    LoadState,
    Span,
    act,
    advance,
    cold,
    observe,
)

MINER = LoadConfig()


def command(level: str, *, boot: int = 1, seq: int = 5, lease_s: int = 60) -> Command:
    """A command for the miner."""
    return Command(
        load=MINER.id, command_id=f"{boot}/{seq}", boot=boot, seq=seq, level=level, lease_s=lease_s
    )


def started(lease_s: int = 60, level: str = "super") -> LoadState:
    """The miner right after its start at 0 s."""
    state, ack = act(MINER, cold(MINER, 0), command(level, lease_s=lease_s), 0)
    assert ack.result == "done"
    return state


def passed(
    state: LoadState, now_s: int, dt_s: int, config: LoadConfig = MINER
) -> tuple[LoadState, LoadReading]:
    """The load after a step, and what it told."""
    span = Span(now_ms=now_s * 1000, dt_s=dt_s)
    after, power_w = advance(config, state, span)
    return after, observe(config, (state, after), span, power_w)


def test_first_act_without_a_lease_is_off() -> None:
    """An actuator that just came up draws nothing and reports off."""
    state, reading = passed(cold(MINER, 0), 0, 60)
    assert (state.level, reading.level, reading.power_w) == ("off", "off", 0)


def test_load_switches_off_at_the_instant_its_lease_ends() -> None:
    """Inside a longer step the power is the mean, and the reason and instant are exact."""
    state, reading = passed(started(lease_s=300), 0, 600)
    assert (state.level, state.reason, state.since_ms) == ("off", LEASE_EXPIRED, 300_000)
    assert reading.power_w == (60 * 400 + 240 * 1674) // 600
    assert reading.changed


def test_command_at_the_very_end_of_a_lease_renews_it() -> None:
    """A step as long as the lease loses no second to the boundary."""
    state, reading = passed(started(lease_s=600), 0, 600)
    assert reading.level == "super"
    state, _ = act(MINER, state, command("super", seq=6, lease_s=600), 600_000)
    _, reading = passed(state, 600, 600)
    assert (reading.level, reading.power_w, reading.since_ms) == ("super", 1674, 0)


def test_lease_that_ended_with_the_step_ends_without_a_new_command() -> None:
    """Nothing is drawn after it."""
    state, _ = passed(started(lease_s=600), 0, 600)
    state, reading = passed(state, 600, 60)
    assert (reading.power_w, state.since_ms, state.reason) == (0, 600_000, LEASE_EXPIRED)


@pytest.mark.parametrize(("boot", "seq"), [(1, 5), (1, 4), (0, 99)])
def test_command_that_is_not_newer_changes_nothing(boot: int, seq: int) -> None:
    """Neither level nor lease: a repeated delivery extends nothing."""
    state = started()
    after, ack = act(MINER, state, command("off", boot=boot, seq=seq, lease_s=999), 30_000)
    assert after == state
    assert (ack.result, ack.observed) == ("dropped", "super")


def test_newer_boot_starts_counting_again() -> None:
    """A restarted core is heard with its first command."""
    after, ack = act(MINER, started(), command("off", boot=2, seq=0), 30_000)
    assert (after.level, ack.result) == ("off", "done")


def test_level_that_the_load_does_not_have_is_refused() -> None:
    """It stays as it is and says so."""
    state = started()
    after, ack = act(MINER, state, command("turbo", seq=6), 30_000)
    assert after == state
    assert ack.result == "refused"


def test_stop_of_an_off_load_keeps_since_and_reason() -> None:
    """What switches nothing does not pretend to."""
    state, _ = passed(started(lease_s=10), 0, 60)
    after, ack = act(MINER, state, command("off", seq=6), 60_000)
    assert (after.since_ms, after.reason, ack.result) == (10_000, LEASE_EXPIRED, "done")


def test_start_after_an_expired_lease_clears_the_reason() -> None:
    """The reason speaks about the present state only."""
    state, _ = passed(started(lease_s=10), 0, 60)
    after, _ = act(MINER, state, command("eco", seq=6), 60_000)
    assert (after.level, after.reason, after.since_ms) == ("eco", "", 60_000)


def test_booting_load_draws_boot_power_and_tells_nothing() -> None:
    """Telemetry comes once it runs; a change of level does not boot again."""
    state, reading = passed(started(lease_s=600), 0, 60)
    assert (reading.power_w, reading.temp_mdegc, reading.heartbeat) == (400, None, False)
    state, _ = act(MINER, state, command("eco", seq=6, lease_s=600), 60_000)
    _, reading = passed(state, 60, 60)
    assert (reading.power_w, reading.heartbeat) == (800, True)
    assert reading.temp_mdegc is not None


def test_switched_off_load_tells_nothing_unless_its_profile_says_so() -> None:
    """A miner without power has neither temperature nor heartbeat."""
    talker = LoadConfig(telemetry_when_off=True)
    assert passed(cold(MINER, 0), 0, 60)[1].temp_mdegc is None
    assert passed(cold(talker, 0), 0, 60, talker)[1].temp_mdegc == 25_000


def test_warmth_rises_to_its_steady_value_and_falls_back() -> None:
    """Ambient plus 28 m°C per watt, monotone both ways."""
    state = started(lease_s=86_400)
    seen = []
    for now_s in range(0, 7200, 60):
        state, _ = passed(state, now_s, 60)
        seen.append(state.warmth_udegc)
    assert seen == sorted(seen)
    assert 71_700_000 < seen[-1] <= 25_000_000 + 1674 * 28_000
    state, _ = act(MINER, state, command("off", seq=6), 7_200_000)
    for now_s in range(7200, 14400, 60):
        state, _ = passed(state, now_s, 60)
    assert 25_000_000 <= state.warmth_udegc < 25_100_000


def test_failing_fan_overheats_a_running_load() -> None:
    """The fault that the safety path is tried with crosses 85 °C."""
    state = started(lease_s=86_400)
    for now_s in range(0, 3600, 60):
        state, _ = advance(MINER, state, Span(now_ms=now_s * 1000, dt_s=60, cooling_permille=600))
    assert state.warmth_udegc > 95_000_000


def test_silent_load_gives_no_sign_of_life() -> None:
    """The fault for the communication timeout."""
    state, _ = passed(started(lease_s=600), 0, 120)
    span = Span(now_ms=120_000, dt_s=60, silent=True)
    after, power_w = advance(MINER, state, span)
    assert not observe(MINER, (state, after), span, power_w).heartbeat
    assert power_w == 1674


@pytest.mark.parametrize(
    "wrong",
    [
        {"levels_w": ()},
        {"levels_w": (("eco", 0),)},
        {"levels_w": (("eco", 900), ("standard", 800))},
        {"levels_w": (("off", 900),)},
        {"levels_w": (("eco", 800), ("eco", 900))},
        {"boot_w": -1},
        {"warmth_s": 0},
    ],
)
def test_profile_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    """A load that cannot exist is named before anything runs."""
    with pytest.raises(BadInput):
        LoadConfig(**wrong)  # type: ignore[arg-type]  # one wrong value at a time
