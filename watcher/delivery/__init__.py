"""From a decision to the ack: ledger first, then sinks, then queue."""
