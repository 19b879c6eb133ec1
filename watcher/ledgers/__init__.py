"""The ledgers backends, one a file."""
