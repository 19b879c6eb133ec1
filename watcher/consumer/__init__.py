"""The first stage: receive messages, parse them, extend their leases, dead-letter those that can't be served."""
