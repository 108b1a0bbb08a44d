"""From the network plugin that was recognised, or assumed, to how it takes policies."""

from collections.abc import Mapping

from auditor.analysis.reachability.profile import REFERENCE_PROFILE, Directions, Known, Profile
from auditor.analysis.recognition.cni import RecognisedCni
from auditor.analysis.recognition.cni_enforcement import enforces_feature
from auditor.catalogue.cni_plugins import REFERENCE, CniPlugin, Feature, LeftOpen
from auditor.model.audit import Cni, Enforces

_DIRECTIONS = {
    Enforces.FULL: Directions(Known.YES, Known.YES),
    Enforces.INGRESS: Directions(Known.YES, Known.NO),
    Enforces.EGRESS: Directions(Known.NO, Known.YES),
    Enforces.NONE: Directions(Known.NO, Known.NO),
    Enforces.MIXED: Directions(Known.UNKNOWN, Known.UNKNOWN),
    Enforces.UNKNOWN: Directions(Known.UNKNOWN, Known.UNKNOWN),
}
_FEATURE = {Enforces.FULL: Known.YES, Enforces.NONE: Known.NO}


def profile_of(cni: Cni, recognised: RecognisedCni, plugins: Mapping[str, CniPlugin]) -> Profile:
    """Tell how a cluster's plugin takes policies; what is not known of it stays unknown.

    An assumed plugin is taken in any version.
    """
    if cni.assumed and cni.name == REFERENCE:
        return REFERENCE_PROFILE
    plugin = plugins.get(cni.name or "") if cni.assumed else recognised.engine
    versions: tuple[str | None, ...] = (None,) if cni.assumed else recognised.versions
    left_open = (plugin.leaves_open if plugin else None) or LeftOpen(source="")
    admin = _known(plugin.admin_policies if plugin else None, versions)
    return Profile(
        name=cni.policy_engine or cni.name or "the network plugin",
        enforces=_DIRECTIONS[cni.enforces],
        on_nodes={}
        if cni.assumed
        else {node: _DIRECTIONS[value] for node, value in recognised.by_node.items()},
        admin=admin,
        end_port=_known(plugin.end_port if plugin else None, versions),
        ip_blocks_cover_pods=Known.of(left_open.ip_blocks_cover_pods),
        ip_blocks_cover_nodes=Known.of(left_open.ip_blocks_cover_nodes),
        # The API says that they do; who does not implement the API is not asked.
        networks_cover_pods=Known.YES if admin is Known.YES else Known.UNKNOWN,
        host_network=Known.of(left_open.host_network_is_judged),
        admin_host_network=Known.NO,
    )


def _known(feature: Feature | None, versions: tuple[str | None, ...]) -> Known:
    return _FEATURE.get(enforces_feature(feature, versions), Known.UNKNOWN)
