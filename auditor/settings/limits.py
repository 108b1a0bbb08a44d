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


class ApiLimits(Struct, frozen=True, kw_only=True):
    """What reading one API server may cost it and us before it stops with a named error."""

    page_size: int = 500
    """Objects of one page of a list. Measured: smaller pages cost more requests, larger ones more
    memory and no less time; kubectl asks for the same."""

    lists_in_flight: int = 2
    """Requests at once to one server. A list costs the server some five times its size in memory
    (KEP-3157), and its fair queuing gives lists up to ten seats."""

    max_page_bytes: int = 64 * 1024 * 1024
    """Bytes of one answer, decompressed. 500 objects of etcd's largest size would be 750 MB, but
    500 ordinary pods are under 5 MB; a page of 64 MiB is hostile or needs a smaller page size."""

    max_object_bytes: int = 3 * 1024 * 1024
    """Bytes of one object as JSON. etcd refuses requests over 1.5 MiB; twice that is hostile."""

    max_pages: int = 4_000
    """Pages of one list: two million objects, ten times the largest supported cluster. A server
    that never stops to continue is hostile."""

    connect_seconds: float = 10.0
    """For the TCP connection with its TLS handshake. Round the world both take under one second."""

    silence_seconds: float = 15.0
    """How long a server may send nothing at all. It writes a page in one go once it has it."""

    grace_seconds: float = 10.0
    min_bytes_per_second: int = 10_000
    """An answer may take the grace and then its size divided by this. Slower than a modem is a
    stalled or hostile server, and one that holds our two places with the next clusters waiting."""

    cluster_seconds: float = 300.0
    """For reading a whole cluster. 300,000 objects at a page of 500 a second take as long."""

    attempts: int = 3
    """How often one request is sent where the server fails (5xx, a broken connection) or asks to
    come back later (429)."""

    max_retry_after_seconds: float = 60.0
    """The longest wait that a server may ask for within an audit. Whoever asks for more is left
    alone until the next audit, and never asked early."""

    restarts: int = 2
    """How often a list begins anew because its `continue` token expired (410)."""

    failures_in_a_row: int = 3
    """Requests that get no answer at all, after which the rest of the cluster is not tried."""
