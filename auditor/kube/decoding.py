"""Bytes to typed objects, one object at a time, so that a malformed one costs only itself."""

import json
from typing import Any

import msgspec
from msgspec import Raw, Struct, field

from auditor.kube.meta import ObjectMeta, Projection, decoding_hook
from auditor.kube.resources import RESOURCES, Resource

DEFAULT_NAMESPACE = "default"
"""Where kubectl puts an object that names no namespace."""


class DecodeError(ValueError):
    """An object cannot be understood; the message says what is wrong, in one line."""


class ListMeta(Struct, frozen=True):
    """What a list says of itself (meta/v1 ListMeta)."""

    continue_token: str = field(default="", name="continue")
    """Set where more pages follow: the list is a part."""


class TypeMeta(Struct, frozen=True, rename="camel"):
    """What a document says it is; `items` where it is a list of any sort."""

    api_version: str = ""
    kind: str = ""
    metadata: ListMeta = ListMeta()
    items: tuple[Raw, ...] | None = None


class _Named(Struct, frozen=True, rename="camel"):
    name: str = ""
    generate_name: str = ""
    namespace: str | None = None


class _AnyObject(Struct, frozen=True):
    metadata: _Named = _Named()


_ERRORS = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


_MAX_SALVAGED_BYTES = 64 * 1024 * 1024
"""Bytes of a malformed list that is taken apart the slow way, at twenty times its size in memory.
One page of an API server is far smaller."""


def decode_type(content: bytes | Raw) -> TypeMeta:
    """Tell what a document is, and give the items of a list without decoding them.

    An item that is not Unicode, or holds what JSON forbids, does not spoil the list around it.

    Raises:
        DecodeError: it is not JSON, not an object, or its type is not a text.
    """
    try:
        return _TYPE_DECODER.decode(content)
    except _ERRORS as error:
        try:
            return _salvaged_type(content)
        except (*_ERRORS, ValueError):
            raise DecodeError(_plain(error)) from error


def _salvaged_type(content: bytes | Raw) -> TypeMeta:
    """Take a document apart leniently, so that strictness falls on each item alone.

    Raises:
        ValueError: it is no JSON object, or too large for this.
    """
    view = memoryview(content)
    if len(view) > _MAX_SALVAGED_BYTES:
        raise ValueError("too large to be taken apart")
    # The standard decoder accepts lone surrogates and NaN, and writes them so that msgspec refuses
    # the one item that holds them; bytes that are not UTF-8 become lone surrogates here.
    value = _strip_nulls(json.loads(bytes(view).decode("utf-8", "surrogateescape")))
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - a malformed document, not a wrong call
    items = value.get("items")
    if isinstance(items, list):
        value["items"] = [Raw(json.dumps(item).encode()) for item in items]
    return msgspec.convert(value, TypeMeta)


_TYPE_DECODER = msgspec.json.Decoder(TypeMeta)


def object_name(content: bytes | Raw) -> str:
    """Give `namespace/name` of an object that may be malformed otherwise, for an error's text."""
    try:
        named = msgspec.json.decode(content, type=_AnyObject).metadata
    except _ERRORS:
        return "an object without a readable name"
    name = named.name or f"{named.generate_name}*"
    return f"{named.namespace}/{name}" if named.namespace else name


class ObjectDecoder:
    """Decodes objects of every resource under one projection."""

    def __init__(self, projection: Projection, max_object_bytes: int) -> None:
        """Make the decoders; an object of more than `max_object_bytes` is refused."""
        self._max_object_bytes = max_object_bytes
        self._hook = decoding_hook(projection)
        self._decoders: dict[str, msgspec.json.Decoder[Any]] = {
            resource.name: msgspec.json.Decoder(resource.type, dec_hook=self._hook)
            for resource in RESOURCES
        }

    def decode(self, resource: Resource, content: bytes | Raw) -> Any:
        """Decode one object, its namespace and kind filled in.

        A JSON null counts as absent, as it does for the API server.

        Raises:
            DecodeError: the object is too large, malformed, or has no name.
        """
        size = len(memoryview(content))
        if size > self._max_object_bytes:
            raise DecodeError(f"holds {size:,} bytes, over {self._max_object_bytes:,}")
        try:
            decoded = self._decoders[resource.name].decode(content)
        except _ERRORS as error:
            decoded = self._decode_without_nulls(resource, content, error)
        return _settled(decoded, resource, content)

    def _decode_without_nulls(self, resource: Resource, content: bytes | Raw, first: Any) -> Any:
        """Try again with nulls removed: slower, so only for what did not decode as it is."""
        try:
            return msgspec.convert(_without_nulls(content), resource.type, dec_hook=self._hook)
        except _ERRORS:
            raise DecodeError(_plain(first)) from first


def _without_nulls(content: bytes | Raw) -> Any:
    return _strip_nulls(msgspec.json.decode(content))


def _strip_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _strip_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_strip_nulls(inner) for inner in value if inner is not None]
    return value


def _settled(decoded: Any, resource: Resource, content: bytes | Raw) -> Any:
    """Fill in what a manifest may leave out: name, namespace and, inside a typed list, the kind."""
    metadata: ObjectMeta = decoded.metadata
    changes: dict[str, Any] = {}
    if not metadata.name:
        generated = _generated_name(content)
        if not generated:
            raise DecodeError("has no metadata.name")
        metadata = msgspec.structs.replace(metadata, name=f"{generated}*")
    if resource.namespaced and not metadata.namespace:
        metadata = msgspec.structs.replace(metadata, namespace=DEFAULT_NAMESPACE)
    elif not resource.namespaced and metadata.namespace is not None:
        metadata = msgspec.structs.replace(metadata, namespace=None)
    if metadata is not decoded.metadata:
        changes["metadata"] = metadata
    if getattr(decoded, "kind", resource.kind) != resource.kind:
        changes["kind"] = resource.kind
    return msgspec.structs.replace(decoded, **changes) if changes else decoded


def _generated_name(content: bytes | Raw) -> str:
    """Give the `generateName` of an object that has no name; empty where it has none either."""
    try:
        return msgspec.convert(_without_nulls(content), _AnyObject).metadata.generate_name
    except _ERRORS as error:
        raise DecodeError(_plain(error)) from error


def _plain(error: BaseException) -> str:
    """Say a decoder's error in one line."""
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    return " ".join(str(error).split())
