"""The embedded queue: one SQLite file."""
