"""Doors that are not followed: read only to know that they are there."""

from msgspec import Struct

from auditor.kube.meta import ObjectMeta


class OtherWay(Struct, frozen=True, gc=False, omit_defaults=True):
    """A door whose audience and target are not read."""

    metadata: ObjectMeta
