"""Limits on what is read, each with its unit, default and the reason for that default."""

from msgspec import Struct


class ReadLimits(Struct, frozen=True, kw_only=True):
    """How much one source may hold before reading it stops with a named error."""

    max_json_bytes: int = 1024 * 1024 * 1024
    """Bytes of one JSON file, decompressed. The largest supported cluster (150,000 pods of about
    5 KB) lists as some 750 MB; more than 1 GiB is not a cluster."""

    max_yaml_bytes: int = 64 * 1024 * 1024
    """Bytes of one YAML file. YAML costs some twenty times the CPU of JSON, so a larger one is
    better saved as JSON."""

    max_object_bytes: int = 3 * 1024 * 1024
    """Bytes of one object as JSON. etcd refuses requests over 1.5 MiB; twice that is hostile."""

    max_files: int = 20_000
    """Files of one folder. A folder with more is most likely the wrong folder."""
