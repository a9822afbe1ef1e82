"""Stops that cannot wait and people's requests, on a runtime without a broker."""

import asyncio
import time
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

import pytest

from bitgrid_appliance.between_ticks import RECORD_WITHIN_S, BetweenTicks
from bitgrid_appliance.clock import Tick
from bitgrid_appliance.runtime import Runtime
from bitgrid_appliance.topics import Kind
from bitgrid_core.block import at_text
from bitgrid_core.errors import BadInput
from bitgrid_core.policy import parse_policy
from bitgrid_core.replay import replay
from bitgrid_core.restore import restore
from support.runtimes import BLOCK_MS, START_MS, Bench, live
from support.wires import SlowJournal, Wire

NOW_MS = START_MS + BLOCK_MS
BLOCK = NOW_MS // BLOCK_MS


@dataclass
class Home:
    """A runtime whose load runs since its first block."""

    bench: Bench = field(default_factory=lambda: Bench(journal=SlowJournal()))
    wire: Wire = field(default_factory=Wire)

    def __post_init__(self) -> None:
        """Boot and let the sun shine for a block."""
        self.runtime: Runtime = self.bench.boot()
        live(self.runtime, range(1))
        self.between = BetweenTicks(self.runtime, by_wall=False)

    @property
    def journal(self) -> SlowJournal:
        """Its journal."""
        return cast("SlowJournal", self.bench.journal)

    async def measure(
        self, signal: str, value: object, unit: str, device: str = "load-1", at_s: int = 1
    ) -> None:
        """One measurement arrives, stamped a second into the block."""
        at = at_text(NOW_MS + at_s * 1000)
        payload = {"value": value, "unit": unit, "at": at, "source": "test"}
        sample = self.runtime.take_measurement((device, signal), payload)
        assert sample is not None
        await self.between.measured(self.wire.session, sample)

    async def ask(self, what: str, **payload: object) -> dict[str, Any]:
        """One request; the answer to it."""
        payload.setdefault("request_id", f"r-{len(self.wire.sent)}")
        await self.between.requested(self.wire.session, what, payload)
        return self.wire.answer()

    def check(self) -> None:
        """The journal replays, and a restart goes on from the same state."""
        assert replay(self.journal.records(), whole=True).same
        assert restore(self.journal) == self.runtime.state


async def test_heat_is_recorded_then_stopped_as_a_lease() -> None:
    """Input and decision stand in the journal before the command is on the wire."""
    home = Home()
    await home.measure("load_temp_c", 86, "°C")
    assert home.bench.kinds()[-2:] == ["safety", "decision"]
    (command,) = home.wire.sent
    assert command.names == ("load-1",)
    assert (command.payload["action"], command.payload["level"]) == ("STOP", "off")
    assert str(command.payload["command_id"]).startswith(f"{BLOCK}/load-1/safety/0/")
    (again,) = home.runtime.on_tick(Tick(now_ms=NOW_MS, n=1, step_s=600, sent=7))
    assert again.payload["level"] == "off"
    home.check()


async def test_heat_that_was_overtaken_stops_all_the_same() -> None:
    """As after a clock was set back by less than anybody notices; of longer ago it is no news."""
    home = Home()
    await home.measure("load_temp_c", 50, "°C", at_s=60)
    with pytest.raises(AssertionError):
        await home.measure("load_temp_c", 86, "°C", at_s=29)
    await home.measure("load_temp_c", 86, "°C", at_s=30)
    assert home.bench.kinds()[-2:] == ["safety", "decision"]
    assert home.runtime.state.memories["load-1"].level == "off"
    home.check()


async def test_measurements_within_their_limits_record_nothing() -> None:
    """Also those of signals that safety does not look at."""
    home = Home()
    await home.measure("load_temp_c", 85, "°C")
    await home.measure("load_power_w", None, "W")
    await home.measure("grid_export_w", None, "W", "site")
    assert home.wire.sent == []
    assert home.bench.kinds()[-1] == "decision"


@pytest.mark.parametrize("signal", ["grid_import_w", "battery_soc_pct"])
async def test_mandatory_signal_that_says_it_is_lost_stops_at_once(signal: str) -> None:
    """Its quality is kept with the record."""
    home = Home()
    await home.measure(signal, None, "W", "site")
    (body,) = home.bench.of_kind("safety")
    assert (body["load"], body["signal"], body["quality"]) == (None, signal, "missing")
    assert home.bench.of_kind("decision")[-1]["decision_code"] == "STOP_R3_MISSING_TELEMETRY"
    home.check()


async def test_lost_temperature_of_a_load_that_just_started_is_awaited() -> None:
    """Within its grace it need not answer yet."""
    home = Home()
    await home.measure("load_temp_c", None, "°C")
    assert home.wire.sent == []


async def test_silence_is_noticed_by_the_cores_clock() -> None:
    """Heard last a minute and a bit ago: stopped within the block."""
    home = Home()
    beat = {"value": 1, "unit": "", "at": at_text(NOW_MS + 1000), "source": "test"}
    temp = {"value": Decimal(50), "unit": "°C", "at": at_text(NOW_MS + BLOCK_MS - 1)}
    home.runtime.take_measurement(("load-1", "load_temp_c"), temp | {"source": "test"})
    beat["at"] = at_text(NOW_MS + BLOCK_MS - 1)
    home.runtime.take_measurement(("load-1", "heartbeat"), beat)
    live(home.runtime, range(1, 2))
    for since_s, stopped in ((60, 0), (61, 1)):
        now_ms = NOW_MS + BLOCK_MS + since_s * 1000 - 1
        home.runtime.on_tick(Tick(now_ms=now_ms, n=9, step_s=1))
        await home.between.listened(home.wire.session)
        assert len(home.wire.sent) == stopped
    assert home.bench.of_kind("decision")[-1]["decision_code"] == "STOP_R3_COMM_TIMEOUT"
    home.check()


async def test_slow_disk_delays_a_stop_by_200_ms_and_is_told() -> None:
    """The stop goes out, the record follows, and a record behind it says so."""
    home = Home()
    home.journal.wait_s = 3 * RECORD_WITHIN_S
    begun_s = time.monotonic()
    await home.measure("load_temp_c", 86, "°C")
    assert RECORD_WITHIN_S <= home.wire.at_s[0] - begun_s < 2 * RECORD_WITHIN_S
    assert "safety" not in home.bench.kinds()
    async with home.between.turn():
        assert home.bench.kinds()[-3:] == ["safety", "decision", "recorded_late"]
    (late,) = home.bench.of_kind("recorded_late")
    assert late["seq"] == len(home.bench.kinds()) - 2
    home.check()


async def test_lost_disk_keeps_no_stop_back_and_takes_every_load_to_safe() -> None:
    """First the stop, then a stop for every load and health in error; nothing is recorded."""
    home = Home()
    kinds = home.bench.kinds()
    home.journal.gone = True
    await home.measure("load_temp_c", 86, "°C")
    assert [one.kind for one in home.wire.sent] == [Kind.COMMAND, Kind.COMMAND, Kind.HEALTH]
    assert {one.payload.get("level", "off") for one in home.wire.sent} == {"off"}
    assert home.wire.answer()["status"] == "error"
    assert home.wire.answer()["reason"] == "JOURNAL_LOST"
    assert home.bench.kinds() == kinds
    assert home.runtime.is_lost


async def test_record_follows_when_the_journal_is_back() -> None:
    """Each act with the word that it came late, in the order of the acts, and health is well."""
    home = Home()
    home.journal.gone = True
    await home.measure("load_temp_c", 86, "°C")
    assert not await home.between.caught_up(home.wire.session)
    home.journal.gone = False
    known = len(home.bench.kinds())
    assert await home.between.caught_up(home.wire.session)
    assert home.wire.answer()["status"] == "ok"
    assert home.bench.kinds()[known:] == [
        *("safety", "decision", "recorded_late"),
        *("journal_lost", "recorded_late"),
    ]
    seqs = [body["seq"] for body in home.bench.of_kind("recorded_late")]
    assert seqs == [known + 1, known + 4]
    home.check()


async def test_running_load_is_stopped_by_the_system_when_a_request_cannot_be_recorded() -> None:
    """The person hears that nothing was done; the stop is an event of its own, recorded later."""
    home = Home()
    home.journal.gone = True
    answer = await home.ask("autonomy", autonomy="SEMI")
    assert (answer["status"], set(answer["text"])) == ("failed", {"de", "en"})
    assert home.wire.sent[0].payload["level"] == "off"
    assert (await home.ask("override", load="load-1", action="START"))["status"] == "failed"
    home.journal.gone = False
    assert await home.between.caught_up(home.wire.session)
    assert home.bench.of_kind("decision")[-1]["decision_code"] == "STOP_SYS_JOURNAL_LOST"
    assert home.bench.of_kind("autonomy") == home.bench.of_kind("override") == []
    assert home.runtime.state.memories["load-1"].level == "off"
    home.check()


async def test_turn_waits_for_a_stop_but_no_stop_for_a_turn() -> None:
    """A second stop behind a stuck record is on the wire in its own 200 ms."""
    home = Home()
    home.journal.wait_s = 3 * RECORD_WITHIN_S
    await home.measure("load_temp_c", 86, "°C")
    turn = asyncio.create_task(home.ask("autonomy", autonomy="SEMI"))
    await asyncio.sleep(0)
    await home.between.listened(home.wire.session)
    assert not turn.done()
    assert (await turn)["status"] == "done"
    home.check()


async def test_stop_by_hand_is_recorded_with_who_sent_it_and_acts_at_once() -> None:
    """Who stands in the private part alone; the answer names the decision."""
    home = Home()
    answer = await home.ask("override", load="load-1", action="STOP", via="web", by="user-3")
    command, _response = home.wire.sent
    assert command.payload["level"] == "off"
    assert answer == {
        "request_id": "r-0",
        "status": "done",
        "decisions": [f"{BLOCK}/load-1/override/0"],
        "refused": [],
    }
    (record,) = [one for one in home.journal.records() if one.kind == "override"]
    assert record.private == {"via": "web", "by": "user-3", "request_id": "r-0"}
    assert "user-3" not in str(record.body)
    home.check()


@pytest.mark.parametrize(("minutes", "blocks"), [(None, 6), (1, 1), (10, 1), (11, 2), (1440, 144)])
async def test_override_ends_with_the_block_in_which_its_time_is_over(
    minutes: int | None, blocks: int
) -> None:
    """An hour unless told; rounded up to the end of a block."""
    home = Home()
    asked = {} if minutes is None else {"minutes": minutes}
    await home.ask("override", load="load-1", action="LIMIT", level="eco", **asked)
    (body,) = home.bench.of_kind("override")
    assert body["override"]["until_block"] == BLOCK + blocks - 1


async def test_start_against_safety_is_refused_with_its_rule() -> None:
    """In both languages, and nothing is recorded."""
    home = Home()
    await home.measure("load_temp_c", 86, "°C")
    kinds = home.bench.kinds()
    answer = await home.ask("override", load="all", action="START", level="eco")
    assert answer["status"] == "refused"
    (refused,) = answer["refused"]
    assert (refused["load"], refused["rule"], refused["reason"]) == ("load-1", "R3", "OVERTEMP")
    assert set(refused["text"]) == {"de", "en"}
    assert home.bench.kinds() == kinds


@pytest.mark.parametrize(
    ("what", "payload"),
    [
        ("override", {"load": "load-9", "action": "STOP"}),
        ("override", {"load": "load-1"}),
        ("override", {"load": "load-1", "action": "START", "level": "turbo"}),
        ("override", {"load": "load-1", "action": "LIMIT", "level": "off"}),
        ("override", {"load": "load-1", "action": "STOP", "minutes": 1441}),
        ("override", {"load": "load-1", "action": "STOP", "minutes": True}),
        ("override", {"load": "load-1", "action": "STOP", "by": "x" * 65}),
        ("autonomy", {"autonomy": "WILD"}),
        ("weather", {}),
    ],
)
async def test_request_that_cannot_be_is_answered_and_changes_nothing(
    what: str, payload: dict[str, object]
) -> None:
    """The remedy is in the answer."""
    home = Home()
    kinds = home.bench.kinds()
    answer = await home.ask(what, **payload)
    assert answer["status"] == "invalid"
    assert home.bench.kinds() == kinds


@pytest.mark.parametrize("load", ["load-1", "load-9", "all"])
async def test_load_that_only_one_of_two_policies_has_cannot_be_asked_for(load: str) -> None:
    """A start with a changed policy: until its first tick neither the old load nor the new."""
    home = Home()
    home.runtime = home.bench.boot(parse_policy({"loads": [{"id": "load-9"}]}))
    home.between = BetweenTicks(home.runtime, by_wall=False)
    answer = await home.ask("override", load=load, action="STOP")
    assert answer["status"] == "invalid"
    assert load in answer["text"]["en"]


async def test_request_without_an_id_is_bad_input() -> None:
    """There is no topic on which to answer."""
    with pytest.raises(BadInput, match="request_id"):
        await Home().ask("autonomy", autonomy="FULL", request_id="../x")


async def test_same_request_again_is_answered_and_not_done_again() -> None:
    """A message that the bus delivers twice is one wish."""
    home = Home()
    first = await home.ask("override", load="load-1", action="STOP", request_id="once")
    kinds = home.bench.kinds()
    assert await home.ask("override", load="load-1", action="STOP", request_id="once") == first
    assert home.bench.kinds() == kinds


async def test_proposal_is_confirmed_by_its_id_within_its_block() -> None:
    """Autonomy by request, the proposal at the next tick, the yes, the command."""
    home = Home()
    await home.ask("override", load="load-1", action="STOP", minutes=1)
    await home.ask("autonomy", autonomy="ASSISTED")
    live(home.runtime, range(1, 6))
    (proposal,) = home.runtime.state.proposals.values()
    assert (await home.ask("confirm", decision="1/load-1/tick/0"))["status"] == "refused"
    answer = await home.ask("confirm", decision=proposal.id)
    assert answer["status"] == "done"
    command = home.wire.sent[-2]
    assert command.payload["level"] == proposal.decision.level != "off"
    assert home.bench.of_kind("decision")[-1]["trigger"] == "confirm"
    home.check()
