"""The webhook: signed, and careful where it goes."""
