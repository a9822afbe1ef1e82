"""What is shown of consent and mirror."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from bitgrid_appliance.api.mirror import MAX_BYTES, read_mirror

CONSENT: dict[str, Any] = {
    "v": 1,
    "id": "consent-1",
    "streams": ["logs"],
    "purpose": "research",
    "target": {"kind": "s3", "endpoint": "https://s3.example", "bucket": "b", "prefix": "p"},
    "recipients": [{"name": "Owner", "recipient": "age1secretless", "role": "owner"}],
    "valid_until": "2027-01-01T00:00:00.000Z",
}


def _write(data: Path, consent: object = CONSENT, status: object = None) -> Path:
    (data / "consent.json").write_text(json.dumps({"consent": consent, "signature": ""}))
    (data / "mirror").mkdir()
    if status is not None:
        (data / "mirror" / "status.json").write_text(json.dumps(status))
    return data


def test_without_a_consent_the_mirror_is_off(tmp_path: Path) -> None:
    """Nothing leaves unless somebody said yes."""
    mirror = read_mirror(tmp_path, 0)
    assert (mirror.on, mirror.consent, mirror.status) == (False, None, None)


def test_a_consent_is_shown_with_target_and_names_but_without_keys(tmp_path: Path) -> None:
    """The household sees to whom and where."""
    mirror = read_mirror(_write(tmp_path), 0)
    assert mirror.on
    assert mirror.consent is not None
    assert mirror.consent.target == "https://s3.example / b"
    assert mirror.consent.recipients[0].name == "Owner"
    assert "age1" not in mirror.model_dump_json()


def test_the_status_is_shown_with_its_age(tmp_path: Path) -> None:
    """What the agent said, and how long ago."""
    data = _write(tmp_path, status={"objects": 3})
    os.utime(data / "mirror" / "status.json", (100, 100))
    mirror = read_mirror(data, 160)
    assert mirror.status == {"objects": 3}
    assert mirror.status_age_s == 60


@pytest.mark.parametrize(
    "consent",
    [None, 5, {}, CONSENT | {"target": {"kind": "s3"}}, CONSENT | {"recipients": "all"}],
)
def test_a_broken_consent_is_none(tmp_path: Path, consent: object) -> None:
    """What cannot be read is not shown as a yes."""
    assert not read_mirror(_write(tmp_path, consent=consent), 0).on


def test_a_status_that_is_no_small_object_is_not_repeated(tmp_path: Path) -> None:
    """The agent's writing is untrusted."""
    data = _write(tmp_path, status={"x": "y" * MAX_BYTES})
    assert read_mirror(data, 0).status is None
    (data / "mirror" / "status.json").write_text("[1")
    assert read_mirror(data, 0).status is None
