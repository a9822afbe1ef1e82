"""``bitgrid policy check``: every fault in one go, warnings of what is hardly meant."""

import json
from pathlib import Path

import pytest

from bitgrid_core.policy import default_policy, policy_digest
from support.core_command import Said, core

LOADS: list[object] = [{"id": "load-1"}]


def check(folder: Path, document: object, *words: object) -> Said:
    """Check a policy file."""
    path = folder / "policy.json"
    path.write_text(json.dumps(document))
    return core("policy", "check", path, *words)


def test_valid_policy_is_told_with_its_digest(tmp_path: Path) -> None:
    """Loads and digest on one line, no warning: exit 0."""
    said = check(tmp_path, {"loads": LOADS})
    assert said.code == 0
    assert said.out == f"Valid, 1 loads, digest {policy_digest(default_policy())}.\n"


def test_json_is_the_policy_in_full(tmp_path: Path) -> None:
    """Digest, warnings and every threshold written out, in integers."""
    said = check(tmp_path, {"loads": LOADS, "soc_hard_min_pct": "42.5"}, "--json")
    assert said.code == 0
    assert said.document["warnings"] == []
    assert said.document["policy"]["thresholds"]["soc_hard_min_permille"] == 425
    assert len(said.document["digest"]) == 64


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ((), 0),
        (("--peak-kw", "5"), 0),
        (("--peak-kw", "4.9"), 1),
        (("--price-ct-kwh", "25"), 0),
        (("--price-ct-kwh", "25.1"), 1),
        (("--peak-kw", "4", "--price-ct-kwh", "28"), 2),
    ],
)
def test_what_is_hardly_meant_is_a_warning(
    tmp_path: Path, words: tuple[str, ...], count: int
) -> None:
    """A forecast threshold above 0.4 × the peak, a constant price above the limit: still exit 0."""
    said = check(tmp_path, {"loads": LOADS}, *words)
    assert said.code == 0
    assert said.out.count("Warning: load-1: ") == count
    document = check(tmp_path, {"loads": LOADS}, *words, "--json").document
    assert len(document["warnings"]) == count


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    """Unknown keys, text in numbers, bounds, contradictions: all of them, exit 2."""
    faulty = {
        "soc_hard_minimum": 50,
        "surplus_min_kw": "much",
        "max_temp_c": 96,
        "soc_hard_min_pct": 80,
        "has_battery": "yes",
        "loads": [{"id": "Load 1"}, {"id": "load-2", "levels_w": [900, 800], "colour": "red"}],
    }
    said = check(tmp_path, faulty)
    assert said.code == 2
    for part in (
        "soc_hard_minimum",
        "'much'",
        "max_temp_c",
        "has_battery",
        "'Load 1'",
        "levels must rise",
        "colour",
    ):
        assert part in said.err
    assert said.err.endswith("Nothing was applied.")
    assert said.err.count("\n") == 0


@pytest.mark.parametrize("words", [("--peak-kw", "big"), ("--price-ct-kwh", "1e99")])
def test_text_for_a_number_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    """A peak or price that is no number: exit 2 with the value."""
    said = check(tmp_path, {"loads": LOADS}, *words)
    assert said.code == 2
    assert words[1] in said.err


@pytest.mark.parametrize("document", [[], 7, None, "policy", {"loads": "load-1"}, {"loads": [7]}])
def test_what_is_no_policy_is_refused(tmp_path: Path, document: object) -> None:
    """A document of another shape: exit 2, one sentence."""
    said = check(tmp_path, document)
    assert (said.code, said.out) == (2, "")
    assert said.err


def test_missing_file_is_named(tmp_path: Path) -> None:
    """No such file: exit 2 with its name."""
    said = core("policy", "check", tmp_path / "nowhere.yaml")
    assert said.code == 2
    assert "nowhere.yaml" in said.err


@pytest.mark.parametrize(
    "verb",
    [
        ("decide",),
        ("replay",),
        ("explain",),
        ("journal",),
        ("journal", "verify"),
        ("policy",),
        ("policy", "check"),
    ],
)
def test_every_verb_has_help_with_an_example(verb: tuple[str, ...]) -> None:
    """``--help`` prints usage, and for what can be run an example; exit 0."""
    said = core(*verb, "--help")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"usage: bitgrid {' '.join(verb)}")
    if verb not in {("journal",), ("policy",)}:
        assert "example" in said.out


@pytest.mark.parametrize(
    "words", [(), ("unknown",), ("journal",), ("replay",), ("policy", "check")]
)
def test_missing_words_are_wrong_use(words: tuple[str, ...]) -> None:
    """A verb or argument that is not there: exit 2."""
    assert core(*words).code == 2
