"""How long to wait before a request is sent again: what the server asked for, or a random pause."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LONGEST = 10 * 365 * 86_400.0


def retry_after(header: str | None, now: datetime) -> float | None:
    """Read a Retry-After header (RFC 9110 §10.2.3) as seconds; None where it says nothing usable.

    A date in the past is 0. A negative number is nonsense and says nothing.
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        # More digits than any sensible wait has: forever.
        return float(text) if len(text) < 10 else _LONGEST
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
