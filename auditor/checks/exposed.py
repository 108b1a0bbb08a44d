"""What the checks share that start from a workload which the internet reaches."""

from collections.abc import Iterator

from msgspec import Struct

from auditor.analysis.facts import Facts
from auditor.checks.check import Judgement
from auditor.model.audience import Audience
from auditor.model.exposure import Exposure, ExposureVerdict, Hop
from auditor.model.identity import ObjectRef, cluster_subject
from auditor.model.verdict import Verdict


class ExposedWorkload(Struct, frozen=True):
    """A workload, and the most open of the ways that lead to it from the internet."""

    ref: ObjectRef
    classes: tuple[int, ...]
    way: Exposure

    @property
    def is_sure(self) -> bool:
        """Whether the way is known to be open, and for the internet."""
        is_open = self.way.verdict is ExposureVerdict.EXPOSED
        return is_open and self.way.audience is Audience.INTERNET

    @property
    def hop(self) -> Hop:
        """Say by which door."""
        entry = self.way.entry
        port = f"{entry.port or 'a port'}/{entry.protocol}"
        return Hop(str(entry.object), entry.via, port, f"leads from the internet to {self.ref}")


def exposed_workloads(facts: Facts) -> tuple[ExposedWorkload, ...]:
    """Give the workloads that the internet reaches or may reach, each with one way."""
    found: dict[ObjectRef, ExposedWorkload] = {}
    for way in facts.exposures:
        ref = way.target.workload
        if ref is None or way.audience not in {Audience.INTERNET, Audience.UNKNOWN}:
            continue
        classes = facts.owners.classes.get(ref)
        if classes is None or way.verdict is ExposureVerdict.BLOCKED:
            continue
        item = ExposedWorkload(ref, classes, way)
        if ref not in found or item.is_sure > found[ref].is_sure:
            found[ref] = item
    return tuple(found[ref] for ref in sorted(found, key=ObjectRef.sort_key))


def unseen_doors(facts: Facts) -> Iterator[Judgement]:
    """Say of the cluster that more workloads may be exposed, by doors that nobody followed."""
    if facts.unfollowed:
        subject = cluster_subject(facts.cluster.id)
        reason = "another way may lead in: " + "; ".join(facts.unfollowed)
        yield Judgement(
            subject=subject,
            verdict=Verdict.UNKNOWN,
            summary="more workloads may be exposed to the internet than were followed",
            evidence=(Hop(str(subject), "unfollowed ways", str(len(facts.unfollowed))),),
            reason=reason,
            discriminator="unfollowed ways",
        )
