"""Messages that give one session different contexts: the first wins, and the other is logged."""

import hashlib
import json

import structlog

from watcher.domain.model import SessionKey

log = structlog.get_logger(__name__)

SHOWN_DIGITS = 12
"""Characters of a digest's 64: enough to tell contexts apart in a log."""


def warn_of_conflict(key: SessionKey, kept: bytes, other: bytes) -> None:
    """Log digests of both contexts (JSON) if they differ; contexts are personal data, and don't belong in a log."""
    if kept == other:
        return
    kept_digest, other_digest = _digest(kept), _digest(other)
    if kept_digest != other_digest:
        log.warning(
            "context_conflict",
            session_id=key.session_id,
            policy=key.policy,
            kept=kept_digest,
            dropped=other_digest,
            consequence="two messages give this session different contexts; the decision has the first one's",
        )


def _digest(context: bytes) -> str:
    """The start of the SHA-256 of its canonical JSON, independent of whitespace and the order of members."""
    text = json.dumps(json.loads(context), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:SHOWN_DIGITS]
