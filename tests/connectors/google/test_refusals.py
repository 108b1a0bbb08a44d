"""What Google refuses: what is said of it, what is tried again, and for how long."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor.model.cluster import SourceError
from connectors.google import calling, discovery
from connectors.google.calling import ATTEMPTS, Places
from tests.connectors.google.clusters import cluster
from tests.connectors.google.conftest import List
from tests.connectors.google.fake import PLANTED, Refusing, Running

RULES = "/compute/v1/projects/shop-prod/aggregated/forwardingRules"
LISTING = "projects/shop-prod/locations/-"
OK = Refusing("OK")


def refusal(listed: List, **options: Any) -> str:
    with pytest.raises(SourceError) as caught:
        listed(projects=("shop-prod",), **options)
    message = str(caught.value)
    assert "\n" not in message
    assert "second line" not in message
    assert len(message) < 700
    return message


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Keep the waits between attempts, and spend no time on them."""
    kept: list[float] = []
    at_once = asyncio.sleep

    async def sleep(seconds: float) -> None:
        kept.append(seconds)
        await at_once(0)

    monkeypatch.setattr(calling.asyncio, "sleep", sleep)  # type: ignore[attr-defined]
    return kept


CONSUMER = {"service": "container.googleapis.com", "consumer": "projects/4711"}

REFUSED: dict[str, tuple[Refusing, list[str]]] = {
    "denied, or unknown": (
        Refusing("PERMISSION_DENIED", "Required \"container.clusters.list\" permission(s)"),
        ["container.clusters.list on projects/shop-prod is denied", "no such project", "Required"],
    ),
    "an unknown project": (
        Refusing("NOT_FOUND", "Project \"shop-prod\" not found."),
        ["container.clusters.list on projects/shop-prod: there is no such project"],
    ),
    "an API that is not enabled": (
        Refusing("PERMISSION_DENIED", reason="SERVICE_DISABLED", metadata=CONSUMER),
        ["gcloud services enable container.googleapis.com --project=4711", "is not enabled"],
    ),
    "a perimeter": (
        Refusing("PERMISSION_DENIED", "Request is prohibited by organization's policy. id: x"),
        ["VPC Service Controls", "projects/shop-prod"],
    ),
    "a perimeter, by its reason": (
        Refusing("PERMISSION_DENIED", reason="SECURITY_POLICY_VIOLATED"),
        ["VPC Service Controls"],
    ),
    "a quota project": (
        Refusing("PERMISSION_DENIED", reason="USER_PROJECT_DENIED"),
        ["serviceusage.services.use"],
    ),
    "credentials that are not taken": (
        Refusing("UNAUTHENTICATED", "Request had invalid authentication credentials."),
        ["does not take the credentials", "gcloud auth application-default login"],
    ),
    "billing": (
        Refusing("FAILED_PRECONDITION", "billing is off"),
        ["container.clusters.list on projects/shop-prod: FAILED_PRECONDITION: billing is off"],
    ),
    "a message that holds a token": (
        Refusing("PERMISSION_DENIED", f"the token {PLANTED} may not"),
        ["is denied", "the token ya29.… may not"],
    ),
    "a message without an end": (Refusing("PERMISSION_DENIED", "so " * 500), ["so so"]),
}  # fmt: skip


@pytest.mark.parametrize(("refusing", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_said(
    fake: Running, listed: List, waits: list[float], refusing: Refusing, said: list[str]
) -> None:
    fake.google.refuse("shop-prod", refusing)
    message = refusal(listed)
    assert message.startswith("no project can be read: ")
    for text in said:
        assert text in message
    assert PLANTED.partition(".")[2] not in message
    assert waits == []


def test_an_api_that_is_not_enabled_costs_its_project(fake: Running, listed: List) -> None:
    fake.google.clusters["shop-prod"] = [cluster()]
    refusing = Refusing("PERMISSION_DENIED", reason="SERVICE_DISABLED", metadata=CONSUMER)
    fake.google.refuse("other-1", refusing)
    answer = listed(projects=("shop-prod", "other-1"))
    assert len(answer.clusters) == 1
    (gap,) = answer.gaps
    assert gap.place == "project other-1"
    assert gap.hides_clusters


def test_all_projects_that_cannot_be_read_are_counted(fake: Running, listed: List) -> None:
    with pytest.raises(SourceError, match=r"none of 3 projects can be read: .* is denied"):
        listed(projects=("shop-a1", "shop-b1", "shop-c1"))


# Trying again


@pytest.mark.parametrize("code", ["RESOURCE_EXHAUSTED", "UNAVAILABLE", "INTERNAL"])
def test_what_passes_is_tried_again(
    fake: Running, listed: List, waits: list[float], code: str
) -> None:
    fake.google.refuse("shop-prod", Refusing(code), Refusing(code), OK)
    fake.google.clusters["shop-prod"] = [cluster()]
    answer = listed(projects=("shop-prod",))
    assert (len(answer.clusters), answer.gaps) == (1, [])
    assert fake.google.asked.count(LISTING) == 3
    assert len(waits) == 2


def test_what_google_says_of_waiting_is_kept(
    fake: Running, listed: List, waits: list[float]
) -> None:
    fake.google.refuse("shop-prod", Refusing("RESOURCE_EXHAUSTED", wait=12.5), OK)
    fake.google.clusters["shop-prod"] = [cluster()]
    assert listed(projects=("shop-prod",)).gaps == []
    assert waits == [12.5]


def test_nobody_waits_for_an_hour(fake: Running, listed: List, waits: list[float]) -> None:
    fake.google.refuse("shop-prod", Refusing("RESOURCE_EXHAUSTED", wait=3600))
    message = refusal(listed)
    assert "container.clusters.list on projects/shop-prod is throttled" in message
    assert "lower requests_per_second" in message
    assert fake.google.asked.count(LISTING) == 1


def test_trying_ends(fake: Running, listed: List, waits: list[float]) -> None:
    fake.google.refuse("shop-prod", Refusing("RESOURCE_EXHAUSTED"))
    assert "is throttled" in refusal(listed)
    assert fake.google.asked.count(LISTING) == ATTEMPTS
    assert len(waits) == ATTEMPTS - 1


@pytest.mark.parametrize(
    "passing",
    [
        (429, Refusing("RESOURCE_EXHAUSTED", wait=7).as_json(429)),
        (403, {"error": {"errors": [{"reason": "rateLimitExceeded"}]}}),
        (503, b"<html>"),
    ],
)
def test_http_is_tried_again(
    fake: Running, listed: List, waits: list[float], passing: tuple[int, Any]
) -> None:
    fake.google.clusters["shop-prod"] = [cluster()]
    fake.google.answers[RULES] = [passing, (200, {})]
    assert listed(projects=("shop-prod",)).gaps == []
    assert len(waits) == 1
    assert passing[0] != 429 or waits == [7.0]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, b"", "compute.forwardingRules.list on projects/shop-prod: there is no such project"),
        (418, b"[]", "compute.forwardingRules.list on projects/shop-prod: UNKNOWN: HTTP 418"),
        (
            403,
            {"error": {"errors": [{"reason": "accessNotConfigured"}]}},
            "gcloud services enable the API --project=shop-prod",
        ),
        (302, b"", "UNKNOWN: HTTP 302"),
        (200, b"{", "is not what Google documents"),
        (
            200,
            {"items": {"regions/us-east1": {"warning": {"code": "UNREACHABLE"}}}},
            "a region did not answer: regions/us-east1",
        ),
        (200, {"unreachables": ["regions/us-west1"]}, "a region did not answer: regions/us-west1"),
    ],
)  # fmt: skip
def test_what_is_said_of_http(
    fake: Running, listed: List, status: int, body: Any, said: str
) -> None:
    fake.google.clusters["shop-prod"] = [cluster()]
    fake.google.answer(RULES, body, status=status)
    answer = listed(projects=("shop-prod",))
    (gap,) = answer.gaps
    assert said in gap.reason
    assert not gap.hides_clusters
    assert "/canary" not in fake.google.asked
    (it,) = answer.clusters
    assert it.cloud is not None
    assert it.cloud.balancers is None


def test_a_list_without_end(fake: Running, listed: List, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "_MOST_PAGES", 3)
    fake.google.clusters["shop-prod"] = [cluster()]
    fake.google.answer(RULES, {"nextPageToken": "again"})
    (gap,) = listed(projects=("shop-prod",)).gaps
    assert "the list does not end" in gap.reason
    assert fake.google.asked.count(RULES) == 3


def test_an_answer_that_is_too_long(
    fake: Running, listed: List, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling, "_MOST_BYTES", 10_000)
    fake.google.clusters["shop-prod"] = [cluster()]
    fake.google.answer(RULES, {"items": {}, "kind": "x" * 20_000})
    (gap,) = listed(projects=("shop-prod",)).gaps
    assert "the answer is too long" in gap.reason


def test_google_that_does_not_answer(
    fake: Running, listed: List, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling, "CALL_SECONDS", 0.2)
    monkeypatch.setattr(calling, "ATTEMPTS", 2)
    with fake.google.silence():
        message = refusal(listed)
    assert "container.clusters.list: Google cannot be reached, or does not answer" in message


def test_a_proxy_of_the_environment(
    fake: Running, listed: List, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login someone password somewhere\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", fake.places.compute.removesuffix("/compute/v1"))
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    far = msgspec.structs.replace(fake.places, compute="http://compute.invalid/compute/v1")
    monkeypatch.setattr(discovery, "PLACES", far)
    fake.google.clusters["shop-prod"] = [cluster()]
    assert listed(projects=("shop-prod",)).gaps == []
    assert RULES in fake.google.asked


def test_google_that_is_not_there(
    fake: Running, listed: List, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = Places(
        container="localhost:1", compute="http://127.0.0.1:1", assets="http://127.0.0.1:1"
    )
    monkeypatch.setattr(discovery, "PLACES", nowhere)
    assert "Google cannot be reached" in refusal(listed)
    with pytest.raises(SourceError, match="searchAllResources: Google cannot be reached"):
        listed(organization="123")
