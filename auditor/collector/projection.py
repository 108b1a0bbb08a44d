"""What may enter an inventory: what the catalogue's rules and the configuration name."""

from auditor.catalogue.contents import catalogue_with
from auditor.catalogue.projection import named_fields
from auditor.kube.meta import SCRAPE, SCRAPE_PORT, Projection
from auditor.settings.configuration import Configuration, MetadataSource


def projection_for(
    configuration: Configuration, *, with_host_references: bool = False
) -> Projection:
    """Collect the annotations, flags and environment names that some rule reads.

    Hosts that settings name are kept where they are asked for: no check reads them.
    """
    named = named_fields(catalogue_with(configuration.catalogue))
    sources = (
        source for rule in configuration.segments for source in (rule.tenant, rule.risk_level)
    )
    configured = frozenset(
        source.namespace_annotation
        for source in sources
        if isinstance(source, MetadataSource) and source.namespace_annotation
    )
    return Projection(
        annotations=named.annotations | configured | {SCRAPE, SCRAPE_PORT},
        flags=named.flags,
        env_names=named.env_names,
        config_maps=named.config_maps,
        host_references=with_host_references,
    )
