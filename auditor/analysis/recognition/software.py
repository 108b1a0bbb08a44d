"""What software each workload is: evidence gathered, attributed to a container, and graded.

The container that declares a port is the one that answers there, so evidence of image, port, flag
and environment belongs to one container. Names, labels and owners speak of the pod; they count
for any of its containers that is not known to be a helper with the software's name.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from auditor.analysis.recognition.gathering import Gatherer, PodEvidence
from auditor.analysis.recognition.published import published_ports
from auditor.analysis.recognition.scoring import WEIGHTS, EvidenceKind, Grade, grade_of, score
from auditor.analysis.workloads import WorkloadIndex
from auditor.catalogue.contents import Catalogue
from auditor.catalogue.software import Software
from auditor.kube.inventory import Inventory
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef


class Recognised(Struct, frozen=True):
    """Software that a workload was recognised as."""

    id: str
    grade: Grade
    score: float
    evidence: tuple[Hop, ...]
    """What speaks for it, the weightiest first."""
    container: str = ""
    """Whose evidence it rests on."""
    other_ports: frozenset[int] = frozenset()
    """Ports of the pod that only other containers declare: something else answers there."""

    @property
    def is_sure(self) -> bool:
        """Whether it is more than a guess to look at."""
        return self.grade is not Grade.POSSIBLE

    def answers_at(self, port: int | None) -> bool:
        """Tell whether it may be what answers at a port of its pod."""
        return port not in self.other_ports


RecognisedSoftware = Mapping[ObjectRef, tuple[Recognised, ...]]

_Release = tuple[str | None, str]
"""Namespace and release name."""
_Siblings = Mapping[_Release, Mapping[str, Hop]]


def recognise(
    inventory: Inventory, workloads: WorkloadIndex, catalogue: Catalogue
) -> RecognisedSoftware:
    """Tell of each workload which software it is, the surest first.

    Workloads of which nothing is recognised are not in the answer.
    """
    gatherer = Gatherer(inventory, published_ports(inventory, workloads), catalogue)
    gathered = {}
    for workload in workloads:
        # Most of a cluster is software of the house: what says nothing is not kept.
        speaking = [pod for pod in gatherer.gather(workload) if pod.says_something]
        if speaking:
            gathered[workload.ref] = speaking
    siblings = _siblings(gathered)
    found = {}
    for ref, pods in gathered.items():
        best: dict[str, Recognised] = {}
        for pod in pods:
            beside = siblings.get((ref.namespace, pod.release), {})
            for item in _recognised(pod, beside, catalogue.software):
                known = best.get(item.id)
                if known is None or known.score < item.score:
                    best[item.id] = item
        if best:
            found[ref] = tuple(sorted(best.values(), key=lambda item: (-item.score, item.id)))
    return found


def ids_behind(
    recognised: RecognisedSoftware, workload: ObjectRef | None, port: int | None
) -> tuple[str, ...]:
    """Name the software that surely answers at a port of a workload, sorted."""
    if workload is None:
        return ()
    found = recognised.get(workload, ())
    return tuple(sorted(item.id for item in found if item.is_sure and item.answers_at(port)))


def _siblings(gathered: Mapping[ObjectRef, Iterable[PodEvidence]]) -> _Siblings:
    """Find the software that each release surely runs, by its images."""
    found: dict[_Release, dict[str, Hop]] = defaultdict(dict)
    for ref, pods in gathered.items():
        for pod in pods:
            for container in pod.containers if pod.release else ():
                for software_id, signs in container.evidence.items():
                    image = signs.get(EvidenceKind.IMAGE_SPECIFIC)
                    if image is not None:
                        found[ref.namespace, pod.release].setdefault(software_id, image)
    return found


def _recognised(
    pod: PodEvidence, siblings: Mapping[str, Hop], entries: Mapping[str, Software]
) -> Iterator[Recognised]:
    for software_id in {*pod.shared}.union(*(item.evidence for item in pod.containers)):
        if software_id not in pod.traps:
            yield from _graded(pod, entries[software_id], siblings.get(software_id))


def _graded(pod: PodEvidence, entry: Software, sibling: Hop | None) -> Iterator[Recognised]:
    """Grade an entry for each container that may be it."""
    shared = pod.shared.get(entry.id, {})
    has_helper = any(entry.id in item.answer.traps for item in pod.containers)
    for container in pod.containers:
        own = container.evidence.get(entry.id, {})
        if entry.id in container.answer.traps or (has_helper and not own):
            continue
        signs = {**shared, **own}
        has_image = container.is_known_as(entry.id)
        if sibling is not None and shared and not has_image:
            signs[EvidenceKind.SIBLING_IMAGE] = sibling
        is_proxy = any(container.is_known_as(other) for other in entry.proxied_by)
        if sibling is not None and is_proxy:
            del signs[EvidenceKind.SIBLING_IMAGE]
            note = f"a proxy in front of it, {sibling.note}" if sibling.note else "it is behind"
            signs[EvidenceKind.RELEASE_PROXY] = replace(sibling, note=note)
        if EvidenceKind.NAME_EXACT in signs:
            signs.pop(EvidenceKind.NAME_GLOB, None)
        is_another = not (has_image or is_proxy) and container.is_other_than(entry)
        value = score(entry, signs, image_is_another=is_another)
        grade = grade_of(value)
        if grade is not None:
            ordered = sorted(signs, key=lambda kind: (-WEIGHTS[kind], kind))
            evidence = tuple(signs[kind] for kind in ordered)
            others = pod.ports - container.ports
            yield Recognised(entry.id, grade, value, evidence, container.name, others)
