"""From a decision to the ack: the ledger first, then the sinks, then the queue."""
