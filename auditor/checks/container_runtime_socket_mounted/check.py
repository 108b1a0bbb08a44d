"""A container holds the control socket of the container runtime.

## What it reports
A workload with a container that mounts, through `hostPath`, the socket of Docker, containerd (k3s
too), CRI-O, cri-dockerd, Podman or BuildKit, or a folder above one (`/`, `/run`, `/var/run`).
Read-only mounts count: a socket is spoken to, not written. `/var/lib/kubelet` alone does not count.

## Why it matters
Whoever speaks to the runtime starts a privileged container: root on the node.

## How to fix
Remove the volume. To build images use a builder that needs no socket of the node; to watch
containers use the kubelet's or the API server's interfaces.

## Subject and identity
The workload. One finding for each; the evidence lists every mount; no discriminator.

## Known gaps
A hostPath behind a PersistentVolume is not followed. A `subPathExpr` counts as the whole volume.

## References
OWASP Docker D03 (host services); Kubernetes Pod Security Standards, baseline, "HostPath Volumes".
"""

from collections.abc import Iterator

from auditor.analysis.facts import Facts
from auditor.catalogue.frameworks import Topic
from auditor.catalogue.host_services import RuntimeSocket, host_services
from auditor.checks.check import Check, Control, Family, Judgement, NoParameters
from auditor.kube.pods import Pod, mounted_host_path
from auditor.kube.resources import PODS
from auditor.model.exposure import Hop
from auditor.model.identity import ObjectRef
from auditor.model.verdict import Severity, Verdict


def _judge(facts: Facts, _: NoParameters) -> Iterator[Judgement]:
    for workload in facts.workloads:
        hops = next(
            (found for pod in workload.pods if (found := tuple(_hops(workload.ref, pod)))), ()
        )
        clear = Hop(str(workload.ref), "spec.volumes[].hostPath", "no runtime socket mounted")
        yield Judgement(
            subject=workload.ref,
            verdict=Verdict.FAIL if hops else Verdict.PASS,
            summary=f"{workload.ref} {'can' if hops else 'cannot'} speak to the container runtime",
            evidence=hops or (clear,),
        )


def _hops(ref: ObjectRef, pod: Pod) -> Iterator[Hop]:
    for container in pod.spec.all_containers():
        for mount in container.volume_mounts:
            for volume in pod.spec.volumes:
                path = mounted_host_path(mount, volume)
                socket = _socket_at(path) if path else None
                if path and socket:
                    field = f"spec.containers[{container.name}].volumeMounts[{mount.name}]"
                    note = f"holds {socket.path}, the socket of {socket.runtime}"
                    yield Hop(str(ref), field, path, note)


def _socket_at(path: str) -> RuntimeSocket | None:
    """Find a socket at a node's path or below it; `/var/run` is a link to `/run`."""
    resolved = path.removeprefix("/var") if f"{path}/".startswith("/var/run/") else path
    folder = f"{resolved.rstrip('/')}/"
    for socket in host_services().runtime_sockets:
        if socket.path == resolved or socket.path.startswith(folder):
            return socket
    return None


CHECK = Check(
    slug="container-runtime-socket-mounted",
    family=Family.HOST,
    severity=Severity.CRITICAL,
    title="Container mounts the socket of the container runtime",
    remediation="Remove the hostPath volume that holds the runtime's socket.",
    needs=frozenset({PODS}),
    subjects_from=frozenset({PODS}),
    judge=_judge,
    controls=(Control.DOCKER_D03,),
    topics=(Topic.HOST_ACCESS,),
    nothing_to_judge="no pod",
)
