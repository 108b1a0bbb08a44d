"""Where clusters come from; each connector is loaded by its entry point, like an outsider's."""
