"""A home-year's journal, made once: the recorded French home where it is, else a synthetic one."""

from pathlib import Path

from bitgrid_appliance.synthetic import synthetic_series
from bitgrid_core import events
from bitgrid_core.chain import Draft
from bitgrid_core.household import FRENCH_HOME, House, Series, read_csv
from bitgrid_core.household.loop import closed_loop
from bitgrid_core.inputs import to_record
from bitgrid_core.journal.sqlite import SqliteJournal
from bitgrid_core.policy import parse_policy
from support.shared import shared_file

BLOCKS_PER_YEAR = 365 * 144
_BATCH = 1000


def home_year() -> Series:
    """The series to run on."""
    recorded = shared_file("home_fr_30min_2024-02_2025-02.csv")
    return read_csv(recorded) if recorded is not None else synthetic_series()


def year_journal(path: Path) -> int:
    """Write a year of inputs and decisions to a journal; returns the number of blocks."""
    policy = parse_policy({"min_predicted_pv_kw": "1.3", "loads": [{"id": "load-1"}]})
    house = House.begin(home_year(), FRENCH_HOME)
    blocks = min(BLOCKS_PER_YEAR, house.blocks_left)
    journal = SqliteJournal(path)
    drafts: list[Draft] = []
    for done in closed_loop(house, policy, blocks):
        kind, body = to_record(done.item)
        drafts.append(Draft(kind=kind, body=body))
        drafts += [Draft(kind="decision", body=events.to_body(event)) for event in done.events]
        if len(drafts) >= _BATCH:
            journal.append(drafts, house.now_ms)
            drafts = []
    journal.append(drafts, house.now_ms)
    journal.close()
    return blocks
