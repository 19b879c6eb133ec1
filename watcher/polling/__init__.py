"""When each session is polled, and one call for it."""
