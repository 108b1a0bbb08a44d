"""Naming workloads by labels, as briefly as labels allow."""

import re
from collections.abc import Mapping, Sequence
from itertools import combinations

from auditor.analysis.workloads import WorkloadPods
from auditor.model.identity import ObjectRef

_PREFERRED = (
    "app.kubernetes.io/name",
    "app",
    "k8s-app",
    "name",
    "app.kubernetes.io/component",
    "component",
    "tier",
    "role",
)
"""Keys by which people tell workloads apart, the most usual first."""
_VOLATILE = re.compile(
    r"pod-template-(hash|generation)|controller-revision-hash|statefulset\.kubernetes\.io/.*"
    r"|apps\.kubernetes\.io/pod-index|job-name|controller-uid|batch\.kubernetes\.io/.*"
    r"|helm\.sh/chart|app\.kubernetes\.io/(version|managed-by)|version"
)
"""Labels that differ from one rollout to the next."""
_KEY = re.compile(
    r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
)
_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
"""What an API server takes for a label (Kubernetes, Labels and Selectors, Syntax)."""
_MOST_LABELS = 8
"""Labels of a workload of which pairs are tried."""

Labels = tuple[tuple[str, str], ...]


class Selectors:
    """The shortest labels that select each workload of a namespace, and whom else these select."""

    def __init__(self, workloads: Sequence[WorkloadPods]) -> None:
        """Take all workloads of one namespace."""
        self._carrying: dict[tuple[str, str], set[ObjectRef]] = {}
        for workload in workloads:
            for pod in workload.pods:
                for item in pod.metadata.labels.items():
                    self._carrying.setdefault(item, set()).add(workload.ref)
        self._workloads = {item.ref: item for item in workloads}
        self._chosen: dict[ObjectRef, Labels] = {}

    def __contains__(self, ref: ObjectRef) -> bool:
        """Whether a workload is of this namespace and was read."""
        return ref in self._workloads

    def of(self, ref: ObjectRef) -> Labels:
        """Give labels that select every pod of a workload; none select the whole namespace."""
        found = self._chosen.get(ref)
        if found is None:
            found = self._chosen[ref] = self._choose(self._workloads[ref])
        return found

    def selected(self, labels: Labels) -> tuple[ObjectRef, ...]:
        """Give the workloads of which labels select a pod, in order."""
        if not labels:
            return tuple(self._workloads)
        sharing = set.intersection(*(self._carrying.get(item, set()) for item in labels))
        found = (ref for ref in sharing if _selects(labels, self._workloads[ref]))
        return tuple(sorted(found, key=ObjectRef.sort_key))

    def _choose(self, workload: WorkloadPods) -> Labels:
        known = _common(workload)
        best: Labels = ()
        fewest = len(self._workloads)
        for labels in _candidates(known):
            count = len(self.selected(labels))
            if count < fewest or not best:
                best, fewest = labels, count
            if count == 1:
                break
        return best


def _candidates(known: Labels) -> Sequence[Labels]:
    """Give labels to try, the shortest and most telling first."""
    pairs = combinations(known[:_MOST_LABELS], 2)
    return [*((item,) for item in known), *pairs, *([known] if known else [])]


def _selects(labels: Labels, workload: WorkloadPods) -> bool:
    return any(
        all(pod.metadata.labels.get(key) == value for key, value in labels) for pod in workload.pods
    )


def _common(workload: WorkloadPods) -> Labels:
    """Give the labels that all pods of a workload carry and keep, the most telling first."""
    first, *others = (pod.metadata.labels for pod in workload.pods)
    kept = [
        (key, value)
        for key, value in first.items()
        if _is_valid(key, value) and all(labels.get(key) == value for labels in others)
    ]
    return tuple(sorted(kept, key=lambda item: (_rank(item[0]), item)))


def _is_valid(key: str, value: str) -> bool:
    is_kept = not _VOLATILE.fullmatch(key)
    return is_kept and bool(_KEY.fullmatch(key) and _VALUE.fullmatch(value))


def _rank(key: str) -> int:
    return _PREFERRED.index(key) if key in _PREFERRED else len(_PREFERRED)


def selector(labels: Labels) -> Mapping[str, object]:
    """Write labels as a LabelSelector; none select everything."""
    return {"matchLabels": dict(labels)} if labels else {}
