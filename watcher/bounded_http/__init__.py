"""HTTP/1.1 calls over our own connections, each call with one deadline. Knows nothing of AWS.

botocore and urllib3 limit one socket operation: a server that occasionally sends a byte restarts the read time-out
with each, and every address of a name gets the whole connect time-out. Here a call has one deadline, and each socket
operation gets the time that is left. Resolving a name is the exception, because nothing can interrupt getaddrinfo:
its time counts, but its own limit is the resolver's (resolv.conf).

Uses only the public parts of the standard library.
"""
