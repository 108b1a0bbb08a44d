"""The facts of one cluster: all that the checks judge, worked out once."""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property

from auditor.analysis.agreed import Agreed
from auditor.analysis.exposure.backends import BackendFinder
from auditor.analysis.exposure.chains import Chains
from auditor.analysis.exposure.door import Door
from auditor.analysis.exposure.doors import find_doors
from auditor.analysis.exposure.last_hop import LastHop
from auditor.analysis.exposure.paths import follow_doors
from auditor.analysis.exposure.routed import routed_ports
from auditor.analysis.exposure.serving import Site
from auditor.analysis.exposure.sites import site_of
from auditor.analysis.nodes import NodeFacts
from auditor.analysis.platform import describe_cni
from auditor.analysis.reachability.connections import Owners
from auditor.analysis.reachability.engine import Reachability
from auditor.analysis.reachability.isolated import Isolations
from auditor.analysis.reachability.plugin_profile import profile_of
from auditor.analysis.recognition.cni import RecognisedCni, recognise_cni
from auditor.analysis.recognition.cni_enforcement import Enforcement, enforcement_of
from auditor.analysis.recognition.distributions import recognise_distribution
from auditor.analysis.recognition.gateways import ServedGateway, serving_gateways
from auditor.analysis.recognition.managed_plugin import with_the_clouds_word
from auditor.analysis.recognition.meshes import SeenMesh, described, recognise_meshes
from auditor.analysis.recognition.software import RecognisedSoftware, recognise
from auditor.analysis.segmentation.matrix import Cell, Doubts, Matrices
from auditor.analysis.segments.assignment import SegmentMap, assign_segments
from auditor.analysis.segments.sharing import Dimension
from auditor.analysis.workloads import WorkloadIndex
from auditor.catalogue.contents import catalogue_with
from auditor.catalogue.distributions import distributions
from auditor.catalogue.gateway_controllers import gateway_controllers
from auditor.kube.inventory import Inventory
from auditor.kube.policies import NetworkPolicy
from auditor.kube.resources import (
    ADMIN_POLICIES,
    FOLLOWED_WAYS,
    NAMESPACES,
    NETWORK_POLICIES,
    NODES,
    OTHER_WAYS,
    PODS,
)
from auditor.model.agreement import Declaration
from auditor.model.audience import AddressSpace
from auditor.model.audit import Platform
from auditor.model.cluster import Cluster
from auditor.model.exposure import ROUTED, Exposure, Via
from auditor.model.identity import ObjectRef
from auditor.model.ports import PortSet, Protocol
from auditor.model.reading import ReadState
from auditor.settings.configuration import Configuration

REACHABILITY_RESTS_ON = (
    *ADMIN_POLICIES,
    NAMESPACES,
    NETWORK_POLICIES,
    NODES,
    PODS,
)
"""Resources of which one object more or less may change who can talk to whom."""


class Facts:
    """One inventory and what follows from it. Nothing here judges; the checks do."""

    def __init__(
        self,
        cluster: Cluster,
        inventory: Inventory,
        configuration: Configuration,
        at: datetime,
        assume_cni: str | None = None,
    ) -> None:
        """Bind an inventory to its cluster and to the configuration's view of it."""
        self.cluster = cluster
        self.inventory = inventory
        self.configuration = configuration
        self.at = at
        self.catalogue = catalogue_with(configuration.catalogue)
        self.space = AddressSpace.with_internal(configuration.internal_cidrs)
        self._assume_cni = assume_cni

    @cached_property
    def platform(self) -> Platform:
        """What the cluster runs on."""
        plugins = self.catalogue.plugins
        return Platform(
            self.inventory.kubernetes_version,
            describe_cni(self.inventory, self._network_plugin.cni, self._assume_cni, plugins),
            described(self.meshes),
            recognise_distribution(self.inventory, distributions(), self.nodes.cloud),
        )

    @cached_property
    def meshes(self) -> tuple[SeenMesh, ...]:
        """The service meshes that were seen, and the workloads that are in them."""
        return recognise_meshes(self.inventory, self.workloads, self.catalogue.meshes)

    @cached_property
    def enforcement(self) -> Enforcement:
        """Whether network policies are enforced, by what, and how that is known."""
        return enforcement_of(self._network_plugin, self.platform.cni, self.cluster.id)

    @cached_property
    def reachability(self) -> Reachability:
        """Who can talk to whom, as far as policies and the plugin that enforces them decide."""
        return self.reachability_with(())

    def reachability_with(self, added: tuple[NetworkPolicy, ...]) -> Reachability:
        """Work out who could talk to whom if there were some policies more."""
        inventory = self.inventory
        return Reachability(
            profile_of(self.platform.cni, self._network_plugin, self.catalogue.plugins),
            inventory.pods,
            inventory.namespaces,
            inventory.nodes,
            (*inventory.network_policies, *added, *inventory.admin_policies),
        )

    @cached_property
    def isolations(self) -> Isolations:
        """Which workloads something isolates, and where those may go that nothing does."""
        return Isolations(self.reachability)

    @cached_property
    def owners(self) -> Owners:
        """Which workloads the classes of `reachability` belong to."""
        return Owners(self.reachability, self.workloads)

    @cached_property
    def routed(self) -> Mapping[ObjectRef, PortSet]:
        """Ports of workloads that routes lead to whose controller is not in the input."""
        return routed_ports(
            door for door in self.doors_via(*ROUTED) if not door.comes_from and not door.refusal
        )

    @cached_property
    def reachability_gap(self) -> str | None:
        """Why no answer of `reachability` is sure: something that it rests on was not read whole.

        A source that does not provide a kind at all (manifests) is taken to hold none of it.
        """
        states = ((name, self.inventory.state(name)) for name in REACHABILITY_RESTS_ON)
        missing = [f"{name} is {state.value}" for name, state in states if state.is_shortfall]
        return ", ".join(missing) or None

    @cached_property
    def segmentation(self) -> tuple[Cell, ...]:
        """Between which tenants, and which risk levels, packets pass: both matrices."""
        doubts = Doubts(
            of_all=self.reachability_gap,
            of_closed=self._incomplete(NAMESPACES, NETWORK_POLICIES, PODS),
            of_open=self.policies_elsewhere,
            of_plugin=self.doubt_of_plugin,
        )
        made = Matrices(self.reachability, self.segments, self.owners)
        allowed = {frozenset(p) for p in self.configuration.risk_levels.may_share_network}
        return (
            *made.cells(Dimension.TENANT, doubts),
            *made.cells(Dimension.RISK_LEVEL, doubts, allowed),
        )

    @property
    def doubt_of_plugin(self) -> str:
        """Say why what may be let through is not known to be."""
        name = self.reachability.profile.name
        return self.enforcement.reason or f"it depends on {name} what its policies admit"

    @property
    def policies_elsewhere(self) -> str | None:
        """Say why what is open for want of a policy may not be: the source holds none at all."""
        if self.inventory.state(NETWORK_POLICIES) is ReadState.NOT_PROVIDED:
            return f"{NETWORK_POLICIES} is not-provided: they may be kept elsewhere"
        return None

    def _incomplete(self, *resources: str) -> str | None:
        states = ((name, self.inventory.state(name)) for name in resources)
        return ", ".join(f"{n} is {s.value}" for n, s in states if not s.is_complete) or None

    @cached_property
    def _network_plugin(self) -> RecognisedCni:
        seen = recognise_cni(self.inventory, self.catalogue.plugins)
        managed = self.cluster.cloud.plugin if self.cluster.cloud else None
        return with_the_clouds_word(seen, managed, self.inventory, self.cluster.id)

    @cached_property
    def workloads(self) -> WorkloadIndex:
        """The workloads and their pods."""
        return WorkloadIndex(self.inventory)

    @cached_property
    def nodes(self) -> NodeFacts:
        """The nodes and their addresses."""
        return NodeFacts(self.inventory, self.space, self.cluster.cloud)

    @cached_property
    def segments(self) -> SegmentMap:
        """Tenant and risk level of every namespace."""
        return assign_segments(self.cluster, self.inventory, self.configuration)

    @cached_property
    def backends(self) -> BackendFinder:
        """What Services send to."""
        return BackendFinder(self.inventory, self.workloads)

    @cached_property
    def site(self) -> Site:
        """What helps to tell load balancers apart."""
        return site_of(
            self.cluster,
            self.inventory,
            self.catalogue,
            self.workloads,
            self.nodes,
            self.space,
        )

    @cached_property
    def doors(self) -> tuple[Door, ...]:
        """Every door into the cluster, in the order of its objects."""
        return find_doors(
            self.cluster,
            self.inventory,
            self.site,
            self.workloads,
            self.nodes,
            self.backends,
            self.catalogue.controllers,
            self.gateways,
        )

    @cached_property
    def isolation(self) -> LastHop:
        """Which policies stand between a door and its pods."""
        return LastHop(
            self.inventory, self.platform, self.reachability, self.reachability_gap, self.space
        )

    @cached_property
    def chains(self) -> Chains:
        """What becomes of whoever dials a door, hop by hop."""
        return Chains(self.isolation, self.space)

    @cached_property
    def recognised(self) -> RecognisedSoftware:
        """Which software each workload is, as far as the catalogue knows it."""
        return recognise(self.inventory, self.workloads, self.catalogue)

    @cached_property
    def exposures(self) -> tuple[Exposure, ...]:
        """Every door followed to each of its targets."""
        return follow_doors(self.cluster.id, self.doors, self.chains, self.recognised)

    @cached_property
    def unfollowed(self) -> tuple[str, ...]:
        """Why a way may lead in that nobody followed, kind by kind; empty where none can.

        A source that does not provide a kind at all (manifests) is taken to hold none of it.
        """
        followed = {resource.name for resource in FOLLOWED_WAYS}
        reasons = []
        for name in OTHER_WAYS:
            state, there = self.inventory.state(name), self.inventory.other_ways.get(name, ())
            if state.is_shortfall:
                reasons.append(f"{name} is {state.value}")
            elif there and name not in followed:
                reasons.append(f"{len(there)} {name}, which this version does not follow")
        return tuple(reasons)

    @cached_property
    def gateways(self) -> tuple[ServedGateway, ...]:
        """The Gateways, and who serves each."""
        return tuple(serving_gateways(self.inventory, gateway_controllers()))

    def doors_via(self, *vias: Via) -> tuple[Door, ...]:
        """Give the doors of some sorts."""
        return tuple(door for door in self.doors if door.entry.via in vias)

    @cached_property
    def agreed(self) -> Agreed:
        """The declarations that speak of the cluster, held against its exposures."""
        return Agreed(self.cluster.id, self.at.date(), self.configuration.declarations)

    def declarations_for(
        self, workload: ObjectRef, port: int | None, protocol: Protocol | None
    ) -> tuple[Declaration, ...]:
        """Give the declarations in force that speak of a port of a workload."""
        return tuple(
            declaration
            for declaration in self.configuration.declarations
            if port is not None
            and protocol is not None
            and not declaration.is_expired(self.at.date())
            and declaration.covers(
                self.cluster.id, workload.namespace or "", str(workload), port, protocol
            )
        )
