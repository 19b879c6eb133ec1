"""One session while it is watched, and all of them."""
