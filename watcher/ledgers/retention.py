"""How long the ledgers keep a decision."""

LIFE = 30 * 86_400
"""Seconds from a decision until its entry may be deleted.

Its message lives 14 days at most on a queue of SQS and, dead-lettered and replayed, 14 more as a new one. Were the
entry gone by then, AWS would be asked anew about a session it has forgotten, and somebody `live` would come out
`inconclusive`.
"""
