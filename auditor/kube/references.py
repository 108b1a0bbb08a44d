"""Hosts that settings name: which Services a container is told to call.

Only a host and its port are taken, and only from what can hardly be anything else: a URL, a name
below `.svc`, `host:port`, or a bare word whose variable says that it is an address. User names,
passwords, paths and queries of a URL are left behind, and so is every other value. A variable whose
name speaks of a credential is not looked at, unless the name ends as an address's does.
"""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from msgspec import Struct

_LONGEST = 2_000
"""Characters of a value; longer ones are documents, not addresses."""

_HOST = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*"
)
"""A name of DNS (RFC 1123, section 2.1), in small letters as Kubernetes demands of Services."""
_NUMBERS = re.compile(r"[0-9.]+")
_SEPARATORS = re.compile(r"[\s,;|]+")
_ADDRESS = re.compile(
    r"(ADDR|ADDRS|ADDRESS|ADDRESSES|HOST|HOSTS|HOSTNAME|URL|URLS|URI|URIS|ENDPOINT|ENDPOINTS"
    r"|SERVER|SERVERS|BROKER|BROKERS|UPSTREAM|BACKEND|SERVICE|DSN)\Z",
    re.IGNORECASE,
)
"""How the name of a variable or flag ends whose value is an address."""
_CREDENTIAL = re.compile(
    r"PASS|PWD|SECRET|TOKEN|KEY|CRED|AUTH|SALT|PRIVATE|SESSION|COOKIE|LOGIN|USER|SIGN|CERT",
    re.IGNORECASE,
)


class HostReference(Struct, frozen=True, order=True):
    """A host that a setting names, and the port if it names one."""

    host: str
    port: int | None = None

    def __str__(self) -> str:
        """Write it as settings do."""
        return self.host if self.port is None else f"{self.host}:{self.port}"


def references_in(settings: Iterable[tuple[str, object]]) -> tuple[HostReference, ...]:
    """Give the hosts that settings name, by the name and value of each; in order."""
    found = {
        reference
        for name, value in settings
        if isinstance(value, str) and len(value) <= _LONGEST
        for reference in _in_value(name, value)
    }
    return tuple(sorted(found, key=lambda item: (item.host, item.port or 0)))


def _in_value(name: str, value: str) -> Iterator[HostReference]:
    is_address = _ADDRESS.search(name) is not None
    if not is_address and _CREDENTIAL.search(name):
        return
    for word in filter(None, _SEPARATORS.split(value)):
        reference = _in_word(word, is_address=is_address)
        if reference is not None:
            yield reference


def _in_word(word: str, *, is_address: bool) -> HostReference | None:
    is_url = "://" in word
    try:
        parts = urlsplit(word if is_url else f"//{word}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if not _HOST.fullmatch(host) or _NUMBERS.fullmatch(host):
        return None
    if not is_url and (parts.username is not None or word != str(HostReference(host, port))):
        # More than a host and a port: a path, a query, an image, a user.
        return None
    is_named = port is not None or ".svc" in host or is_address
    return HostReference(host, port or None) if is_url or is_named else None
