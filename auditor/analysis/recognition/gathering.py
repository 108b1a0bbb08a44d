"""Everything in a pod that speaks for some software, kept with the container that it belongs to."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Set

from msgspec import Struct

from auditor.analysis.recognition.images import ImageAnswer, image_index
from auditor.analysis.recognition.index import Told, hint_index
from auditor.analysis.recognition.published import PublishedPort, declared_by
from auditor.analysis.recognition.scoring import IMAGES, EvidenceKind, Signs
from auditor.analysis.workloads import WorkloadPods
from auditor.catalogue.contents import Catalogue
from auditor.catalogue.recognition import recognition_rules
from auditor.catalogue.software import Software, Where
from auditor.kube.inventory import Inventory
from auditor.kube.meta import ObjectMeta
from auditor.kube.pods import Container, Pod
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef

RELEASE_LABEL = "app.kubernetes.io/instance"

_Found = dict[str, dict[EvidenceKind, Hop]]


class ContainerEvidence(Struct, frozen=True):
    """What one container says."""

    name: str
    evidence: Mapping[str, Signs]
    """By id of the software."""
    answer: ImageAnswer
    ports: frozenset[int]

    def is_known_as(self, software_id: str) -> bool:
        """Tell whether its image may be some software."""
        return software_id in self.answer.matches

    def is_other_than(self, entry: Software) -> bool:
        """Tell whether its image is that of different software."""
        same = {entry.id, *entry.same_software_as}
        return any(
            software_id not in same and match.kind is EvidenceKind.IMAGE_SPECIFIC
            for software_id, match in self.answer.matches.items()
        )


class PodEvidence(Struct, frozen=True):
    """What a pod says: its containers each for themselves, and what speaks of all of it."""

    shared: Mapping[str, Signs]
    containers: tuple[ContainerEvidence, ...]
    traps: frozenset[str]
    """Software that its labels say it is not."""
    release: str
    """The release that it belongs to, or nothing."""
    ports: frozenset[int]

    @property
    def says_something(self) -> bool:
        """Whether anything of it speaks for some software."""
        return bool(self.shared) or any(item.evidence for item in self.containers)


class _Surroundings(Struct, frozen=True):
    """What a container's evidence is read against."""

    subject: str
    labels: frozenset[str]
    candidates: frozenset[str]
    """Software for which something else of the pod speaks."""
    of_pod: Collection["_PortSign"]
    """What is published of the pod and declared by no container."""


class _PortSign(Struct, frozen=True, gc=False):
    """What a port speaks for; the hop is made of the rest where that matters."""

    told: Told
    subject: str
    field: str
    value: str

    def hop(self) -> Hop:
        """Tell where the port stands."""
        return Hop(self.subject, self.field, self.value)


class Gatherer:
    """Gathers the evidence of workloads."""

    def __init__(
        self,
        inventory: Inventory,
        published: Mapping[ObjectRef, Collection[PublishedPort]],
        catalogue: Catalogue,
    ) -> None:
        """Keep what stands beside the pods: the metadata of workloads, and Services."""
        self._meta = {
            ObjectRef(item.kind, item.metadata.namespace, item.metadata.name): item.metadata
            for item in inventory.workloads
        }
        self._published = published
        rules = recognition_rules()
        self._label_traps = rules.label_traps
        lifting = [label for trap in rules.traps for label in trap.unless_labels]
        deciding = [*lifting, *(trap.label for trap in rules.label_traps)]
        self._label_keys = frozenset(label.partition("=")[0] for label in deciding)
        self._images = image_index(catalogue)
        self._hints = hint_index(catalogue)

    def gather(self, workload: WorkloadPods) -> tuple[PodEvidence, ...]:
        """Gather the evidence of each sort of pod that a workload has: one, but for rollouts."""
        sorts: dict[tuple[tuple[str, str], ...], Pod] = {}
        for pod in workload.pods:
            containers = pod.spec.serving_containers()
            sorts.setdefault(tuple((item.name, item.image) for item in containers), pod)
        meta = self._meta.get(workload.ref, ObjectMeta())
        return tuple(self._pod(workload.ref, meta, pod) for pod in sorts.values())

    def _pod(self, ref: ObjectRef, meta: ObjectMeta, pod: Pod) -> PodEvidence:
        labels = {**meta.labels, **pod.metadata.labels}
        words = frozenset([f"{key}={labels[key]}" for key in self._label_keys & labels.keys()])
        published = self._published.get(ref, ())
        containers = pod.spec.serving_containers()
        shared = self._shared(ref, (*_owner_kinds(meta), *_owner_kinds(pod.metadata)), labels)
        for name, hop in _service_names(published).items():
            _add_names(shared, self._hints.of_name(name), hop)
        declared = [declared_by(item) if published else frozenset() for item in containers]
        everywhere = frozenset().union(*declared)
        homeless = [item for item in published if item.target not in everywhere]
        of_pod = list(self._port_signs(homeless)) if homeless else []
        around = _Surroundings(str(ref), words, frozenset(shared), of_pod)
        gathered = tuple(
            [
                self._container(item, [one for one in published if one.target in ports], around)
                for item, ports in zip(containers, declared, strict=True)
            ]
        )
        return PodEvidence(
            shared,
            gathered,
            self._trapped(words) if words else frozenset(),
            labels.get(RELEASE_LABEL, ""),
            frozenset().union(*[item.ports for item in gathered]),
        )

    def _trapped(self, words: Collection[str]) -> frozenset[str]:
        """Name the software that labels say a pod is not."""
        traps = (trap for trap in self._label_traps if trap.label in words)
        return frozenset(software_id for trap in traps for software_id in trap.not_a)

    def _shared(
        self, ref: ObjectRef, owner_kinds: Iterable[str], labels: Mapping[str, str]
    ) -> _Found:
        """Gather what speaks of the pod as a whole: owners, labels and the workload's name."""
        found: _Found = defaultdict(dict)
        subject = str(ref)
        for kind in owner_kinds:
            for hint in self._hints.of_owner(kind):
                hop = Hop(subject, "metadata.ownerReferences.kind", kind)
                found[hint.id].setdefault(hint.kind, hop)
        for key, value in labels.items():
            for hint in self._hints.of_label(key, value):
                found[hint.id].setdefault(hint.kind, Hop(subject, f"metadata.labels.{key}", value))
        if told := self._hints.of_name(ref.name):
            _add_names(found, told, Hop(subject, "metadata.name", ref.name))
        return found

    def _container(
        self, container: Container, published: Iterable[PublishedPort], around: _Surroundings
    ) -> ContainerEvidence:
        subject, field = around.subject, f"spec.containers[{container.name}]"
        answer = self._images.answer(container.image, around.labels)
        found: _Found = defaultdict(dict)
        for software_id, match in answer.matches.items():
            note = f"as {match.pattern}"
            found[software_id][match.kind] = Hop(subject, f"{field}.image", container.image, note)
        if told := self._hints.of_name(container.name):
            _add_names(found, told, Hop(subject, f"{field}.name", container.name))
        ports = [sign for sign in self._declared(subject, f"{field}.ports", container) if sign.told]
        ports += self._port_signs(published)
        ports += around.of_pod
        self._add_settings(found, subject, container, ports)
        _add_ports(found, ports, {*found, *around.candidates})
        numbers = frozenset(port.container_port for port in container.ports)
        return ContainerEvidence(container.name, found, answer, numbers)

    def _declared(self, subject: str, field: str, container: Container) -> Iterator[_PortSign]:
        hints = self._hints
        for port in container.ports:
            number, protocol = port.container_port, port.protocol
            shown = f"{number}/{protocol}"
            yield _PortSign(hints.of_port(Where.CONTAINER, number, protocol), subject, field, shown)
            if port.host_port:
                told = hints.of_port(Where.NODE, port.host_port, protocol)
                yield _PortSign(told, subject, field, shown)
            if port.name:
                yield _PortSign(hints.of_port_name(port.name), subject, field, port.name)

    def _port_signs(self, published: Iterable[PublishedPort]) -> Iterator[_PortSign]:
        hints, field = self._hints, "spec.ports"
        for item in published:
            number, protocol = item.port.port, item.port.protocol
            subject, shown = str(item.service), f"{number}/{protocol}"
            yield _PortSign(hints.of_port(Where.SERVICE, number, protocol), subject, field, shown)
            if isinstance(item.target[0], int):
                told = hints.of_port(Where.CONTAINER, item.target[0], protocol)
                yield _PortSign(told, subject, field, shown)
            if item.port.node_port:
                told = hints.of_port(Where.NODE, item.port.node_port, protocol)
                yield _PortSign(told, subject, field, shown)
            if item.port.name:
                told = hints.of_port_name(item.port.name)
                yield _PortSign(told, subject, field, item.port.name)

    def _add_settings(
        self,
        found: _Found,
        subject: str,
        container: Container,
        ports: Collection[_PortSign],
    ) -> None:
        """Add flags and environment, which clients carry too: only beside an image or a port."""
        field = f"spec.containers[{container.name}]"
        for name in sorted(container.env):
            for hint in self._hints.of_env(name):
                if _has_image(found, hint.id) or any(hint.id in sign.told for sign in ports):
                    found[hint.id].setdefault(hint.kind, Hop(subject, f"{field}.env", name))
        for name, value in (*container.command.items(), *container.args.items()):
            for hint in self._hints.of_flag(name, value):
                distinctive = any(
                    sign.told.get(hint.id) is EvidenceKind.PORT_DISTINCTIVE for sign in ports
                )
                if distinctive or _has_image(found, hint.id):
                    shown = name if value is None else f"{name}={value}"
                    found[hint.id].setdefault(hint.kind, Hop(subject, f"{field}.args", shown))


def _has_image(found: Mapping[str, Signs], software_id: str) -> bool:
    return bool(IMAGES & found.get(software_id, {}).keys())


def _owner_kinds(meta: ObjectMeta) -> Iterator[str]:
    for owner in meta.owner_references:
        yield owner.kind


def _service_names(published: Iterable[PublishedPort]) -> dict[str, Hop]:
    found = {}
    for item in published:
        name = item.service.name
        found[name] = Hop(str(item.service), "metadata.name", name)
    return found


def _add_names(found: _Found, told: Told, hop: Hop) -> None:
    for software_id, kind in told.items():
        found[software_id].setdefault(kind, hop)


def _add_ports(found: _Found, signs: Collection[_PortSign], candidates: Set[str]) -> None:
    """Add what ports say of software that something else speaks for already."""
    for sign in signs:
        for software_id in candidates & sign.told.keys():
            found[software_id].setdefault(sign.told[software_id], sign.hop())
