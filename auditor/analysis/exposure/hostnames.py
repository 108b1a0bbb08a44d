"""Host names with a wildcard, as listeners and routes write them."""

ANY_HOST = None
"""No name: every host."""


class NoCommonHostError(ValueError):
    """Two names have no host in common."""


def common_host(one: str | None, other: str | None) -> str | None:
    """Give the hosts that two names have in common (Gateway API, Hostname; Istio, Server.hosts).

    None, an empty name and `*` are every host; `*.example.com` is every host below example.com, at
    any depth, and not example.com itself.

    Raises:
        NoCommonHostError: there is none.
    """
    first, second = _plain(one), _plain(other)
    if first is None or second is None:
        return first if second is None else second
    if first == second:
        return first
    for wide, narrow in ((first, second), (second, first)):
        below = wide.removeprefix("*")
        # `.example.com` alone is below nothing: a host needs a label of its own before it.
        is_below = narrow.removeprefix("*").endswith(below) and len(narrow) > len(below)
        if wide.startswith("*.") and is_below:
            return narrow
    raise NoCommonHostError(f"{one!r} and {other!r} have no host in common")


def _plain(name: str | None) -> str | None:
    text = (name or "").strip().rstrip(".").lower()
    return None if text in {"", "*"} else text
