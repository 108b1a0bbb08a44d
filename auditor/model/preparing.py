"""Working out types before threads do.

msgspec works out how to fill a type when something is first converted into it. Two threads that do
so at once may read what the other has half written, and the process dies (seen with msgspec 0.22.0
as a segmentation fault in `msgspec.convert`, in one of ten processes with eight such threads).
"""

from collections.abc import Iterator

import msgspec
from msgspec import Struct


def prepare_types() -> None:
    """Work out every type that has been imported; call it before threads convert anything.

    It takes about 30 ms, and less the second time.
    """
    for known in _below(Struct):
        try:
            msgspec.json.Decoder(known)
        except (NameError, TypeError):
            # Nothing is ever converted into it: a union that msgspec cannot tell apart, or a type
            # with open parameters.
            continue


def _below(parent: type[Struct]) -> Iterator[type[Struct]]:
    children: list[type[Struct]] = parent.__subclasses__()
    for child in children:
        yield child
        yield from _below(child)
