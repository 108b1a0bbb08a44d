"""The segmentation matrix by naive means: every pair of pods, at every port that may tell.

Shares no code with the engine or with the matrix that is made of it.
"""

from collections.abc import Iterable, Mapping
from itertools import permutations, product

from tests.reachability.naive import Naive

Cell = tuple[str | None, str | None]
"""From a value to a value; None stands for namespaces of which none is told."""


def matrix(
    naive: Naive, values: Mapping[str, tuple[str, ...]], ports: Iterable[int]
) -> dict[Cell, str]:
    """Give the state of each border, by the values of each namespace.

    A namespace that is not in `values` is the system's, and is left out.
    """
    asked = [(protocol, port) for protocol in ("TCP", "UDP", "SCTP") for port in sorted(ports)]
    pods = {name: home for name, home in naive.pods().items() if home in values}
    seen = {value for home in pods.values() for value in values[home] or (None,)}
    untold = {home for home in pods.values() if not values[home]}
    states = {
        (one, other): "separated"
        for one, other in product(seen, seen)
        if one != other or (one is None and len(untold) > 1)
    }
    for (source, here), (destination, there) in product(pods.items(), pods.items()):
        if here == there:
            continue
        state = _state(naive, source, destination, asked)
        for cell in product(values[here] or (None,), values[there] or (None,)):
            if cell in states:
                states[cell] = max(states[cell], state, key=_ORDER.index)
    # Whose a workload is cannot be told in a namespace of two values.
    shared = {cell for home in pods.values() for cell in permutations(values[home], 2)}
    return {
        cell: "unknown"
        if (None in cell and state != "separated") or (cell in shared and state != "open")
        else state
        for cell, state in states.items()
    }


_ORDER = ("separated", "by-rule", "open")


def _state(naive: Naive, source: str, destination: str, asked: list[tuple[str, int]]) -> str:
    through = [item for item in asked if naive.allows(source, destination, *item)]
    if not through:
        return "separated"
    return "open" if any(naive.opens(source, destination, *item) for item in through) else "by-rule"
