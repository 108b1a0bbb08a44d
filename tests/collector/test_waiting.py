"""How long a server asks to be left alone."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auditor.collector.api.waiting import retry_after

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FOREVER = 10 * 365 * 86_400.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("  7\t", 7.0),
        ("007", 7.0),
        ("999999999", 999_999_999.0),
        ("1000000000", FOREVER),
        ("9" * 5_000, FOREVER),
    ],
)
def test_seconds(header: str, seconds: float) -> None:
    assert retry_after(header, NOW) == seconds


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Sun, 22 Nov 2026 12:01:30 GMT", 90.0),
        ("Sunday, 22-Nov-26 12:01:30 GMT", 90.0),
        ("Sun Nov 22 12:01:30 2026", 90.0),
        ("Sun, 22 Nov 2026 13:01:30 +0100", 90.0),
        ("Sun, 22 Nov 2026 12:01:30 -0000", 90.0),
        ("Sun, 22 Nov 2026 12:01:30", 90.0),
        ("Sun, 22 Nov 2026 12:00:00 GMT", 0.0),
        ("Sun, 22 Nov 2026 11:59:59 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Mon, 01 Jan 0001 00:00:00 GMT", 0.0),
    ],
)
def test_dates(header: str, seconds: float) -> None:
    assert retry_after(header, NOW) == seconds


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "  ",
        "-1",
        "-0",
        "+5",
        "1.5",
        "1e3",
        "1_000",
        "0x10",
        "inf",
        "nan",
        "\u0663",
        "\uff11\uff12",
        "\u00b2",
        "soon",
        "5 seconds",
        "Sun, 32 Nov 2026 12:00:00 GMT",
        "Sun, 22 Nov 2026 25:00:00 GMT",
        "Sun, 22 Nov 99999 12:00:00 GMT",
        "Sun, 22 Nov 2026 12:00:00 +9999999999",
        "Sun,",
        ",",
    ],
)
def test_nonsense_says_nothing(header: str | None) -> None:
    assert retry_after(header, NOW) is None


MOMENTS = st.datetimes(
    datetime(1900, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
DATE_LIKE = st.builds(
    "{}, {} {} {} {}:{}:{} {}".format,
    st.sampled_from(["Sun", "Sunday", "", "x"]),
    st.integers(-1, 40),
    st.sampled_from(["Nov", "nov", "13", "x", ""]),
    st.integers(-1, 100_000),
    *[st.integers(-1, 99)] * 3,
    st.one_of(st.sampled_from(["GMT", "EST", "Z", ""]), st.integers().map("{:+05d}".format)),
)


@given(st.one_of(st.text(), st.integers().map(str), DATE_LIKE), MOMENTS)
@example("Mon, 01 Jan 0001 00:00:00 +2359", NOW)
@example("Fri, 31 Dec 9999 23:59:59 -2359", NOW)
def test_no_header_breaks_it(header: str, now: datetime) -> None:
    seconds = retry_after(header, now)
    assert seconds is None or 0 <= seconds < float("inf")


@given(MOMENTS, st.integers(-(10**8), 10**8), st.integers(-23 * 60, 23 * 60))
def test_a_date_of_any_zone_is_the_time_until_then(
    now: datetime, seconds: int, offset: int
) -> None:
    now = now.replace(microsecond=0)
    moment = (now + timedelta(seconds=seconds)).astimezone(timezone(timedelta(minutes=offset)))
    assert retry_after(format_datetime(moment), now) == max(0, seconds)
