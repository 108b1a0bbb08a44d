"""The Google connector against a Google of our own: gRPC from its classes, and HTTP."""
