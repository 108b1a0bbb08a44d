"""What the checks of the way to the API server share."""

from collections.abc import Iterator

from auditor.analysis.exposure.api_server import API_SERVER_KIND
from auditor.analysis.exposure.door import Door
from auditor.analysis.facts import Facts
from auditor.checks.check import Judgement
from auditor.model.exposure import Via
from auditor.model.identity import cluster_subject
from auditor.model.reading import ReadState
from auditor.model.verdict import Verdict


def without_connection(facts: Facts) -> Iterator[Judgement]:
    """Judge a source that tells no connection.

    Files have none and the checks do not apply; but of a source that could not be read at all
    nobody knows what it was: it may be the capture of a live cluster.
    """
    if all(item.state is ReadState.FAILED for item in facts.inventory.coverage.values()):
        yield Judgement(
            subject=cluster_subject(facts.cluster.id),
            verdict=Verdict.UNKNOWN,
            summary="whether the source is a cluster that was connected to is not known",
            reason="nothing of the source could be read",
        )


def api_server_door(facts: Facts) -> Door | None:
    """Give the door of the API server; None where the source tells nothing of it."""
    doors = facts.doors_via(Via.ENDPOINT)
    return next((door for door in doors if door.subject.kind == API_SERVER_KIND), None)
