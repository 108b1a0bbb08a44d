"""One reading of a cluster: what came of it, and the tally from which coverage follows."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from auditor.kube.inventory import Inventory
from auditor.kube.resources import RESOURCES, Resource
from auditor.model.cluster import Cluster
from auditor.model.reading import Coverage, ReadProblem, ReadState


class Reading(Struct, frozen=True):
    """A cluster and what was read of it. A capture says itself which cluster it is of."""

    cluster: Cluster
    inventory: Inventory
    not_before: float | None = None
    """Seconds for which the server asked to be left alone; None if it did not."""


class Tally:
    """Collects objects and what went wrong, and tells the coverage of a snapshot from it."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self._objects: dict[str, dict[tuple[str | None, str], Any]] = defaultdict(dict)
        self._listed: set[str] = set()
        self._broken: dict[str, str] = {}
        self._anything_broken: str | None = None
        self.problems: list[ReadProblem] = []
        self.passed_over: list[str] = []
        """Documents that are no Kubernetes objects."""
        self.saw_an_object = False

    def add(self, resource: Resource, item: Any, where: str) -> None:
        """Count an object; the later of two with one name is taken."""
        self.list(resource)
        key = (item.metadata.namespace, item.metadata.name)
        if key in self._objects[resource.name]:
            name = "/".join(part for part in key if part)
            message = f"{resource.kind} {name} is defined twice; this later one is taken"
            self.problems.append(ReadProblem(where, message, is_shortfall=False))
        self._objects[resource.name][key] = item

    def list(self, resource: Resource) -> None:
        """Note that the source lists a resource, be it an empty list."""
        self._listed.add(resource.name)
        self.saw_an_object = True

    def break_resource(self, resource: Resource, where: str, message: str) -> None:
        """Note that an object of a resource could not be read."""
        self._broken.setdefault(resource.name, f"{where}: {message}")
        self.problems.append(ReadProblem(where, message))

    def break_anything(self, where: str, message: str) -> None:
        """Note that something could not be read which may have held any object."""
        self._anything_broken = self._anything_broken or f"{where}: {message}"
        self.problems.append(ReadProblem(where, message))

    def break_nothing(self, where: str, message: str) -> None:
        """Note that a document could not be read that holds nothing an audit reads."""
        self.problems.append(ReadProblem(where, message))

    def objects(self) -> dict[str, tuple[Any, ...]]:
        """Give the objects by resource name."""
        return {name: tuple(items.values()) for name, items in self._objects.items()}

    def coverage(self) -> dict[str, Coverage]:
        """Tell how completely each resource was read.

        A resource that the source never names is `not-provided`: the source may simply not hold
        it. Once something was unreadable that may have held anything, no resource is complete.
        """
        return {resource.name: self._coverage_of(resource.name) for resource in RESOURCES}

    def _coverage_of(self, name: str) -> Coverage:
        count = len(self._objects.get(name, ()))
        broken = self._broken.get(name) or self._anything_broken
        if broken:
            return Coverage(name, ReadState.PARTIAL, count, broken)
        if name in self._listed:
            return Coverage(name, ReadState.COMPLETE, count)
        return Coverage(name, ReadState.NOT_PROVIDED, 0)


def failed_coverage(message: str) -> dict[str, Coverage]:
    """Give the coverage of a cluster of which nothing could be read."""
    return {
        resource.name: Coverage(resource.name, ReadState.FAILED, 0, message)
        for resource in RESOURCES
    }


def remark_on(names: Iterable[str]) -> ReadProblem | None:
    """Say which documents were passed over because they are no Kubernetes objects."""
    listed = list(names)
    if not listed:
        return None
    shown = ", ".join(listed[:3]) + (f" and {len(listed) - 3} more" if len(listed) > 3 else "")
    message = f"passed over {shown}: no Kubernetes object (no apiVersion or kind)"
    return ReadProblem("source", message, is_shortfall=False)
