"""The HTTP contract: shapes, bounds, problems, and what the guard refuses."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from bitgrid_appliance.api.app import create_app
from bitgrid_appliance.api.events import EventHub
from bitgrid_appliance.api.journal_history import JournalHistory
from bitgrid_appliance.api.picture import Picture
from bitgrid_appliance.api.texts import CoreWords
from bitgrid_appliance.api.views import Clocks, Views
from support.web import messages, seeded_day, write_journal

DAY = seeded_day(80)
API = "/api/v1"
READS = ("health", "state", "day", "decisions", "mirror")


class Http:
    """Asks an application by its ASGI interface, one request at a time."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request."""

        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            base = "http://127.0.0.1:8080"
            async with httpx.AsyncClient(transport=transport, base_url=base) as client:
                return await client.request(method, path, **options)

        return asyncio.run(once())

    def get(self, path: str, **options: Any) -> httpx.Response:
        """One read."""
        return self.request("GET", path, **options)


def _client(data: Path, picture: Picture) -> Http:
    views = Views(
        site_id="site",
        data_dir=data,
        picture=picture,
        history=JournalHistory(data / "journal.sqlite"),
        words=CoreWords(),
        clocks=Clocks(wall_s=lambda: 1.0, mono_s=lambda: 1.0),
    )
    return Http(create_app(views, EventHub("test")))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Http:
    """An application over a decided day."""
    data = tmp_path_factory.mktemp("data")
    write_journal(data / "journal.sqlite", DAY)
    picture = Picture()
    picture.broker_connected = True
    for topic, message in messages(DAY[-1]):
        kind, _, name = topic.partition("/")
        picture.accept(kind, name, message, 1.0)
    return _client(data, picture)


@pytest.fixture
def empty(tmp_path: Path) -> Http:
    """An application before the first decision, without broker and core."""
    return _client(tmp_path, Picture())


def _schema(client: Http, path: str, status: str = "200") -> dict[str, Any]:
    document = client.get(f"{API}/openapi.json").json()
    answer = document["paths"][f"{API}/{path}"]["get"]["responses"][status]
    schema: dict[str, Any] = next(iter(answer["content"].values()))["schema"]
    return schema | {"components": document["components"]}


def _is_problem(answer: Any, status: int) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == status
    assert document["title"]
    assert "Traceback" not in document["detail"]


def test_the_description_is_valid_openapi(client: Http) -> None:
    """Tools can read it."""
    validate(client.get(f"{API}/openapi.json").json())


@pytest.mark.parametrize("path", READS)
def test_every_read_answers_in_the_described_shape(client: Http, path: str) -> None:
    """What is described is what is answered."""
    answer = client.get(f"{API}/{path}")
    assert answer.status_code == 200
    OAS31Validator(_schema(client, path)).validate(answer.json())


@pytest.mark.parametrize("path", READS)
def test_every_read_answers_before_the_first_decision(empty: Http, path: str) -> None:
    """Without broker, core and journal the API stands, in the same shapes."""
    answer = empty.get(f"{API}/{path}")
    assert answer.status_code == 200
    OAS31Validator(_schema(empty, path)).validate(answer.json())


def test_health_is_honest_when_everything_is_away(empty: Http) -> None:
    """It answers 200 and says what is wrong."""
    health = empty.get(f"{API}/health").json()
    assert (health["status"], health["reason"]) == ("error", "BROKER_AWAY")
    assert not health["decided"]


def test_the_state_holds_the_four_answers(client: Http) -> None:
    """What, why, what would change it, when next."""
    state = client.get(f"{API}/state").json()
    load = state["loads"][0]
    assert load["level"] == "super"
    assert load["short"]["de"]
    assert load["change"]["en"]
    assert state["next_block_at"] == "2024-06-01T13:30:00.000Z"


def test_an_explanation_has_three_depths_and_two_languages(client: Http) -> None:
    """Short is a sentence, detail a line per rule, technical the event."""
    event = DAY[-1].events[0]
    path = f"{API}/decisions/{event.id}/explanation"
    detail = client.get(path, params={"lang": "de"}).json()
    assert [line[:2] for line in detail["text"][:5]] == ["R3", "R2", "R4", "R5", "R1"]
    assert "reicht" in detail["text"][4]
    assert detail["change"]
    short = client.get(path, params={"depth": "short"}).json()
    assert len(short["text"]) == 1
    assert short["event"] is None
    technical = client.get(path, params={"depth": "technical"}).json()
    assert technical["event"]["decision_code"] == event.decision.code
    assert detail["origins"] is short["origins"] is None


def test_each_value_is_told_with_its_source_and_age(client: Http) -> None:
    """Of a recorded decision, and of the state that is shown now."""
    event = DAY[-1].events[0]
    path = f"{API}/decisions/{event.id}/explanation"
    found = client.get(path, params={"depth": "technical"}).json()["origins"]
    assert found.keys() >= {"pv_power_w", "house_load_w", "grid_import_w", "battery_soc_pct"}
    for origin in (found["pv_power_w"], found["battery_soc_pct"]):
        assert origin["source"] == "measured"
        assert origin["quality"] == "ok"
        assert 0 <= origin["age_s"] < 90
    assert found["pv_forecast_kw"]["source"] == "received"
    assert client.get(f"{API}/state").json()["origins"] == found


def test_decisions_are_paged_without_gaps(client: Http) -> None:
    """Following the cursor leads through all of them, newest first."""
    seen: list[int] = []
    cursor = ""
    while True:
        page = client.get(f"{API}/decisions", params={"limit": 30, "cursor": cursor}).json()
        seen += [item["event"]["block_id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = page["next"]
    assert seen == [block.block_id for block in reversed(DAY)]


def test_from_and_to_bound_the_blocks(client: Http) -> None:
    """Blocks that begin in the half-open span."""
    span = {"from": "2024-06-01T01:00:00Z", "to": "2024-06-01T02:00:00Z"}
    items = client.get(f"{API}/decisions", params=span).json()["items"]
    assert len(items) == 6


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "limit=many",
        "cursor=-1",
        "cursor=x",
        "from=yesterday",
        "from=2024-06-01T00:00:00",
        "from=2024-06-02T00:00:00Z&to=2024-06-01T00:00:00Z",
        "to=" + "9" * 41,
    ],
)
def test_input_out_of_bounds_is_a_422_problem(client: Http, query: str) -> None:
    """Nothing unbounded reaches the journal; the answer names the value or the field."""
    _is_problem(client.get(f"{API}/decisions?{query}"), 422)


@pytest.mark.parametrize("query", ["depth=deep", "lang=fr"])
def test_an_unknown_depth_or_language_is_a_422_problem(client: Http, query: str) -> None:
    """Only what is described is taken."""
    path = f"{API}/decisions/{DAY[-1].events[0].id}/explanation"
    _is_problem(client.get(f"{path}?{query}"), 422)


@pytest.mark.parametrize(
    "path", ["decisions/1/load-1/tick/0", "decisions/1/load-1/tick/0/explanation", "nothing"]
)
def test_what_is_not_there_is_a_404_problem(client: Http, path: str) -> None:
    """Unknown ids and paths."""
    answer = client.get(f"{API}/{path}")
    _is_problem(answer, 404)
    schema = _schema(client, "decisions/{event_id}", "404")
    OAS31Validator(schema).validate(answer.json())


def test_problems_are_described_as_problems(client: Http) -> None:
    """The description names the media type that errors have."""
    paths = client.get(f"{API}/openapi.json").json()["paths"]
    for path, methods in paths.items():
        assert set(methods) == {"get"}, path
        for status, answer in methods["get"]["responses"].items():
            if status.startswith(("4", "5")):
                assert "application/problem+json" in answer["content"], (path, status)


def test_a_damaged_journal_is_a_503_problem(tmp_path: Path) -> None:
    """The live picture still answers; the past says why it does not."""
    (tmp_path / "journal.sqlite").write_bytes(b"no database" * 100)
    client = _client(tmp_path, Picture())
    _is_problem(client.get(f"{API}/decisions"), 503)
    assert client.get(f"{API}/state").status_code == 200
    assert client.get(f"{API}/health").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "a b"])
@pytest.mark.parametrize("path", ["/", f"{API}/state", f"{API}/events", "/nothing"])
def test_a_foreign_host_is_refused_before_anything_else(client: Http, host: str, path: str) -> None:
    """A name that a stranger points at this machine gets nothing."""
    _is_problem(client.get(path, headers={"Host": host}), 421)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"])
def test_only_get_is_offered(client: Http, method: str) -> None:
    """There is no writing here, nor a preflight that would allow it."""
    answer = client.request(method, f"{API}/state")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/ui/app.css", f"{API}/state", "/nothing"])
def test_every_answer_carries_the_security_headers(client: Http, path: str) -> None:
    """Also errors; nothing inline, nobody may frame, nothing is shared with other origins."""
    headers = client.get(path, headers={"Origin": "http://evil.example"}).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "access-control-allow-origin" not in headers


def test_an_address_that_is_too_long_is_a_414_problem(client: Http) -> None:
    """Nothing absurd is looked at."""
    _is_problem(client.get(f"{API}/decisions?cursor={'1' * 3000}"), 414)


def test_the_page_is_revalidated_not_downloaded_again(client: Http) -> None:
    """The same file is a 304."""
    first = client.get("/")
    assert first.headers["content-type"].startswith("text/html")
    again = client.get("/", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("name", ["..%2Fapi%2Fapp.py", "%2e%2e/api/app.py", "app.py", ""])
def test_no_other_file_of_the_disk_is_served(client: Http, name: str) -> None:
    """Only the page's own files exist."""
    _is_problem(client.get(f"/ui/{name}"), 404)
