"""Watches AWS Rekognition Face Liveness sessions to their end and emits one decision for each."""

__version__ = "0.1.0"
