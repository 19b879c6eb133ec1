"""What the watcher reports about itself: logs, metrics, health, and the HTTP port that shows them."""
