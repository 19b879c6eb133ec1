"""From the last answer to a decision and its event: pure."""
