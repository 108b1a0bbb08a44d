"""Settings of system components that stand in ConfigMaps: the few that rules name."""

from msgspec import Struct


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of a ConfigMap."""

    config_map: str
    """`NAMESPACE/NAME`."""
    key: str
