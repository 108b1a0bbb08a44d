"""What a cloud says of a cluster from outside: facts that Kubernetes itself does not hold."""

from msgspec import Struct


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
    evidence: tuple[CloudFact, ...] = ()


class CloudFacts(Struct, frozen=True, kw_only=True):
    """What a connector read of a cluster beside the way to it."""

    read_at: str
    """RFC 3339."""
    endpoint: ApiEndpoint | None = None
    """None where it was not read."""
    networks: tuple[str, ...] = ()
    """Ids of the networks that it sits in, as the cloud names them: VPC, subnets."""
