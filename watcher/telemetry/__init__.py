"""What the watcher says of itself: logs, metrics, health, and the HTTP port that shows them."""
