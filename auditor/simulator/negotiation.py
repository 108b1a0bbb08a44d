"""What a client accepts: whole objects, their metadata alone, or aggregated discovery."""

from collections.abc import Iterator
from enum import StrEnum

_JSON = frozenset({"application/json", "application/*", "*/*"})
_META = {"g": "meta.k8s.io", "v": "v1"}


class Form(StrEnum):
    """In what form objects are given."""

    WHOLE = "whole"
    METADATA = "metadata"


def object_form(accept: str, partial: str) -> Form | None:
    """Give the first form that a client accepts and that we can write; None if there is none.

    `partial` is the kind that stands for metadata alone: PartialObjectMetadata, or its list.
    """
    for parameters in _json_clauses(accept):
        if parameters == _META | {"as": partial}:
            return Form.METADATA
        if not parameters:
            return Form.WHOLE
    return None


def discovery_form(accept: str, served: frozenset[str]) -> str | None:
    """Give the version of apidiscovery.k8s.io that a client prefers; None for plain discovery."""
    for parameters in _json_clauses(accept):
        group, kind = parameters.get("g"), parameters.get("as")
        if (group, kind) == ("apidiscovery.k8s.io", "APIGroupDiscoveryList"):
            version = parameters.get("v", "")
            if version in served:
                return version
        elif not parameters:
            return None
    return None


def aggregated_type(form: str) -> str:
    """Give the Content-Type of aggregated discovery."""
    return f"application/json;g=apidiscovery.k8s.io;v={form};as=APIGroupDiscoveryList"


def _json_clauses(accept: str) -> Iterator[dict[str, str]]:
    """Give the parameters of each clause that asks for JSON, without its weight, in order."""
    for clause in (accept or "*/*").split(","):
        media, *rest = (part.strip() for part in clause.split(";"))
        if media in _JSON:
            pairs = [part.partition("=") for part in rest]
            yield {name: value for name, _, value in pairs if name not in ("q", "charset")}
