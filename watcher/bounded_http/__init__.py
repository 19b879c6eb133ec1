"""HTTP/1.1 calls over our own connections, each call with one deadline. Knows nothing of AWS.

botocore and urllib3 limit one socket operation: a server that sends a byte now and then restarts the read time-out
with each, and every address of a name gets the connect time-out anew. Here a call has one deadline, and each socket
operation gets what is left of it. Resolving a name is the exception: nothing can interrupt getaddrinfo. Its time
counts, but its own limit is the resolver's (resolv.conf).

Standard library only, and of it only what is public.
"""
