"""Consent: signed by core, whole or not there, and refused when anything was touched."""

from dataclasses import replace
from pathlib import Path

import pytest

from bitgrid_appliance.consent import (
    Consent,
    Recipient,
    granted,
    read_consent,
    sign_consent,
    write_consent,
)
from bitgrid_appliance.keys import CoreKey, core_key
from bitgrid_core.codec import encode
from bitgrid_core.errors import BadInput, Refused

OWNER = Recipient(name="recovery", recipient="age1owner", role="owner")
OTHER = Recipient(name="Ada", recipient="age1other", role="researcher")
CONSENT = Consent(
    id="consent-1",
    purpose="a study",
    target={"kind": "directory", "path": "/mnt/disk"},
    recipients=(OWNER, OTHER),
    profile="research",
    valid_from_ms=1_717_200_000_000,
    valid_until_ms=1_717_300_000_000,
    granted_at_ms=1_717_200_000_000,
)


@pytest.fixture
def key(tmp_path: Path) -> CoreKey:
    """A fresh key."""
    return core_key(tmp_path / "core.key", tmp_path / "core.pub")


def test_written_consent_is_read_back_equal(tmp_path: Path, key: CoreKey) -> None:
    """What was granted is what is in force."""
    write_consent(tmp_path / "consent.json", sign_consent(CONSENT, key))
    assert read_consent(tmp_path / "consent.json", key.public) == CONSENT


def test_no_file_is_no_consent(tmp_path: Path, key: CoreKey) -> None:
    """Off is the default."""
    assert read_consent(tmp_path / "consent.json", key.public) is None


def test_consent_of_another_core_is_refused(tmp_path: Path, key: CoreKey) -> None:
    """Only this core's key counts."""
    other = core_key(tmp_path / "other.key", tmp_path / "other.pub")
    write_consent(tmp_path / "consent.json", sign_consent(CONSENT, other))
    with pytest.raises(Refused, match="not signed"):
        read_consent(tmp_path / "consent.json", key.public)


def test_changed_target_is_refused(tmp_path: Path, key: CoreKey) -> None:
    """A signature covers every field."""
    data = sign_consent(CONSENT, key).replace(b"/mnt/disk", b"/mnt/evil")
    write_consent(tmp_path / "consent.json", data)
    with pytest.raises(Refused):
        read_consent(tmp_path / "consent.json", key.public)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b'{"consent":{}}', b"x" * 70_000])
def test_broken_file_is_bad_input_with_a_remedy(tmp_path: Path, key: CoreKey, data: bytes) -> None:
    """Half a file, another document, or a huge one: one sentence and what to do."""
    write_consent(tmp_path / "consent.json", data)
    with pytest.raises(BadInput, match="is not a consent") as caught:
        read_consent(tmp_path / "consent.json", key.public)
    assert "grant" in caught.value.hint


@pytest.mark.parametrize(
    "recipients", [(OWNER,), (OWNER, OWNER), (OTHER, replace(OTHER, recipient="age1x"))]
)
def test_consent_needs_the_owner_and_somebody_else(
    key: CoreKey, recipients: tuple[Recipient, ...]
) -> None:
    """An archive that the owner cannot open is never begun."""
    with pytest.raises(BadInput):
        sign_consent(replace(CONSENT, recipients=recipients), key)


def test_record_keeps_names_and_places_in_its_private_part(key: CoreKey) -> None:
    """The body holds fingerprints and times only."""
    draft = granted(CONSENT, sign_consent(CONSENT, key))
    body = encode(draft.body)
    for text in (b"Ada", b"/mnt/disk", b"a study", b"age1other"):
        assert text not in body
    assert draft.private["purpose"] == "a study"


def test_key_is_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    """A second start finds the same key, in a file of mode 0600."""
    private, public = tmp_path / "keys" / "core.key", tmp_path / "keys" / "core.pub"
    first = core_key(private, public)
    assert core_key(private, public).public == first.public
    assert private.stat().st_mode & 0o777 == 0o600
    assert public.read_text().strip() == first.public


def test_broken_key_is_never_replaced_silently(tmp_path: Path) -> None:
    """A damaged key file is an error and stays as it is."""
    path = tmp_path / "core.key"
    path.write_text("half")
    with pytest.raises(BadInput, match="holds no key"):
        core_key(path, tmp_path / "core.pub")
    assert path.read_text() == "half"
