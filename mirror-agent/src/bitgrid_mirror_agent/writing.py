"""Appends to the log what has to be said: consents, data, gaps, heartbeats, and the end.

Each leaf is in one transaction with what it speaks about: a cursor, a queued object, a mark.

Invariant: a range of records is sealed once, and the cursor never moves without a leaf.
"""

from __future__ import annotations

from collections.abc import Callable

from bitgrid_core.archive.leaf import Cause, Kind, Leaf, head_commitment
from bitgrid_core.errors import CheckFailed
from bitgrid_mirror_agent import instants
from bitgrid_mirror_agent.consent import Consent
from bitgrid_mirror_agent.outbox_reader import OutboxReader
from bitgrid_mirror_agent.sealing import Sealer
from bitgrid_mirror_agent.segments import Gap, Segment, cut
from bitgrid_mirror_agent.state import State

EPOCH = 0
"""Key epoch of the recipients: a consent names one key per recipient, so there is one epoch."""
_MS_PER_S = 1000


def record_consent(state: State, consent: Consent, now_ms: int) -> None:
    """Leaves for a consent that is new or changed, and for its recipients if they are."""
    at = instants.write(now_ms)
    recipients = tuple(sorted({one.fingerprint for one in consent.recipients}))
    ledger, log = state.ledger, state.log
    if ledger.get("consent_digest") == consent.digest and not ledger.get("ended"):
        return
    with ledger.transaction("consent"):
        log.append(_consent_leaf(consent, at))
        if ledger.get("recipients") != "".join(recipients):
            log.append(
                Leaf(
                    seq=0,
                    kind=Kind.RECIPIENTS,
                    consent=consent.id,
                    at=at,
                    epoch=EPOCH,
                    recipients=recipients,
                )
            )
        ledger.set("consent", consent.id)
        ledger.set("consent_digest", consent.digest)
        ledger.set("recipients", "".join(recipients))
        ledger.set("ended", "")
        _mark_time(state, now_ms)


def record_data(
    state: State, sealer: Sealer, source: tuple[OutboxReader, Consent], stop: Callable[[], bool]
) -> None:
    """Seal what a consent covers and name what is missing, stream by stream."""
    outbox, consent = source
    for stream in consent.streams:
        for item in cut(outbox, stream, state.ledger.cursor(stream), consent):
            if isinstance(item, Gap):
                _record_gap(state, item, consent)
            else:
                _record_segment(state, sealer, item, consent)
            if stop():
                return


def record_heartbeat(state: State, consent: Consent, now_ms: int) -> None:
    """A heartbeat when the last leaf with a time is older than the consent's period."""
    last_ms = int(state.ledger.get("last_at_ms", "0"))
    if now_ms - last_ms < consent.heartbeat_s * _MS_PER_S:
        return
    with state.ledger.transaction("heartbeat"):
        state.log.append(
            Leaf(seq=0, kind=Kind.HEARTBEAT, consent=consent.id, at=instants.write(now_ms))
        )
        _mark_time(state, now_ms)


def record_end(state: State, kind: Kind, now_ms: int) -> None:
    """The last leaves of a withdrawn or expired consent; what waits in the spool never leaves."""
    ledger, log = state.ledger, state.log
    if ledger.get("ended") or not ledger.get("consent"):
        return
    with ledger.transaction("end"):
        waiting = state.queue.pending_objects()
        for put in waiting:
            assert put.leaf is not None
            one = log.leaf(put.shard, put.leaf)
            log.append(_lost(one, ledger.cursor(str(one.stream))))
        state.queue.abandon([put.id for put in waiting])
        at = instants.write(max(now_ms, int(ledger.get("last_at_ms", "0"))))
        log.append(Leaf(seq=0, kind=kind, consent=ledger.get("consent"), at=at))
        ledger.set("ended", kind.value)
    state.queue.tidy_spool()


def _consent_leaf(consent: Consent, at: str) -> Leaf:
    return Leaf(
        seq=0,
        kind=Kind.CONSENT,
        consent=consent.id,
        at=at,
        digest=consent.digest,
        heartbeat_s=consent.heartbeat_s,
        valid_until=instants.write(consent.valid_until_ms),
        profile=consent.profile.value,
        streams=consent.streams,
    )


def _record_gap(state: State, gap: Gap, consent: Consent) -> None:
    with state.ledger.transaction("gap"):
        state.log.append(
            Leaf(
                seq=0,
                kind=Kind.GAP,
                stream=gap.stream,
                first=gap.first,
                last=gap.last,
                count=gap.last - gap.first + 1,
                prev_end=state.ledger.cursor(gap.stream),
                cause=gap.cause,
                consent=consent.id,
            )
        )
        state.ledger.advance(gap.stream, gap.last, "")


def _record_segment(state: State, sealer: Sealer, segment: Segment, consent: Consent) -> None:
    head = state.ledger.head(segment.stream)
    if head and head != segment.parts[0].head_before:
        raise CheckFailed(
            f"Record {segment.first} does not continue what was sealed before.",
            "The journal was restored or replaced: run bitgrid journal verify.",
        )
    sealed = sealer.seal(segment, consent)
    manifest = sealed.manifest
    with state.ledger.transaction("sealed"):
        seq = state.log.append(
            Leaf(
                seq=0,
                kind=Kind(segment.stream),
                obj=sealed.sha256,
                size=sealed.size,
                stream=segment.stream,
                first=segment.first,
                last=segment.last,
                journal_head=head_commitment(manifest.salt, manifest.head_after),
                consent=consent.id,
                epoch=EPOCH,
                prev_end=state.ledger.cursor(segment.stream),
            )
        )
        state.queue.add_object(state.log.shard, sealed.path, seq)
        state.ledger.advance(segment.stream, segment.last, manifest.head_after)
        state.ledger.count("sealed_objects", 1)


def _lost(one: Leaf, prev_end: int) -> Leaf:
    assert one.first is not None
    assert one.last is not None
    return Leaf(
        seq=0,
        kind=Kind.GAP,
        stream=one.stream,
        first=one.first,
        last=one.last,
        count=one.last - one.first + 1,
        prev_end=prev_end,
        cause=Cause.WITHDRAWN,
        consent=one.consent,
        obj=one.obj,
    )


def _mark_time(state: State, now_ms: int) -> None:
    state.ledger.set("last_at_ms", str(now_ms))
