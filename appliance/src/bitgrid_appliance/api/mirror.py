"""What leaves the house, to whom: the consent and what the agent says of itself.

The agent's status is another program's writing and is treated as such: bounded, parsed,
shown as text. Keys, endpoints with secrets and recipients' keys are not repeated here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final, cast

from bitgrid_appliance.api.shapes import Consent, Document, Mirror, Recipient

MAX_BYTES: Final = 64 * 1024
MAX_TEXT: Final = 300


def read_mirror(data_dir: Path, now_s: float) -> Mirror:
    """The mirror's picture.

    Args:
        data_dir: the appliance's data directory.
        now_s: wall-clock seconds, to which the status file's age is measured.
    """
    document = _document(data_dir / "consent.json")
    consent = None if document is None else _consent(document)
    status_file = data_dir / "mirror" / "status.json"
    status = _document(status_file)
    age_s = None if status is None else _age_s(status_file, now_s)
    return Mirror(on=consent is not None, consent=consent, status=status, status_age_s=age_s)


def _document(path: Path) -> Document | None:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        document = json.loads(content) if len(content) <= MAX_BYTES else None
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _age_s(path: Path, now_s: float) -> float | None:
    try:
        return max(0.0, now_s - path.stat().st_mtime)
    except OSError:
        return None


def _consent(signed: Document) -> Consent | None:
    try:
        inner = cast("Document", signed["consent"])
        recipients = [
            Recipient(name=_text(item["name"]), role=_text(item["role"]))
            for item in cast("list[Document]", inner["recipients"])[:32]
        ]
        return Consent(
            id=_text(inner["id"]),
            purpose=_text(inner["purpose"]),
            streams=[_text(item) for item in cast("list[object]", inner["streams"])[:16]],
            target=_target(cast("Document", inner["target"])),
            recipients=recipients,
            valid_until=_text(inner["valid_until"]),
        )
    except (KeyError, TypeError, AttributeError):
        return None


def _target(target: Document) -> str:
    if target["kind"] == "s3":
        return f"{_text(target['endpoint'])} / {_text(target['bucket'])}"
    return _text(target["path"])


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value[:MAX_TEXT]
