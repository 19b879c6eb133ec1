"""How large a message may be, and the context in it."""

MAX_MESSAGE_BYTES = 256 * 1024
"""The most that a message may have: of SQS's limits the one that every server and every older queue has, kept for
every queue so that a dead letter fits wherever it goes."""

MAX_EVENT_REST_BYTES = 16 * 1024
"""The most that an event has beside its context, with its sink's attributes. Usually that is some 900 bytes. But five
images in S3 can have 2,303 characters of bucket, key and version each (the service model's limits): 14 KB in all."""

MAX_CONTEXT_BYTES = MAX_MESSAGE_BYTES - MAX_EVENT_REST_BYTES
"""The most that a context may have as its event writes it: SQS, SNS and EventBridge take events of 256 KiB."""
