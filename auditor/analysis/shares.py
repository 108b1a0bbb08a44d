"""File shares that pods of the cluster mount, by the server that serves them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from msgspec import Struct

from auditor.analysis.workloads import WorkloadIndex
from auditor.kube.inventory import Inventory
from auditor.kube.pods import Pod
from auditor.kube.storage import PersistentVolume, ShareSource
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef
from auditor.model.ports import PortSet, Protocol

_NFS_PORTS, _SMB_PORTS, _ISCSI_PORT = (111, 2049), (139, 445), 3260
_NFS_DRIVERS = ("nfs.csi.k8s.io", "nfs.csi.openebs.io")
_SMB_DRIVERS = ("smb.csi.k8s.io",)


class Share(Struct, frozen=True):
    """A server of file shares, as one object names it."""

    subject: ObjectRef
    """The object that names it: a PersistentVolume, or the workload that mounts it by itself."""
    kind: str
    server: str
    """An address or a name."""
    ports: PortSet
    hop: Hop
    mounted_by: frozenset[ObjectRef]


class _Server(Struct, frozen=True):
    kind: str
    host: str
    ports: PortSet
    field: str
    value: str


def find_shares(inventory: Inventory, workloads: WorkloadIndex) -> tuple[Share, ...]:
    """Find the shares that volumes name, in the order of what names them."""
    return (*_persistent(inventory, workloads), *_inline(workloads))


def _persistent(inventory: Inventory, workloads: WorkloadIndex) -> Iterator[Share]:
    mounting = _claims(workloads)
    bound = {
        (item.metadata.namespace or "", item.metadata.name): item.spec.volume_name
        for item in inventory.persistent_volume_claims
    }
    for volume in inventory.persistent_volumes:
        server = _server_of(volume.spec)
        if server is None:
            continue
        ref = ObjectRef("PersistentVolume", None, volume.metadata.name)
        claims = [key for key, name in bound.items() if name == volume.metadata.name]
        claims += _claim_of(volume)
        users = frozenset(user for claim in claims for user in mounting.get(claim, ()))
        hop = Hop(str(ref), f"spec.{server.field}", server.value)
        yield Share(ref, server.kind, server.host, server.ports, hop, users)


def _claim_of(volume: PersistentVolume) -> list[tuple[str, str]]:
    ref = volume.spec.claim_ref
    return [(ref.namespace, ref.name)] if ref else []


def _claims(workloads: WorkloadIndex) -> Mapping[tuple[str, str], set[ObjectRef]]:
    """Give the workloads whose pods mount each claim, by namespace and name."""
    found: dict[tuple[str, str], set[ObjectRef]] = defaultdict(set)
    for workload in workloads:
        for pod in workload.pods:
            for volume in pod.spec.volumes:
                if volume.persistent_volume_claim is not None:
                    key = (workload.namespace, volume.persistent_volume_claim.claim_name)
                    found[key].add(workload.ref)
    return found


def _inline(workloads: WorkloadIndex) -> Iterator[Share]:
    for workload in workloads:
        seen: set[str] = set()
        for pod in workload.pods:
            for server in _servers_of(pod):
                if server.host not in seen:
                    seen.add(server.host)
                    hop = Hop(str(workload.ref), f"spec.volumes[].{server.field}", server.value)
                    users = frozenset({workload.ref})
                    yield Share(workload.ref, server.kind, server.host, server.ports, hop, users)


def _servers_of(pod: Pod) -> Iterator[_Server]:
    for volume in pod.spec.volumes:
        server = _server_of(volume)
        if server is not None:
            yield server


def _server_of(source: ShareSource) -> _Server | None:
    """Tell the server of a volume; None where a server in the network does not serve it."""
    if source.nfs is not None and source.nfs.server:
        return _server("NFS", source.nfs.server, _NFS_PORTS, "nfs.server", source.nfs.server)
    if source.iscsi is not None and source.iscsi.target_portal:
        host, port = _host_and_port(source.iscsi.target_portal)
        return _server("iSCSI", host, (port,), "iscsi.targetPortal", source.iscsi.target_portal)
    if source.csi is not None:
        given = source.csi.volume_attributes
        if source.csi.driver in _NFS_DRIVERS and given.server:
            return _server(
                "NFS", given.server, _NFS_PORTS, "csi.volumeAttributes.server", given.server
            )
        if source.csi.driver in _SMB_DRIVERS and given.source:
            host = _host_of_share(given.source)
            return _server("SMB", host, _SMB_PORTS, "csi.volumeAttributes.source", given.source)
    if source.flex_volume is not None and source.flex_volume.options.network_path:
        path = source.flex_volume.options.network_path
        host = _host_of_share(path)
        return _server("SMB", host, _SMB_PORTS, "flexVolume.options.networkPath", path)
    return None


def _server(kind: str, host: str, ports: tuple[int, ...], field: str, value: str) -> _Server:
    found = PortSet.of((Protocol.TCP, port, port) for port in ports)
    return _Server(kind, host.strip("[]").lower(), found, field, value)


def _host_and_port(portal: str) -> tuple[str, int]:
    """Take `host`, `host:port` or `[address]:port` apart."""
    host, colon, port = portal.rpartition(":")
    if colon and port.isdigit() and (":" not in host or host.endswith("]")):
        return host, int(port)
    return portal, _ISCSI_PORT


def _host_of_share(path: str) -> str:
    """Give the host of `//host/share`, with slashes of either kind."""
    return path.replace("\\", "/").strip("/").partition("/")[0]
