"""Which ports of which workloads routes lead to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from auditor.analysis.exposure.door import Door
from auditor.model.identity import ObjectRef
from auditor.model.ports import PortSet


def routed_ports(doors: Iterable[Door]) -> Mapping[ObjectRef, PortSet]:
    """Give the ports of workloads that the doors of routes lead to."""
    found: dict[ObjectRef, PortSet] = defaultdict(PortSet)
    for door in doors:
        for backend in door.backends.found:
            if backend.workload is not None and backend.port is not None:
                protocol = door.entry.protocol
                found[backend.workload] |= PortSet.of([(protocol, backend.port, backend.port)])
    return dict(sorted(found.items(), key=lambda item: item[0].sort_key()))
