"""Clusters with policies, of any size; the same numbers give the same cluster."""

from random import Random

from msgspec import Struct

from auditor.kube.cluster_scope import Namespace
from auditor.kube.meta import ObjectMeta
from auditor.kube.pods import Container, ContainerPort, Pod, PodIP, PodSpec, PodStatus
from auditor.kube.policies import (
    IPBlock,
    NetworkPolicy,
    NetworkPolicySpec,
    PolicyPeer,
    PolicyPort,
    PolicyRule,
)
from auditor.kube.selectors import LabelSelector, Operator, Requirement
from auditor.model.ports import Protocol

PODS_IN_NAMESPACE = 50
_APPS = ("web", "api", "worker", "cache", "db", "queue", "auth", "search", "mail", "report")
_TEAMS = ("red", "blue", "green", "grey")


class GeneratedCluster(Struct, frozen=True):
    """What an engine is built from."""

    pods: tuple[Pod, ...]
    namespaces: tuple[Namespace, ...]
    policies: tuple[NetworkPolicy, ...]


def ordinary(workloads: int, policies: int, replicas: int = 1, seed: int = 1) -> GeneratedCluster:
    """Write a cluster as people have them: a default deny here and there, rules by app and team.

    One policy in five has an address block with a hole; named ports and ranges of ports occur.
    """
    random = Random(seed)
    count = max(1, workloads * replicas // PODS_IN_NAMESPACE)
    namespaces = tuple(
        Namespace(ObjectMeta(f"ns-{n}", labels={"team": _TEAMS[n % 4], "tier": str(n % 3)}))
        for n in range(count)
    )
    pods = [
        _pod(number, replica, f"ns-{number % count}")
        for number in range(workloads)
        for replica in range(replicas)
    ]
    rules = tuple(_policy(number, f"ns-{number % count}", random) for number in range(policies))
    return GeneratedCluster(tuple(pods), namespaces, rules)


def hostile(workloads: int, policies: int, seed: int = 1) -> GeneratedCluster:
    """Write a cluster that no two pods of which are alike, with ranges of ports by chance."""
    random = Random(seed)
    count = max(1, workloads // PODS_IN_NAMESPACE)
    namespaces = tuple(Namespace(ObjectMeta(f"ns-{n}", labels={"n": str(n)})) for n in range(count))
    pods = []
    for number in range(workloads):
        labels = {f"k{n}": str(random.randrange(8)) for n in range(8)} | {"id": str(number)}
        metadata = ObjectMeta(f"pod-{number}", f"ns-{number % count}", labels=labels)
        pods.append(Pod(metadata, PodSpec((Container("c", "app"),))))
    made = []
    for number in range(policies):
        rules = tuple(
            PolicyRule(
                sources=(_by_chance(random),),
                destinations=(_by_chance(random),),
                ports=(_range_by_chance(random),),
            )
            for _ in range(2)
        )
        selector = LabelSelector({f"k{random.randrange(8)}": str(random.randrange(8))})
        spec = NetworkPolicySpec(selector, ("Ingress", "Egress"), rules, rules)
        made.append(NetworkPolicy(ObjectMeta(f"p-{number}", f"ns-{number % count}"), spec))
    return GeneratedCluster(tuple(pods), namespaces, tuple(made))


def _pod(number: int, replica: int, namespace: str) -> Pod:
    app = _APPS[number // 7 % len(_APPS)]
    port = 8000 + number % 10
    labels = {"app": app, "version": f"v{number % 2}", "name": f"{app}-{number}"}
    address = f"10.{number >> 8 & 255}.{number & 255}.{replica + 1}"
    return Pod(
        ObjectMeta(f"{app}-{number}-{replica}", namespace, labels=labels),
        PodSpec((Container("c", "app", ports=(ContainerPort(port, name="http"),)),)),
        PodStatus("Running", address, (PodIP(address),)),
    )


def _policy(number: int, namespace: str, random: Random) -> NetworkPolicy:
    metadata = ObjectMeta(f"policy-{number}", namespace)
    if number % 10 == 0:
        return NetworkPolicy(metadata, NetworkPolicySpec(policy_types=("Ingress", "Egress")))
    app, other = random.choice(_APPS), random.choice(_APPS)
    peers = [PolicyPeer(pod_selector=LabelSelector({"app": other}))]
    if number % 3 == 0:
        peers.append(
            PolicyPeer(
                LabelSelector({"app": other}), LabelSelector({"team": random.choice(_TEAMS)})
            )
        )
    if number % 5 == 0:
        block = IPBlock(f"172.{number % 16 + 16}.0.0/16", (f"172.{number % 16 + 16}.4.0/24",))
        peers.append(PolicyPeer(ip_block=block))
    if number % 7 == 0:
        wanted = Requirement("version", Operator.IN, ("v0",))
        peers.append(PolicyPeer(LabelSelector(match_expressions=(wanted,)), LabelSelector()))
    ports = (
        PolicyPort("TCP", "http" if number % 4 == 0 else 8000 + number % 10),
        *((PolicyPort("TCP", 9000, 9100),) if number % 6 == 0 else ()),
    )
    dns = PolicyRule(
        destinations=(PolicyPeer(namespace_selector=LabelSelector()),),
        ports=(PolicyPort("UDP", 53), PolicyPort("TCP", 53)),
    )
    own = tuple(peers)
    spec = NetworkPolicySpec(
        LabelSelector({"app": app}),
        ("Ingress", "Egress") if number % 2 else ("Ingress",),
        (PolicyRule(sources=own, ports=ports),),
        (PolicyRule(destinations=own, ports=ports), dns) if number % 2 else (),
    )
    return NetworkPolicy(metadata, spec)


def _by_chance(random: Random) -> PolicyPeer:
    labels = {f"k{random.randrange(8)}": str(random.randrange(8))}
    return PolicyPeer(LabelSelector(labels), LabelSelector())


def _range_by_chance(random: Random) -> PolicyPort:
    first = random.randrange(1, 60000)
    return PolicyPort(Protocol.TCP, first, first + random.randrange(5000))


def segmented(workloads: int, tenants: int, replicas: int = 1) -> GeneratedCluster:
    """Write a cluster whose tenants are kept apart, but for a rule here and there by name.

    Every namespace denies what is not admitted, and admits its own tenant, one app of the tenant
    before and to one of the tenant after. Namespaces carry the label `tenant`.
    """
    count = max(1, workloads * replicas // PODS_IN_NAMESPACE)
    namespaces = tuple(
        Namespace(ObjectMeta(f"ns-{n}", labels={"tenant": f"t{n % tenants}"})) for n in range(count)
    )
    pods = [
        _pod(number, replica, f"ns-{number % count}")
        for number in range(workloads)
        for replica in range(replicas)
    ]
    both, everyone = ("Ingress", "Egress"), LabelSelector()
    made = []
    for n in range(count):
        home = f"ns-{n}"
        own = (PolicyPeer(namespace_selector=LabelSelector({"tenant": f"t{n % tenants}"})),)
        before = (_app_of(n % len(_APPS), (n - 1) % tenants),)
        after = (_app_of(n % len(_APPS), (n + 1) % tenants),)
        within = NetworkPolicySpec(everyone, both, (PolicyRule(own),), (PolicyRule((), own),))
        hosts = NetworkPolicySpec(everyone, both, (PolicyRule(before),), (PolicyRule((), after),))
        made.append(NetworkPolicy(ObjectMeta("deny", home), NetworkPolicySpec(policy_types=both)))
        made.append(NetworkPolicy(ObjectMeta("within", home), within))
        made.append(NetworkPolicy(ObjectMeta("hosts", home), hosts))
    return GeneratedCluster(tuple(pods), namespaces, tuple(made))


def _app_of(app: int, tenant: int) -> PolicyPeer:
    return PolicyPeer(LabelSelector({"app": _APPS[app]}), LabelSelector({"tenant": f"t{tenant}"}))
