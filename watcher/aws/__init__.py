"""Clients for AWS's services, one way for all: what the adapters that talk to AWS stand on.

Nothing is imported here: `watcher get` has use for the time limit alone (`call_deadline`), and must start fast.
"""
