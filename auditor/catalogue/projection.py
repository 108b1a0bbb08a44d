"""Which annotations and flags the catalogue's rules read: all that may enter an inventory."""

from msgspec import Struct

from auditor.catalogue.ingress_controllers import (
    CLASS_ANNOTATION,
    DEFAULT_CLASS_ANNOTATION,
    ingress_controllers,
)
from auditor.catalogue.load_balancers import SOURCE_RANGES_ANNOTATION, load_balancer_providers
from auditor.catalogue.software import software


class NamedFields(Struct, frozen=True):
    """What the catalogue's rules name."""

    annotations: frozenset[str]
    flags: frozenset[str]
    env_names: frozenset[str]


def named_fields() -> NamedFields:
    """Collect every annotation key, flag and environment variable name of all rules."""
    providers = load_balancer_providers()
    annotations = frozenset().union(*(provider.annotation_keys() for provider in providers))
    controllers = ingress_controllers()
    annotations |= frozenset().union(*(item.annotation_keys() for item in controllers))
    flags = [provider.default.flag for provider in providers]
    flags += [item.default.flag for item in controllers if item.default]
    entries = software().values()
    flags += [name for entry in entries for name in entry.flags_with_value()]
    return NamedFields(
        annotations | {SOURCE_RANGES_ANNOTATION, CLASS_ANNOTATION, DEFAULT_CLASS_ANNOTATION},
        frozenset(flag for flag in flags if flag),
        env_names=frozenset(name for entry in entries for name in (*entry.env, *entry.risky_env)),
    )
