"""The queues backends, one a file."""
