"""Builds the watcher from its settings, and applies reloads."""
