"""A session while it is watched, and the table of all of them."""
