"""What must hold after every tick; each checker complains in sentences, or says nothing.

They judge durable records, published commands and actuators by the text of the decision rules,
not by the code that decides. Each is shown able to fail in ``test_checkers``.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from bitgrid_core.model import OFF
from support.edge.trace import Event, Ledger, Moment, level_after, starts

EventChecker: TypeAlias = Callable[[Event, Ledger], Iterator[str]]
MomentChecker: TypeAlias = Callable[[Moment, Ledger], Iterator[str]]


def no_start_without_a_mandatory_signal(event: Event, ledger: Ledger) -> Iterator[str]:
    """No load is switched on while a signal that it may not run without is missing."""
    policy = ledger.policy
    if not starts(event) or policy is None:
        return
    wanted = ["pv_power_w", "house_load_w", "grid_import_w"]
    if policy.has_battery:
        wanted.append("battery_soc_permille")
        if not policy.battery_yields:
            wanted.append("battery_charge_w")
    if policy.load(event["load"]).telemetry_when_off:
        wanted += ["load_temp_mdegc", "heartbeat_age_ms"]
    missing = [name for name in wanted if name not in event["state"]]
    if missing:
        yield f"{event['id']} starts without {', '.join(missing)}"


def no_restart_under_lockout(event: Event, ledger: Ledger) -> Iterator[str]:
    """A load that was too hot or silent stays off until its lockout has passed."""
    until = ledger.locked.get(event["load"], 0)
    if starts(event) and event["block_id"] <= until:
        yield f"{event['id']} starts, but is locked out until {until}"


def no_switch_by_r1_within_its_counters(event: Event, ledger: Ledger) -> Iterator[str]:
    """R1 switches nothing inside dead-band, minimum run time or pause."""
    load, before, after = event["load"], event["memory"]["level"], level_after(event)
    if event["rule"] != "R1" or (before == OFF) == (after == OFF):
        return
    limits, block = ledger.limits(load), event["block_id"]
    since = block - ledger.switched.get(load, -(10**9))
    least = limits.min_pause_blocks if before == OFF else limits.min_runtime_blocks
    if since < least:
        yield f"{event['id']} switches {since} blocks after a switch, at least {least} must pass"
    held = block - ledger.changed.get(load, -(10**9))
    if before != OFF and held < limits.deadband_hold_blocks:
        yield f"{event['id']} switches within the dead-band, {held} blocks after a change"


def one_tick_decision_per_block(event: Event, ledger: Ledger) -> Iterator[str]:
    """No block is decided twice for a load."""
    if event["trigger"] == "tick" and (event["block_id"], event["load"]) in ledger.ticked:
        yield f"{event['id']} decides a block again"


def no_command_without_a_record(moment: Moment, ledger: Ledger) -> Iterator[str]:
    """Whatever lets a load run was a durable decision before it was published."""
    for sent in moment.sent:
        seq, level = ledger.decided.get(sent.decision, (2**62, ""))
        if sent.level != OFF and (seq > sent.head_seq or level != sent.level):
            yield f"{sent.load} is told {sent.level} by {sent.decision}, which no record says"


def no_command_against_the_newest_record(moment: Moment, ledger: Ledger) -> Iterator[str]:
    """What a load is told is what the newest record of it says, or off."""
    for sent in moment.sent:
        level = ledger.level_at(sent.load, sent.head_seq)
        if sent.level not in (OFF, level):
            yield f"{sent.load} is told {sent.level} by {sent.decision}, but is {level} by now"


def no_rise_without_a_record(moment: Moment, ledger: Ledger) -> Iterator[str]:
    """No actuator starts or rises unless a durable decision said so."""
    for move in moment.moves:
        decision = move.command_id.rsplit("/", 2)[0]
        _seq, level = ledger.decided.get(decision, (0, ""))
        if move.after not in (OFF, move.before) and level != move.after:
            yield f"{move.load} goes to {move.after} by {move.command_id}, which no record says"


def no_load_outlives_its_lease(moment: Moment, ledger: Ledger) -> Iterator[str]:
    """An actuator is off at the latest when its last lease is over."""
    for load, level in moment.levels.items():
        end_ms = ledger.leases.get(load, 0)
        if level != OFF and moment.now_ms > end_ms:
            yield f"{load} runs {moment.now_ms - end_ms} ms after its lease"


def no_heat_goes_unheard(moment: Moment, ledger: Ledger) -> Iterator[str]:
    """A running load of which a temperature above its limit arrives is stopped at once."""
    del ledger
    for heat in moment.heats:
        if heat.level != OFF:
            yield f"{heat.load} is too hot and still {heat.level}"


def no_quiet_block_stays_undecided(moment: Moment, ledger: Ledger) -> Iterator[str]:
    """Where nothing is in its way, every block has its decision: nothing hangs for ever."""
    if ledger.newest_tick < moment.due >= ledger.newest_block:
        yield f"block {moment.due} is quiet and undecided, the newest is {ledger.newest_tick}"


EVENT_CHECKERS: tuple[EventChecker, ...] = (
    no_start_without_a_mandatory_signal,
    no_restart_under_lockout,
    no_switch_by_r1_within_its_counters,
    one_tick_decision_per_block,
)
MOMENT_CHECKERS: tuple[MomentChecker, ...] = (
    no_command_without_a_record,
    no_command_against_the_newest_record,
    no_rise_without_a_record,
    no_load_outlives_its_lease,
    no_heat_goes_unheard,
    no_quiet_block_stays_undecided,
)


def complaints(moment: Moment, ledger: Ledger) -> Iterator[tuple[str, str]]:
    """Name and sentence of everything that does not hold; the ledger is brought up to date."""
    for record in moment.records:
        if record.kind == "decision":
            for judge in EVENT_CHECKERS:
                for text in judge(record.body, ledger):
                    yield judge.__name__, text
        ledger.take(record)
    ledger.move(moment.moves)
    for check in MOMENT_CHECKERS:
        for text in check(moment, ledger):
            yield check.__name__, text
