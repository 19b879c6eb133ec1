"""`watcher demo`: the local Rekognition endpoint, a queue, the real daemon, and sessions of every ending for it."""
