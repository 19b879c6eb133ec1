"""How long the ledgers keep a decision."""

LIFE = 30 * 86_400
"""Seconds from a decision until its entry may be deleted.

Its message lives at most 14 days on an SQS queue and, dead-lettered and replayed, 14 more as a new one. If the entry
were gone by then, AWS would be polled for a session that it has forgotten, and someone `live` would become
`inconclusive`.
"""
