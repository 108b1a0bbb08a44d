"""What a network plugin does where the API leaves it open.

The NetworkPolicy API defines much and leaves some to the plugin: whether `ipBlock` speaks of pods
and nodes too, what becomes of pods on the node's network, whether a range of ports is honoured.
What is not known of a plugin is `UNKNOWN` here, and an answer that depends on it says so.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct


class Known(StrEnum):
    """Whether something is so."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, value: bool | None) -> "Known":  # noqa: FBT001 - it is the value itself
        """Take over a truth value, None where nobody knows."""
        return cls.UNKNOWN if value is None else cls.YES if value else cls.NO


class Directions(Struct, frozen=True):
    """What is known of either direction."""

    ingress: Known
    egress: Known


class Profile(Struct, frozen=True, kw_only=True):
    """How one cluster's network plugin takes policies."""

    name: str
    """As people call it, in reasons."""
    enforces: Directions
    """Whether NetworkPolicies have an effect."""
    on_nodes: Mapping[str, Directions] = {}
    """By name, the nodes on which it is otherwise."""
    admin: Known
    """Whether Admin and Baseline policies have an effect where NetworkPolicies have."""
    end_port: Known
    """Whether a range of ports is taken as one; else only its first port counts."""
    ip_blocks_cover_pods: Known
    """Whether `ipBlock` also speaks of pods by their addresses (REACHABILITY rule 21)."""
    ip_blocks_cover_nodes: Known
    networks_cover_pods: Known
    """Whether `networks` of admin policies also speaks of pods, as its API says it does."""
    host_network: Known
    """Whether pods on the node's network are judged like others, as subjects and as peers."""
    admin_host_network: Known
    """The same in admin policies, whose API excludes them."""


REFERENCE_PROFILE = Profile(
    name="reference",
    enforces=Directions(Known.YES, Known.YES),
    admin=Known.YES,
    end_port=Known.YES,
    ip_blocks_cover_pods=Known.NO,
    ip_blocks_cover_nodes=Known.NO,
    networks_cover_pods=Known.NO,
    host_network=Known.YES,
    admin_host_network=Known.YES,
)
"""Enforces everything, reads blocks as outside addresses, judges every pod like any other
(`docs/contract.md`, Enforcement)."""
