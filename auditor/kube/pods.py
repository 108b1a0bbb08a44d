"""Pods and the workloads that make them (core/v1, apps/v1, batch/v1)."""

import posixpath

from msgspec import Struct, field
from msgspec.structs import force_setattr

from auditor.kube.meta import EnvNames, Flags, ObjectMeta
from auditor.kube.storage import ShareSource
from auditor.model.ports import Protocol


class ContainerPort(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """A port that a container documents (core/v1 ContainerPort)."""

    container_port: int = 0
    """0 where it is missing, which an API server refuses: such a port is left out."""
    host_port: int | None = None
    host_ip: str | None = field(default=None, name="hostIP")
    name: str | None = None
    protocol: Protocol = Protocol.TCP


class VolumeMount(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Where a container sees a volume (core/v1 VolumeMount)."""

    name: str
    mount_path: str = ""
    sub_path: str = ""
    sub_path_expr: str = ""
    read_only: bool = False


class Container(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """A container of any sort: init, main or ephemeral (core/v1 Container)."""

    name: str = ""
    image: str = ""
    restart_policy: str | None = None
    """`Always` makes an init container a sidecar, which runs beside the main ones."""
    ports: tuple[ContainerPort, ...] = ()
    volume_mounts: tuple[VolumeMount, ...] = ()
    command: Flags = field(default_factory=Flags)
    args: Flags = field(default_factory=Flags)
    env: EnvNames = field(default_factory=EnvNames)

    def __post_init__(self) -> None:
        """Leave out ports without a number: one misspelt field must not cost the whole workload."""
        if not all(port.container_port for port in self.ports):
            kept = tuple(port for port in self.ports if port.container_port)
            force_setattr(self, "ports", kept)


class HostPath(Struct, frozen=True, gc=False, omit_defaults=True):
    """A folder or file of the node (core/v1 HostPathVolumeSource)."""

    path: str = ""


class Claim(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Which claim a volume is (core/v1 PersistentVolumeClaimVolumeSource)."""

    claim_name: str = ""


class Volume(ShareSource, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """A volume; only what ties it to the node or to a server is kept (core/v1 Volume)."""

    name: str = ""
    host_path: HostPath | None = None
    persistent_volume_claim: Claim | None = None


class PodSpec(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What a pod asks for (core/v1 PodSpec)."""

    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    ephemeral_containers: tuple[Container, ...] = ()
    volumes: tuple[Volume, ...] = ()
    host_network: bool = False
    host_pid: bool = field(default=False, name="hostPID")
    host_ipc: bool = field(default=False, name="hostIPC")
    node_name: str | None = None
    service_account_name: str = "default"
    """As whom it calls the API server."""
    node_selector: dict[str, str] = field(default_factory=dict)
    """Labels that a node must carry for the pod to run there."""

    def serving_containers(self) -> tuple[Container, ...]:
        """Give the containers that may serve others: main ones and sidecars."""
        sidecars = (item for item in self.init_containers if item.restart_policy == "Always")
        return (*sidecars, *self.containers)

    def all_containers(self) -> tuple[Container, ...]:
        """Give init, main and ephemeral containers: each runs in the pod at some time."""
        return (*self.init_containers, *self.containers, *self.ephemeral_containers)


class PodIP(Struct, frozen=True, gc=False, omit_defaults=True):
    """One address of a pod."""

    ip: str = ""


class PodStatus(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What became of a pod (core/v1 PodStatus)."""

    phase: str = ""
    pod_ip: str | None = field(default=None, name="podIP")
    pod_ips: tuple[PodIP, ...] = field(default=(), name="podIPs")

    def addresses(self) -> tuple[str, ...]:
        """Give the addresses, of either family; a source may hold the older field alone."""
        held = tuple(item.ip for item in self.pod_ips)
        return held or ((self.pod_ip,) if self.pod_ip else ())


class Pod(Struct, frozen=True, gc=False, omit_defaults=True):
    """A pod, read or made from a workload's template."""

    metadata: ObjectMeta
    spec: PodSpec = field(default_factory=PodSpec)
    status: PodStatus = field(default_factory=PodStatus)

    @property
    def has_network(self) -> bool:
        """Whether it can send and receive: finished pods have lost their address."""
        return self.status.phase not in ("Succeeded", "Failed")


class PodTemplate(Struct, frozen=True, gc=False, omit_defaults=True):
    """What a workload makes its pods from (core/v1 PodTemplateSpec)."""

    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: PodSpec = field(default_factory=PodSpec)


class TemplatedSpec(Struct, frozen=True, gc=False, omit_defaults=True):
    """The part of a workload's spec that holds its pod template."""

    template: PodTemplate | None = None


class Workload(Struct, frozen=True, gc=False, omit_defaults=True):
    """A Deployment, DaemonSet, StatefulSet, ReplicaSet, ReplicationController or Job."""

    metadata: ObjectMeta
    kind: str = ""
    spec: TemplatedSpec = field(default_factory=TemplatedSpec)

    def template(self) -> PodTemplate | None:
        """Give the template of its pods."""
        return self.spec.template


class JobTemplate(Struct, frozen=True, gc=False, omit_defaults=True):
    """What a CronJob makes its Jobs from."""

    spec: TemplatedSpec = field(default_factory=TemplatedSpec)


class CronJobSpec(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """The part of a CronJob's spec that holds its job template."""

    job_template: JobTemplate = field(default_factory=JobTemplate)


class CronJob(Struct, frozen=True, gc=False, omit_defaults=True):
    """A CronJob (batch/v1)."""

    metadata: ObjectMeta
    kind: str = ""
    spec: CronJobSpec = field(default_factory=CronJobSpec)

    def template(self) -> PodTemplate | None:
        """Give the template of its jobs' pods."""
        return self.spec.job_template.spec.template


AnyWorkload = Workload | CronJob


def mounted_host_path(mount: VolumeMount, volume: Volume) -> str | None:
    """Give the node's path that a mount shows, its `subPath` joined; None if not of the node.

    A `subPathExpr` is known only when the pod runs, so it is taken as showing the whole volume.
    """
    if volume.host_path is None or mount.name != volume.name:
        return None
    return posixpath.normpath(posixpath.join("/", volume.host_path.path, mount.sub_path))
