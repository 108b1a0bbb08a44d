"""Values that every floor speaks: identity, addresses, ports, audience, exposure, verdict."""
