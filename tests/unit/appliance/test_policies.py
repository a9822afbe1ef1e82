"""Policies as files: what ships is valid, numbers stay exact, faults are named."""

from pathlib import Path

import pytest

from bitgrid_appliance.policies import demo_policy, load_document, read_policy
from bitgrid_core.errors import BadInput


def test_demo_policy_is_the_design_with_a_lower_forecast_threshold() -> None:
    """One miner with default levels; the veto at 1.3 kW."""
    policy = demo_policy()
    (load,) = policy.loads
    assert load.powers_w == {"off": 0, "eco": 800, "standard": 1300, "super": 1674}
    assert load.thresholds.min_predicted_pv_w == 1300
    assert read_policy(None) == policy


def test_fraction_in_yaml_is_exact(tmp_path: Path) -> None:
    """0.3 is three tenths, not the nearest binary fraction."""
    path = tmp_path / "policy.yaml"
    path.write_text("surplus_throttle_min_kw: 0.3\nloads: []\n")
    assert load_document(path)["surplus_throttle_min_kw"] == "0.3"
    assert read_policy(path).thresholds.surplus_throttle_min_w == 300


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("surplus_min_kv: 1\n", "surplus_min_kv"),
        ("a: [\n", "not YAML"),
        ("- 1\n", "no keys"),
        ("a: !!python/object/apply:os.system ['true']\n", "not YAML"),
        ("\x00", "not YAML"),
        ("#" * 300_000, "longer"),
    ],
)
def test_file_that_is_no_policy_is_refused(tmp_path: Path, text: str, what: str) -> None:
    """Unknown keys, broken or hostile YAML: one error that says what."""
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=what):
        read_policy(path)


def test_missing_file_is_named(tmp_path: Path) -> None:
    """No file, no policy."""
    with pytest.raises(BadInput, match="cannot be read"):
        load_document(tmp_path / "none.yaml")
