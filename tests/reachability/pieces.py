"""What policies are made of, each judged by itself: selectors, CIDRs, port items.

Each function answers "does this piece match?", and a piece that an API server would refuse never
does. A JSON null counts as absent.
"""

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Any, NamedTuple

Object = dict[str, Any]
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PROTOCOLS = ("TCP", "UDP", "SCTP")
INGRESS_PEER_FIELDS = ("namespaces", "pods")
EGRESS_PEER_FIELDS = (*INGRESS_PEER_FIELDS, "networks", "nodes", "domainNames")


class End(NamedTuple):
    """One end of a connection: a pod, or an address outside the cluster."""

    is_pod: bool
    namespace: str = ""
    namespace_labels: Mapping[str, str] = {}
    labels: Mapping[str, str] = {}
    addresses: tuple[Address, ...] = ()
    ports: tuple[tuple[str, str, int], ...] = ()
    """Name, protocol and number of the named container ports."""


def as_list(item: Object, field: str) -> list[Any]:
    """Give a list field; missing and null are empty."""
    return item.get(field) or []


def selects(selector: Object, labels: Mapping[str, str]) -> bool:
    """Whether a label selector matches (meta/v1 LabelSelector); an empty one matches all."""
    wanted = (selector.get("matchLabels") or {}).items()
    return all(labels.get(key) == value for key, value in wanted) and all(
        _holds(item, labels) for item in as_list(selector, "matchExpressions")
    )


def _holds(requirement: Object, labels: Mapping[str, str]) -> bool:
    key, values = requirement["key"], as_list(requirement, "values")
    match requirement["operator"]:
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return bool(values) and (key not in labels or labels[key] not in values)
        case "Exists":
            return not values and key in labels
        case "DoesNotExist":
            return not values and key not in labels
        case _:
            return False


def parsed_network(text: str | None) -> Network | None:
    """Parse a CIDR; bits behind the prefix are ignored, as the API servers do."""
    if text is None or not re.fullmatch(r"[0-9A-Fa-f.:]+/[0-9]{1,3}", text):
        return None
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def in_ip_block(block: Object, end: End) -> bool:
    """Whether an address of the end is in `cidr` and not in `except` (networking/v1 IPBlock)."""
    cidr = parsed_network(block.get("cidr"))
    holes = [parsed_network(text) for text in as_list(block, "except")]
    if cidr is None or not all(_is_inside(hole, cidr) for hole in holes):
        return False
    return any(
        address in cidr and not any(hole is not None and address in hole for hole in holes)
        for address in end.addresses
    )


def _is_inside(hole: Network | None, cidr: Network) -> bool:
    if isinstance(hole, IPv4Network) and isinstance(cidr, IPv4Network):
        return hole.subnet_of(cidr)
    if isinstance(hole, IPv6Network) and isinstance(cidr, IPv6Network):
        return hole.subnet_of(cidr)
    return False


def admin_peer_fields(peer: Object, direction: str) -> Object:
    """Give the fields of an admin policy's peer that its direction knows, and that are set."""
    known = INGRESS_PEER_FIELDS if direction == "ingress" else EGRESS_PEER_FIELDS
    return {field: peer[field] for field in known if peer.get(field) is not None}


def network_policy_port_matches(item: Object, server: End, protocol: str, port: int) -> bool:
    """Whether a port item of a NetworkPolicy matches (networking/v1 NetworkPolicyPort)."""
    wanted, last = item.get("port"), item.get("endPort")
    if (item.get("protocol") or "TCP") != protocol:
        return False
    if isinstance(wanted, str):
        return last is None and (wanted, protocol, port) in server.ports
    if wanted is None:
        return last is None
    return _in_range(wanted, wanted if last is None else last, port)


def v1alpha1_port_matches(item: Object, server: End, protocol: str, port: int) -> bool:
    """Whether a port item of an (Admin|BaselineAdmin)NetworkPolicy matches."""
    match _fields(item, ("portNumber", "portRange", "namedPort")):
        case [("portNumber", number)]:
            same = (number.get("protocol") or "TCP") == protocol
            return same and _in_range(number.get("port"), number.get("port"), port)
        case [("portRange", ports)]:
            same = (ports.get("protocol") or "TCP") == protocol
            return same and _in_cnp_range(ports, port)
        case [("namedPort", name)]:
            return (name, protocol, port) in server.ports
        case _:
            return False


def cnp_protocol_matches(item: Object, server: End, protocol: str, port: int) -> bool:
    """Whether an item of a ClusterNetworkPolicy rule's `protocols` matches."""
    match _fields(item, ("tcp", "udp", "sctp", "destinationNamedPort")):
        case [("destinationNamedPort", name)]:
            return (name, protocol, port) in server.ports
        case [(name, chosen)]:
            return name.upper() == protocol and _cnp_port_matches(chosen, port)
        case _:
            return False


def _cnp_port_matches(chosen: Object, port: int) -> bool:
    if chosen.get("destinationPort") is None:
        return True
    match _fields(chosen["destinationPort"], ("number", "range")):
        case [("number", number)]:
            return _in_range(number, number, port)
        case [("range", ports)]:
            return _in_cnp_range(ports, port)
        case _:
            return False


def _in_cnp_range(ports: Object, port: int) -> bool:
    start, end = ports.get("start"), ports.get("end")
    # Admin policies want two different ends.
    return start != end and _in_range(start, end, port)


def _in_range(first: int | None, last: int | None, port: int) -> bool:
    if first is None or last is None or not 1 <= first <= last <= 65535:
        return False
    return first <= port <= last


def _fields(item: Object, known: tuple[str, ...]) -> list[tuple[str, Any]]:
    return [(field, item[field]) for field in known if item.get(field) is not None]
