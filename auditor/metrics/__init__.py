"""Shows the current view as Prometheus metrics: computed at each scrape, bounded a cluster."""
