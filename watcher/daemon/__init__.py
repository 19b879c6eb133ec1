"""The process: start, run, drain, signals, systemd. No imports: signals are handled before all others."""
