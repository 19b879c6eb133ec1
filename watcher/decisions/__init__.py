"""From the last answer to a decision and its event, without side effects."""
