"""audit(), the gate against silence, and the fleet."""
