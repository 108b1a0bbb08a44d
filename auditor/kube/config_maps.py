"""ConfigMaps that a rule names, reduced to the entries that it names (core/v1)."""

from msgspec import Struct, field

from auditor.kube.meta import ConfigData, ObjectMeta


class ConfigMap(Struct, frozen=True, gc=False, omit_defaults=True):
    """Settings of a system component (core/v1 ConfigMap)."""

    metadata: ObjectMeta
    data: ConfigData = field(default_factory=ConfigData)

    @property
    def full_name(self) -> str:
        """Give `namespace/name`, as rules name it."""
        return f"{self.metadata.namespace}/{self.metadata.name}"
