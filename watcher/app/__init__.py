"""What puts the watcher together: settings in, parts out; and what a reload changes."""
