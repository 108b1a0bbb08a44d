"""The files reader: a folder or file of manifests, of kubectl's lists, or a capture.

One broken document costs itself: it is named, what it may have held is `partial`, and the rest is
read. What a document is follows from its content, not from its name; only an empty `v1/List`, which
says nothing of its kind, is taken for the resource that its file is named after.
"""

import re
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Raw, Struct

from auditor.collector.capture import is_capture, read_capture
from auditor.collector.raw_files import RawFile, UnreadableFile, raw_files
from auditor.collector.reading import Reading, Tally, remark_on
from auditor.collector.yaml_documents import BrokenDocument, YamlLimits, read_yaml_documents
from auditor.kube.decoding import DecodeError, ObjectDecoder, TypeMeta, decode_type, object_name
from auditor.kube.inventory import assemble
from auditor.kube.meta import Projection
from auditor.kube.resources import RESOURCES, RESOURCES_BY_PLURAL, Resource, resource_of
from auditor.model.cluster import Cluster, Files, SourceError, SourceNotFoundError
from auditor.settings.limits import ReadLimits

_DEEPEST_LIST = 8
"""Lists inside one another; nobody writes more than one."""

Progress = Callable[[str], None]

_TEMPLATE = re.compile(rb"\{\{[^}\"]{0,60}(?:\}\})?")
_KIND = re.compile(rb'"kind"\s*:\s*"(\w+)"')
_KINDS = {resource.kind: resource for resource in reversed(RESOURCES)}


def read_files(
    cluster: Cluster,
    projection: Projection,
    limits: ReadLimits,
    progress: Progress = lambda _: None,
) -> Reading:
    """Read a snapshot of a cluster.

    `progress` is told the name of each file before it is read.

    Raises:
        TypeError: the cluster's access is not files.
        SourceNotFoundError: nothing is at the path.
        SourceError: nothing there is a Kubernetes object, or a capture is broken.
    """
    if not isinstance(cluster.access, Files):
        raise TypeError(f"{cluster.id} is not read from files")
    path = Path(cluster.access.path).expanduser()
    if not path.exists():
        raise SourceNotFoundError(f"{path} is not there; name a folder or file of manifests")
    reader = _FilesReader(projection, limits)
    names = []
    try:
        for file in raw_files(path, limits):
            progress(file.name)
            names.append(file.name)
            if isinstance(file, RawFile) and is_capture(file.content):
                if path.is_file():
                    return read_capture(file.content, file.name, projection, limits)
                # It speaks for a whole cluster: taken here it would hide the files beside it.
                message = "is a capture among other files; name the file itself to audit it"
                reader.tally.break_anything(file.name, message)
                continue
            reader.read(file)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error
    tally = reader.tally
    if remark := remark_on(tally.passed_over):
        tally.problems.append(remark)
    if not tally.saw_an_object and not any(problem.is_shortfall for problem in tally.problems):
        raise SourceError(_nothing_found(path, names))
    return Reading(cluster, assemble(tally.objects(), tally.coverage(), tally.problems))


def _unrendered(item: Struct) -> str | None:
    """Find template text in what was read of an object; Kubernetes allows it in none of it."""
    encoded = msgspec.json.encode(item)
    if b"{{" not in encoded:
        return None
    found = _TEMPLATE.search(encoded)
    return found[0].decode(errors="replace") if found else None


def _nothing_found(path: Path, names: list[str]) -> str:
    looked = f"{len(names)} YAML or JSON files" if len(names) != 1 else f"only {names[0]}"
    return f"no Kubernetes object in {path} (looked at {looked}); name what holds the manifests"


class _FilesReader:
    """Reads one file after the other into a tally."""

    def __init__(self, projection: Projection, limits: ReadLimits) -> None:
        self.tally = Tally()
        self._names = projection.config_maps.keys()
        self._decoder = ObjectDecoder(projection, limits.max_object_bytes)
        self._yaml_limits = YamlLimits(max_bytes=limits.max_yaml_bytes)

    def read(self, file: RawFile | UnreadableFile) -> None:
        """Read one file."""
        if isinstance(file, UnreadableFile):
            self._break(file.name, file.message, None)
        elif not file.content.strip():
            self._break(file.name, "is empty; write it again or remove it", None)
        elif file.content.lstrip()[:1] in (b"{", b"["):
            self._read_json(file)
        else:
            self._read_yaml(file)

    def _read_json(self, file: RawFile) -> None:
        try:
            self._read_document(file.content, file.name, file.name)
        except DecodeError as error:
            # A flow-style YAML document starts with a brace too.
            if not file.name.lower().endswith((".json", ".json.gz")):
                self._read_yaml(file)
                return
            kinds = {kind.decode() for kind in _KIND.findall(file.content[:2000])}
            kind = kinds.pop().removesuffix("List") if len(kinds) == 1 else None
            self._break(file.name, f"is not whole JSON: {error}; write it again", kind or None)

    def _read_yaml(self, file: RawFile) -> None:
        for document in read_yaml_documents(file.content, self._yaml_limits):
            where = f"{file.name} line {document.line}"
            if isinstance(document, BrokenDocument):
                self._break(where, document.reason, document.kind)
                continue
            try:
                self._read_document(document.content, where, file.name)
            except DecodeError as error:
                self._break(where, str(error), None)

    def _read_document(self, content: bytes | Raw, where: str, file_name: str) -> None:
        """Read an object or a list of any sort.

        Raises:
            DecodeError: it is not JSON, or its type cannot be told.
        """
        meta = decode_type(content)
        if not meta.kind or not meta.api_version:
            self.tally.passed_over.append(where)
        elif meta.items is not None and meta.kind.endswith("List"):
            self._read_list(meta, where, file_name)
        else:
            self.tally.saw_an_object = True
            if resource := resource_of(meta.api_version, meta.kind):
                self._read_object(resource, content, where)

    def _read_list(self, meta: TypeMeta, where: str, file_name: str, depth: int = 0) -> None:
        self.tally.saw_an_object = True
        listed = resource_of(meta.api_version, meta.kind.removesuffix("List"))
        if meta.kind == "List" and not meta.items:
            listed = RESOURCES_BY_PLURAL.get(Path(file_name).name.partition(".")[0])
        if listed and not listed.is_named:
            # Named objects are not known to be absent: nobody dumps those of every namespace.
            self.tally.list(listed)
        if meta.metadata.continue_token:
            message = "is one page of several (metadata.continue is set); save the whole list"
            self._break(where, message, listed.kind if listed else None)
        for number, item in enumerate(meta.items or (), 1):
            try:
                own = decode_type(item)
            except DecodeError as error:
                self._break(f"{where} item {number}", str(error), listed.kind if listed else None)
                continue
            if own.kind.endswith("List") and own.items is not None:
                self._read_inner_list(own, f"{where} item {number}", file_name, depth)
                continue
            resource = resource_of(own.api_version, own.kind) if own.kind else listed
            if resource:
                self._read_object(resource, item, f"{where} item {number}")

    def _read_inner_list(self, meta: TypeMeta, where: str, file_name: str, depth: int) -> None:
        """Read a list inside a list, which kubectl applies like any other."""
        if depth >= _DEEPEST_LIST:
            self._break(where, f"is a list inside over {_DEEPEST_LIST} lists; flatten it", None)
        else:
            self._read_list(meta, where, file_name, depth + 1)

    def _read_object(self, resource: Resource, content: bytes | Raw, where: str) -> None:
        if resource.is_named and object_name(content) not in self._names:
            return
        try:
            item = self._decoder.decode(resource, content)
        except DecodeError as error:
            message = f"{resource.kind} {object_name(content)} cannot be read: {error}"
            self.tally.break_resource(resource, where, message)
            return
        if template := _unrendered(item):
            message = (
                f"{resource.kind} holds unrendered template text `{template}`: render it first, "
                "for example with `helm template`"
            )
            self.tally.break_resource(resource, where, message)
            return
        self.tally.add(resource, item, where)

    def _break(self, where: str, message: str, kind: str | None) -> None:
        """Note what could not be read; a kind that is known limits what may be missing."""
        if kind is None or kind == "List":
            self.tally.break_anything(where, message)
        elif kind in _KINDS:
            self.tally.break_resource(_KINDS[kind], where, message)
        else:
            self.tally.break_nothing(where, message)
