"""Sinks at AWS: SQS, SNS, EventBridge."""
