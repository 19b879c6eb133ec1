"""The queue at SQS."""
