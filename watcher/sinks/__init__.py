"""The sinks backends, one a file."""
