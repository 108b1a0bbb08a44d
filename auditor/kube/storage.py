"""File shares that volumes come from, and what binds them to pods (core/v1)."""

from msgspec import Struct, field

from auditor.kube.meta import ObjectMeta


class NfsSource(Struct, frozen=True, gc=False, omit_defaults=True):
    """A folder of an NFS server (NFSVolumeSource)."""

    server: str = ""


class IscsiSource(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """A disk of an iSCSI target (ISCSIVolumeSource)."""

    target_portal: str = ""
    """Its address, with a port where that is not the usual one."""


class CsiAttributes(Struct, frozen=True, gc=False, omit_defaults=True):
    """The attributes in which drivers for NFS and SMB name their server; no other is kept."""

    server: str = ""
    source: str = ""
    """`//server/share`."""


class CsiSource(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """A volume of a CSI driver (CSIVolumeSource, CSIPersistentVolumeSource)."""

    driver: str = ""
    volume_attributes: CsiAttributes = field(default_factory=CsiAttributes)


class FlexOptions(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """The option in which drivers for SMB name their share; no other is kept."""

    network_path: str = ""
    """`//server/share`."""


class FlexSource(Struct, frozen=True, gc=False, omit_defaults=True):
    """A volume of a FlexVolume driver."""

    driver: str = ""
    options: FlexOptions = field(default_factory=FlexOptions)


class ShareSource(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """The sorts of volumes that a server in the network serves."""

    nfs: NfsSource | None = None
    iscsi: IscsiSource | None = None
    csi: CsiSource | None = None
    flex_volume: FlexSource | None = None


class ClaimRef(Struct, frozen=True, gc=False, omit_defaults=True):
    """The claim that a volume is bound to."""

    namespace: str = ""
    name: str = ""


class PersistentVolumeSpec(ShareSource, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Where a persistent volume comes from, and who has it."""

    claim_ref: ClaimRef | None = None


class PersistentVolume(Struct, frozen=True, gc=False, omit_defaults=True):
    """A persistent volume."""

    metadata: ObjectMeta
    spec: PersistentVolumeSpec = field(default_factory=PersistentVolumeSpec)


class PersistentVolumeClaimSpec(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Which volume a claim is bound to."""

    volume_name: str = ""


class PersistentVolumeClaim(Struct, frozen=True, gc=False, omit_defaults=True):
    """A claim, by which pods name a persistent volume."""

    metadata: ObjectMeta
    spec: PersistentVolumeClaimSpec = field(default_factory=PersistentVolumeClaimSpec)
