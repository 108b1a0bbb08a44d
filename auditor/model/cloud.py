"""What a cloud says of a cluster from outside: facts that Kubernetes itself does not hold.

A part that was not read is None, never empty: what is empty was read, and nothing is there.
"""

from msgspec import Struct

from auditor.model.ports import Protocol


class CloudFact(Struct, frozen=True):
    """One field as the cloud's API gives it, for people to check."""

    field: str
    """As the cloud's own documentation names it."""
    value: str


class ApiEndpoint(Struct, frozen=True, kw_only=True):
    """Where the cloud lets the API server be dialled, and by whom."""

    is_public: bool
    """Whether there is an endpoint that public addresses can dial."""
    is_private: bool | None = None
    """Whether there is one inside the private network; None where the cloud does not say."""
    allowed: tuple[str, ...] | None = None
    """Sources that the public endpoint admits, as CIDRs; None where that was not read. A cloud that
    takes no list for everyone has to be given as everyone."""
    also_admits: str | None = None
    """Whom it admits beside those, where no list names them: `all of a cloud's own addresses`."""
    evidence: tuple[CloudFact, ...] = ()


class FirewallRule(Struct, frozen=True, kw_only=True):
    """What a firewall admits; what no rule admits is dropped."""

    name: str
    """Who holds the rule, as the cloud names it: a security group, a firewall rule."""
    sources: tuple[str, ...]
    """CIDRs."""
    protocol: Protocol | None = None
    """None: every protocol."""
    first_port: int = 0
    last_port: int = 65535

    def covers(self, port: int, protocol: Protocol) -> bool:
        """Whether the rule speaks of a port."""
        is_protocol = self.protocol is None or self.protocol is protocol
        return is_protocol and self.first_port <= port <= self.last_port


class Listener(Struct, frozen=True, kw_only=True):
    """A port at which a load balancer takes connections."""

    port: int
    protocol: Protocol
    targets: str | None = None
    """What it passes them to, in the cloud's own word: `instance`, `ip`."""


class CloudBalancer(Struct, frozen=True, kw_only=True):
    """A load balancer as the cloud has it, whatever asked for it."""

    name: str
    kind: str
    """In the cloud's own word: `network`, `application`, `classic`."""
    is_internet_facing: bool | None
    """None where the cloud does not say."""
    hostname: str = ""
    """The name that it is dialled by, in small letters; empty where it has none."""
    addresses: tuple[str, ...] = ()
    """Those that it is dialled at, where the cloud fixes them."""
    listeners: tuple[Listener, ...] | None = None
    """None where they were not read."""
    firewall: tuple[FirewallRule, ...] | None = None
    """What the firewalls directly before it admit; None where there is none, or it was not read."""
    doubt: str | None = None
    """Why the firewalls may admit others too, or nobody read them; None: `firewall` is all."""
    evidence: tuple[CloudFact, ...] = ()


class CloudNodePool(Struct, frozen=True, kw_only=True):
    """A pool of nodes as the cloud has it, even while it has no node."""

    name: str
    """As the label of its nodes says it."""
    has_public_addresses: bool | None = None
    """Whether its nodes are given internet addresses; None where that was not read."""
    evidence: tuple[CloudFact, ...] = ()


class ManagedPlugin(Struct, frozen=True, kw_only=True):
    """The network plugin that the cloud itself installs and switches."""

    plugin: str
    """Its id in the catalogue of network plugins."""
    enforces: bool | None = None
    """Whether NetworkPolicy is switched on in it. Another engine may stand beside it."""
    evidence: tuple[CloudFact, ...] = ()


class CloudFacts(Struct, frozen=True, kw_only=True):
    """What a connector read of a cluster beside the way to it."""

    read_at: str
    """RFC 3339."""
    endpoint: ApiEndpoint | None = None
    networks: tuple[str, ...] = ()
    """Ids of the networks that it sits in, as the cloud names them: VPC, subnets."""
    peers: tuple[str, ...] | None = None
    """Ids of the networks that these are peered with."""
    hubs: tuple[str, ...] | None = None
    """Ids of what joins these with others as its own routes say: transit gateways, virtual hubs."""
    balancers: tuple[CloudBalancer, ...] | None = None
    """The load balancers of its networks, of other clusters too."""
    pools: tuple[CloudNodePool, ...] | None = None
    plugin: ManagedPlugin | None = None
    settings: tuple[CloudFact, ...] = ()
    """Whatever else a person who checks the cluster wants to see."""
