"""The way in: receive messages, parse them, keep their leases, dead-letter what can't be served."""
