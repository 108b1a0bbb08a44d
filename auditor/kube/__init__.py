"""The projection of the Kubernetes API that the checks need: only fields that some check reads."""
