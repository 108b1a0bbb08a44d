"""The simulator answers as a real API server was recorded to, field by field."""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from auditor.simulator.fleet import SimulatedCluster
from auditor.simulator.identities import BASIC_RULES, Identity
from tests.simulator.raw import Client, Got, run

RECORDED = Path(__file__).parents[1] / "corpus" / "recorded"
_WATCH = "the simulator has no watch: it answers 405"
LEFT_OUT = {
    "watch-bookmarks-only": _WATCH,
    "watch-gone": _WATCH,
    "watch-list-initial-events": _WATCH,
    "watch-no-rv": _WATCH,
    "watch-services": _WATCH,
}


class Differs(NamedTuple):
    """A field that may differ."""

    recording: str
    """Names of recordings and paths of fields are patterns."""
    field: str
    why: str
    may_lack: bool = False
    """Whether one side may lack it; otherwise both have it, with a value of the same type."""


MAY_DIFFER = (
    Differs("*", "headers.X-Kubernetes-Pf-*-Uid", "uids of the flow control objects of a cluster"),
    Differs("discovery-aggregated-*", "headers.Etag", "digest of a build's own serialisation"),
    Differs("discovery-api", "body.serverAddressByClientCIDRs.0.serverAddress", "the port is ours"),
    Differs(
        "selfsubjectaccessreview",
        "body.metadata.managedFields*",
        "nothing that is asked is kept, so nobody manages its fields",
        may_lack=True,
    ),
    Differs("selfsubjectreview", "body.metadata.creationTimestamp", "the time of the request"),
)
NOT_RECORDED = frozenset({"Date", "Content-Length"})
"""Headers that the recording leaves out, whether or not the server sent them."""


def _recording(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text())
    return found


def _names() -> list[str]:
    return sorted(path.stem for path in RECORDED.glob("*.json"))


def _objects() -> list[dict[str, Any]]:
    """Give the objects of the full lists; a list names the kind of its items only once."""
    found = []
    for name in _names():
        recording = _recording(name)
        if not name.startswith("list-") or "?" in recording["request"]["path"]:
            continue
        body = recording["response"]["body"]
        head = {"apiVersion": body["apiVersion"], "kind": body["kind"].removesuffix("List")}
        found += [head | item for item in body["items"]]
    return found


def _reader() -> Identity:
    """Give the reader the rules that it was recorded to have beyond everybody's."""
    rules = _recording("selfsubjectrulesreview")["response"]["body"]["status"]["resourceRules"]
    return Identity("auditor", ("auditors",), tuple(r for r in rules if r not in BASIC_RULES))


LISTED_AT = 765
"""The resource version of the recorded lists."""
TOKENS = {
    "admin": Identity.administrator(),
    "reader": _reader(),
    "nobody": Identity("nobody"),
}
TOKEN_OF = {
    "administrator": "admin",
    "reader without Secrets": "reader",
    "identity without rights": "nobody",
    "invalid token": "wrong",
    "anonymous": None,
}


@pytest.fixture(scope="module")
def answers() -> dict[str, Got]:
    """Send every recorded request to one cluster that has the recorded objects."""

    async def scenario(_: SimulatedCluster, client: Client) -> dict[str, Got]:
        found = {}
        for name in _names():
            request = _recording(name)["request"]
            found[name] = await client.ask(
                request["path"],
                # Watches were recorded without saying whose they are: the administrator's.
                TOKEN_OF[request.get("as", "administrator")],
                method=request["method"],
                headers=request.get("headers"),
                body=request.get("body"),
            )
        return found

    return run(_objects(), scenario, version="v1.36.2", tokens=TOKENS, resource_version=LISTED_AT)


def _fields(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Give every value by its path; of objects and arrays what they are, then what is in them."""
    if not isinstance(value, dict | list):
        yield path, value
        return
    yield path, type(value)
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _fields(item, f"{path}.{key}")


def _recorded_fields(name: str) -> dict[str, Any]:
    response = _recording(name)["response"]
    return dict(
        [
            ("status", response["status"]),
            *_fields(response["headers"], "headers"),
            *_fields(response.get("body", response.get("text")), "body"),
        ]
    )


def _simulated_fields(name: str, got: Got) -> dict[str, Any]:
    is_text = "text" in _recording(name)["response"]
    headers = {key: value for key, value in got.headers.items() if key not in NOT_RECORDED}
    return dict(
        [
            ("status", got.status),
            *_fields(headers, "headers"),
            *_fields(got.body.decode() if is_text else got.json, "body"),
        ]
    )


def _differs_rightly(name: str, field: str, recorded: Any, simulated: Any) -> bool:
    rows = [
        row
        for row in MAY_DIFFER
        if fnmatchcase(name, row.recording) and fnmatchcase(field, row.field)
    ]
    return any(row.may_lack or type(recorded) is type(simulated) for row in rows)


@pytest.mark.parametrize("name", [name for name in _names() if name not in LEFT_OUT])
def test_every_field_is_as_recorded(name: str, answers: dict[str, Got]) -> None:
    recorded = _recorded_fields(name)
    simulated = _simulated_fields(name, answers[name])
    missing = object()
    differences = {
        field: (recorded.get(field, "(absent)"), simulated.get(field, "(absent)"))
        for field in recorded.keys() | simulated.keys()
        if recorded.get(field, missing) != simulated.get(field, missing)
        and not _differs_rightly(
            name, field, recorded.get(field, missing), simulated.get(field, missing)
        )
    }
    assert not differences


@pytest.mark.parametrize("row", MAY_DIFFER, ids=lambda row: f"{row.recording}:{row.field}")
def test_a_row_of_the_table_excuses_something_that_was_recorded(
    row: Differs, answers: dict[str, Got]
) -> None:
    excused = [
        (name, field)
        for name in _names()
        if name not in LEFT_OUT and fnmatchcase(name, row.recording)
        for field, value in _recorded_fields(name).items()
        if fnmatchcase(field, row.field)
        and _simulated_fields(name, answers[name]).get(field) != value
    ]
    assert excused


def test_what_is_left_out_is_recorded() -> None:
    assert set(LEFT_OUT) == {name for name in _names() if name.startswith("watch-")}


@pytest.mark.parametrize("name", sorted(LEFT_OUT))
def test_a_watch_is_refused_and_not_answered_like_a_list(
    name: str, answers: dict[str, Got]
) -> None:
    assert answers[name].status == 405
    assert answers[name].json["reason"] == "MethodNotAllowed"


def test_nothing_is_left_of_the_recorded_lists_by_chance(answers: dict[str, Got]) -> None:
    """Equal lists prove nothing where there is nothing in them."""
    found = {name: len(answers[name].json["items"]) for name in ("list-pods", "list-clusterroles")}
    assert found == {"list-pods": 27, "list-clusterroles": 72}


def test_a_list_is_written_in_the_order_of_keys_that_a_real_server_uses(
    answers: dict[str, Got],
) -> None:
    """Field equality sees no order of keys; streaming readers do: the items come last."""
    for name in ("list-pods", "list-pods-page-1", "list-cronjobs"):
        recorded = _recording(name)["response"]["body"]
        assert list(answers[name].json) == list(recorded)
