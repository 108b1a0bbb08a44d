"""Doors that this version does not follow: read only to know that they are there."""

from msgspec import Struct

from auditor.kube.meta import ObjectMeta


class OtherWay(Struct, frozen=True, gc=False, omit_defaults=True):
    """A Gateway, Route or the like; what it admits and where it leads is not read."""

    metadata: ObjectMeta
