"""The projection of the Kubernetes API."""
