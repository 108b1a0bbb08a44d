"""Discovery, cluster loops and shutdown: the only place that starts tasks."""
