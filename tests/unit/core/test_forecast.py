"""The local forecast: the sky as it is, for a while."""

from random import Random

import pytest

from bitgrid_core.block import block_at, block_start_ms, parse_at
from bitgrid_core.forecast import MAX_AHEAD, Learnt, LocalForecast, learnt_from
from bitgrid_core.sun import FRANCE, clear_sky_w_m2

MIDNIGHT = block_at(parse_at("2024-06-01T00:00:00Z"))
NOON = MIDNIGHT + 72
DAY = 144


def clear(block: int, permille: int = 1000) -> int:
    """A roof that gives 5 W for each W/m² that so much of a clear sky lets through."""
    return int(5 * clear_sky_w_m2(block_start_ms(block) + 300_000, FRANCE) * permille) // 1000


def days(count: int, permille: int = 1000) -> LocalForecast:
    """A forecaster that saw so many days like this until the first midnight."""
    blocks = range(MIDNIGHT - count * DAY, MIDNIGHT)
    return learnt_from(FRANCE, ((block, clear(block, permille)) for block in blocks))


def morning(forecaster: LocalForecast, permille: int) -> LocalForecast:
    """The forecaster at noon of a day with so much sun."""
    for block in range(MIDNIGHT, NOON):
        forecaster = forecaster.after(block, clear(block, permille))
    return forecaster


def test_clear_days_foretell_a_clear_day() -> None:
    """To one percent of what the roof then gives, from midnight on."""
    said = days(10).ahead(MIDNIGHT, DAY)
    real = [clear(block) for block in range(MIDNIGHT, MIDNIGHT + DAY)]
    assert [w or 0 for w in said] == pytest.approx(real, rel=0.01, abs=5)


def test_cloudy_morning_foretells_a_cloudy_hour_and_a_usual_evening() -> None:
    """What deviates from the usual stays for the next block and fades with the hours."""
    said = morning(days(10), 300).ahead(NOON, 36)
    shares = [1000 * (w or 0) / clear(NOON + n) for n, w in enumerate(said)]
    assert shares[0] == pytest.approx(310, abs=15)
    assert shares == sorted(shares)
    assert 500 < shares[-1] < 700


def test_dawn_is_forecast_by_what_is_usual() -> None:
    """While the sun is too low to tell, or nothing was measured."""
    usual = days(10, 600)
    known = usual.ahead(NOON, 6)
    assert known == LocalForecast(site=FRANCE, learnt=usual.learnt).ahead(NOON, 6)
    assert sum(w or 0 for w in known) == pytest.approx(
        sum(clear(NOON + n, 600) for n in range(6)), rel=0.01
    )


def test_roof_that_nobody_knows_has_no_forecast_by_day_and_none_to_give_at_night() -> None:
    """Nothing is made up; at night 0 W is known of any roof."""
    fresh = LocalForecast(site=FRANCE)
    assert fresh.ahead(NOON, 6) == (None,) * 6
    assert fresh.ahead(MIDNIGHT, 6) == (0,) * 6


def test_first_bright_block_is_enough_to_begin() -> None:
    """It teaches the usual, and persists."""
    said = LocalForecast(site=FRANCE).after(NOON - 1, clear(NOON - 1)).ahead(NOON, 6)
    assert [w or 0 for w in said] == pytest.approx([clear(NOON - 1)] * 6, rel=0.05)


def test_gap_is_not_filled_and_an_old_value_is_no_recent_one() -> None:
    """Half an hour without a value: back to the usual."""
    forecaster = morning(days(10), 300)
    for block in range(NOON, NOON + 3):
        forecaster = forecaster.after(block, None)
    usual = LocalForecast(site=FRANCE, learnt=forecaster.learnt)
    assert forecaster.ahead(NOON + 3, 6) == usual.ahead(NOON + 3, 6)


def test_forecast_never_exceeds_the_peak_that_was_measured() -> None:
    """An inverter's limit is met again tomorrow."""
    blocks = range(MIDNIGHT - 10 * DAY, MIDNIGHT)
    limited = learnt_from(FRANCE, ((b, min(3000, clear(b))) for b in blocks))
    assert limited.learnt.peak_w == 3000
    assert max(w or 0 for w in limited.ahead(MIDNIGHT, DAY)) == 3000


def test_one_wrong_block_hardly_moves_what_was_learnt() -> None:
    """An eighth of the way for the peak, a three-hundredth for the usual."""
    before = morning(days(10), 1000).learnt
    after = LocalForecast(site=FRANCE, learnt=before).after(NOON, 20_000).learnt
    assert before.usual_mw is not None
    assert after.usual_mw is not None
    assert after.peak_w - before.peak_w <= (20_000 - before.peak_w) // 8 + 1
    assert after.usual_mw < 1.02 * before.usual_mw


def test_forecast_is_whole_non_negative_watts_for_any_past() -> None:
    """Seeded nonsense in, forecasts of at most the peak out; the same again for the same past."""
    rng = Random(7)
    past = [(MIDNIGHT + n, rng.choice((None, 0, rng.randint(0, 9000)))) for n in range(3 * DAY)]
    forecaster = learnt_from(FRANCE, past)
    said = forecaster.ahead(MIDNIGHT + 3 * DAY, MAX_AHEAD)
    assert all(isinstance(w, int) and 0 <= w <= forecaster.learnt.peak_w for w in said)
    assert said == learnt_from(FRANCE, past).ahead(MIDNIGHT + 3 * DAY, MAX_AHEAD)


def test_series_is_a_received_forecast_from_the_block_on() -> None:
    """As one that a local service publishes: what rules and journal see is nothing else."""
    forecaster = days(2)
    found = forecaster.series(NOON, 12)
    assert (found.signal.name, found.from_ms) == ("pv_forecast_kw", block_start_ms(NOON))
    assert found.values == forecaster.ahead(NOON, 12)
    assert found.value_at(block_start_ms(NOON + 3)) == found.values[3]


def test_what_is_learnt_is_two_numbers() -> None:
    """They can be kept and given back: nothing else is carried from day to day."""
    forecaster = days(5)
    kept = Learnt(usual_mw=forecaster.learnt.usual_mw, peak_w=forecaster.learnt.peak_w)
    again = LocalForecast(site=FRANCE, learnt=kept)
    assert again.ahead(MIDNIGHT, DAY) == forecaster.ahead(MIDNIGHT, DAY)
