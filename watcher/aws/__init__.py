"""Clients for AWS's services, built in one way for all adapters that talk to AWS.

Nothing is imported here: `watcher get` needs only the time limit (`call_deadline`), and must start fast.
"""
