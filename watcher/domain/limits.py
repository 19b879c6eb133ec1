"""How large a message may be, and the context in it."""

MAX_MESSAGE_BYTES = 256 * 1024
"""Limit for a message: the SQS limit that every server and every older queue has. It applies to every queue, so that
a dead letter fits wherever it goes."""

MAX_EVENT_REST_BYTES = 16 * 1024
"""Limit for an event without its context, with its sink's attributes. Usually it takes some 900 bytes. But five
images in S3 can have 2,303 characters of bucket, key and version each (the service model's limits): 14 KB in all."""

MAX_CONTEXT_BYTES = MAX_MESSAGE_BYTES - MAX_EVENT_REST_BYTES
"""Limit for a context as written in its event: SQS, SNS and EventBridge accept events of 256 KiB."""

MAX_FEEDBACK_TEXT_BYTES = 64 * 1024
"""Room for the messages of ten feedback items in an event: 1,024 characters each, of which each may take six bytes in
JSON. A context that leaves less room gets the codes alone."""
