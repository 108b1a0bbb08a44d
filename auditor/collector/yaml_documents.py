"""Multi-document YAML, hostile or sloppy, as JSON bytes: one document at a time.

The text is split on `---` and `...` lines before anything is parsed, as YAML forbids them inside
any scalar: so a broken document never takes the next ones with it. Each is built from PyYAML's C
*event* parser, which does not recurse; the composing half of the C loader recurses in C without a
guard (deep nesting ends the process) and cannot be bounded. Aliases share one Python value but JSON
spells each use out, so limits count as if they were written out, before anything is expanded.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache

import msgspec
import yaml
from yaml import constructor, reader, resolver

_Value = None | bool | int | float | str | list["_Value"] | dict[str, "_Value"]


class YamlLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much one file, and one document of it, may hold; aliases count as if written out."""

    max_bytes: int = 64 * 1024 * 1024
    """Bytes of one file, and of the scalars of a document. YAML costs 20 times the CPU of JSON."""
    max_depth: int = 100
    """Collections inside one another; manifests reach some 20, the JSON encoder bears some 900."""
    max_aliases: int = 1_000
    """Alias uses of one document; manifests written by hand hold a few dozen."""
    max_nodes: int = 2_000_000
    """Keys, scalars and collections of one document: 6,000 pods in a list, 150 MB of memory."""


class YamlDocument(msgspec.Struct, frozen=True):
    """The `number`-th non-empty document of a file as JSON; `line` is its `---` or first text."""

    number: int
    line: int
    content: bytes


class BrokenDocument(msgspec.Struct, frozen=True):
    """A document, or a whole file as number 1, that cannot be read.

    `line` is the problem's or else the document's, from 1. `reason` says in one line what is wrong
    and what to do. `kind` is a guess: the plain word after the only `kind:` at column 0.
    """

    number: int
    line: int
    reason: str
    kind: str | None = None


class _DocumentError(Exception):
    """Why a document is not read."""


DEFAULT_LIMITS = YamlLimits()
_Read = YamlDocument | BrokenDocument
# U+0085, U+2028 and U+2029 end lines in YAML 1.1. Possessive: comments match in countless ways.
_BREAK = r"\n\x85\u2028\u2029"
_BLANK = rf"[ \t\ufeff{_BREAK}]*+(?:#[^{_BREAK}]*+[ \t\ufeff{_BREAK}]*+)*+"
_PREAMBLE = re.compile(rf"{_BLANK}(?:(?<![^{_BREAK}])%[^{_BREAK}]*+{_BLANK})*+")
_EMPTY = re.compile(rf"{_PREAMBLE.pattern}(?:(?<![^\n])---(?![^ \t\n]){_BLANK})?")
_MARKER = re.compile(r"\n(?:(?=---(?![^ \t\n]))|\.\.\.(?![^ \t\n]))")
_MOST_TAG_DIRECTIVES = 1_000  # the parser compares each with all others
_KIND = re.compile(r"^kind:(?:[ \t]+([A-Za-z][A-Za-z0-9]*)[ \t]*(?:[ \t]#.*)?$)?", re.MULTILINE)
_TEMPLATE = re.compile(r"\{\{.{0,99}?\}\}|\{%.{0,99}?%\}|\{[{%].{0,99}")


def read_yaml_documents(data: bytes, limits: YamlLimits = DEFAULT_LIMITS) -> Iterator[_Read]:
    """Read the documents of a file in order, each when it is asked for; no content raises an error.

    A file is UTF-8, or UTF-16 with a byte order mark; one that is neither, or is too large, is one
    broken document. Documents of nothing but comments or directives are skipped and not numbered.
    """
    if len(data) > limits.max_bytes:
        size = f"the file has {len(data):,} bytes, over the limit of {limits.max_bytes:,}"
        yield BrokenDocument(1, 1, f"{size}: split it or save it as JSON")
        return
    encoding = "UTF-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "UTF-8"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = 1 + data[: error.start].decode(encoding, "ignore").count("\n")
        yield BrokenDocument(1, line, f"not {encoding} at byte offset {error.start}: save as UTF-8")
        return
    filled = (part for part in _split(text) if not _EMPTY.fullmatch(part[1]))
    for number, (line, document) in enumerate(filled, 1):
        yield _read_document(number, line, document, limits)


def _split(text: str) -> Iterator[tuple[int, str]]:
    """Cut a file into documents, empty ones too, each with the line of the file it begins at."""
    # To YAML all line ends are alike. Joined files hold byte order marks that the parser refuses.
    text = f"\n{text}".replace("\r\n", "\n").replace("\r", "\n").replace("\n\ufeff", "\n")
    start, line = 1, 1
    for marker in _MARKER.finditer(text):
        end, following = marker.start() + 1, marker.end()  # the same at `---`
        if end == following and _PREAMBLE.fullmatch(text, start, end):
            continue  # comments and directives belong to the document that they stand before
        yield line, text[start:end]
        line += text.count("\n", start, following)
        start = following
    yield line, text[start:]


def _read_document(number: int, line: int, text: str, limits: YamlLimits) -> _Read:
    builder = _Builder(limits)
    try:
        content = msgspec.json.encode(builder.build(text))
        return YamlDocument(number, line + builder.line, content)
    except _DocumentError as error:
        at, reason = builder.line, str(error)
    except (yaml.YAMLError, UnicodeError) as error:
        at, reason = _syntax_problem(error, line, text)
    at = line + min(at, text.rstrip().count("\n"))  # the parser may name the line after the last
    if not builder.over and (template := _TEMPLATE.search(text)):
        at = line + text.count("\n", 0, template.start())
        what = f"unrendered template text `{_shown(template[0])}` (line {at})"
        reason = f"{what}: render it first, for example with `helm template`"
    kinds: list[str] = _KIND.findall(text)
    return BrokenDocument(number, at, reason, (kinds[0] or None) if len(kinds) == 1 else None)


def _shown(text: str) -> str:
    return "".join(filter(str.isprintable, text[:240].replace(_CORE, "!!")))[:60]


def _syntax_problem(error: Exception, line: int, text: str) -> tuple[int, str]:
    """Return where the parser complains, as a line from 0 in the text, and of what."""
    if isinstance(error, reader.ReaderError):
        at = text.encode()[: error.position].count(b"\n")
        return at, f"character U+{error.character:04X} is not allowed in YAML: remove or escape it"
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return 0, "a tag of the document is not valid UTF-8: remove the tag"
    what = error.problem
    if error.context and error.context_mark:
        what = f"{what} {error.context} that starts at line {line + error.context_mark.line}"
    return error.problem_mark.line, f"not YAML: {what}: correct it"


_CORE = "tag:yaml.org,2002:"
_UNKNOWN_TAG = "tag `{}` means nothing here: remove it or render the file first"
_TEXT = {f"{_CORE}str", f"{_CORE}binary"}
_CONVERTED = {f"{_CORE}{kind}" for kind in ("null", "bool", "int", "float")}
_RESOLVER, _CONSTRUCTOR = resolver.Resolver(), constructor.SafeConstructor()
_TOO_LARGE = 10**4300  # Python and many JSON readers refuse integers of more digits
_LONGEST_NUMBER = 15_000  # characters: 4,300 digits in base two; converting is quadratic
_LONGEST_CACHED = 100  # characters: what manifests repeat is short


@lru_cache(maxsize=4096)
def _converted(tag: str | None, text: str) -> _Value:
    """Convert a scalar as its tag or else YAML 1.1 asks, but timestamps, `=` and `<<` stay text."""
    start = text[:_LONGEST_NUMBER]  # enough to tell, where the patterns would take much memory
    kind = tag or _RESOLVER.resolve(yaml.ScalarNode, start, (True, False))  # type: ignore[no-untyped-call]
    if kind in _TEXT or (tag is None and kind not in _CONVERTED):
        return text
    if kind not in _CONVERTED:
        raise _DocumentError(_UNKNOWN_TAG.format(_shown(kind)))
    node = yaml.ScalarNode(kind, text if text == start else "too long")
    with suppress(ValueError, LookupError, OverflowError):
        value: float | None = _CONSTRUCTOR.yaml_constructors[kind](_CONSTRUCTOR, node)
        if value is None or -_TOO_LARGE < value < _TOO_LARGE:  # not an infinity, not a NaN
            return value
    kind = kind.removeprefix(_CORE)
    raise _DocumentError(f"`{_shown(text)}` is no {kind} that JSON can hold: quote or correct it")


class _Node(msgspec.Struct):
    """A collection being built, or a value that aliases repeat with what each use costs."""

    value: _Value
    nodes: int  # while it is being built: minus those of the document before it
    size: int  # likewise
    height: int = 0
    text: str | None = None  # a scalar as written: what it is as a key
    key: str | None = None
    is_merge: bool = False
    merged: dict[str, _Value] = {}  # what merge keys brought in

    def merge(self, value: _Value) -> None:
        for mapping in reversed(value if isinstance(value, list) else [value]):  # the first wins
            if not isinstance(mapping, dict):
                raise _DocumentError("`<<` needs a mapping or a list of mappings: correct it")
            self.merged.update(mapping)


class _Builder:
    """Builds the value of one document from parser events, within limits."""

    def __init__(self, limits: YamlLimits) -> None:
        self._limits = limits
        self._roots: list[_Value] = []
        self._open = [_Node(self._roots, 0, 0)]
        self._anchors: dict[str | None, _Node] = {}
        self._nodes = self._size = self._aliases = self.line = 0
        self.over: str | bool = False

    def build(self, text: str) -> _Value:
        """Return the document; `line` tells where it starts or fails, `over` the limit it hits."""
        if text.count("%TAG") > _MOST_TAG_DIRECTIVES:
            raise _DocumentError(f"over {_MOST_TAG_DIRECTIVES:,} `%TAG`: remove the directives")
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            try:
                self._take(event)
            except _DocumentError:
                self.line = event.start_mark.line if event.start_mark else 0
                raise
        return self._roots[0] if self._roots else None

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event.anchor or "")
        elif isinstance(event, yaml.DocumentStartEvent):
            if self._roots:
                raise _DocumentError("another document starts here: put `---` on its own line")
            self.line = event.start_mark.line if event.start_mark else 0

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        text, is_plain = event.value, event.implicit[0]
        size = len(text) if text.isascii() else len(text.encode())
        self._spend(1, size, 0)
        is_key = self._open[-1].key is None and isinstance(self._open[-1].value, dict)
        value: _Value = text
        if event.tag or (is_plain and (event.anchor or not is_key)):
            convert = _converted if len(text) < _LONGEST_CACHED else _converted.__wrapped__
            value = convert(event.tag, text)
        if event.anchor:
            self._anchors[event.anchor] = _Node(value, 1, size, text=text)
        self._place(value, 0, text, is_merge=is_plain and text == "<<")

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        if event.tag not in (None, f"{_CORE}map" if is_mapping else f"{_CORE}seq"):
            raise _DocumentError(_UNKNOWN_TAG.format(_shown(event.tag or "")))
        node = _Node({} if is_mapping else [], -self._nodes, -self._size)
        self._spend(1, 0, 1)
        self._anchors[event.anchor] = node
        self._open.append(node)

    def _end(self) -> None:
        node = self._open.pop()
        if node.merged and isinstance(node.value, dict):
            node.value = node.merged | node.value
        node.nodes += self._nodes
        node.size += self._size
        node.height += 1
        self._place(node.value, node.height, None, is_merge=False)

    def _alias(self, name: str) -> None:
        node, name = self._anchors.get(name), _shown(name)
        if node is None:
            raise _DocumentError(f"alias `*{name}` has no anchor `&{name}` before it: add it")
        if node.nodes <= 0:
            raise _DocumentError(f"anchor `&{name}` holds itself: remove the alias `*{name}`")
        self._aliases += 1
        self._spend(node.nodes, node.size, node.height)
        self._place(node.value, node.height, node.text, is_merge=False)

    def _spend(self, nodes: int, size: int, height: int) -> None:
        """Count what is about to be placed, and refuse it if that is over a limit."""
        self._nodes += nodes
        self._size += size
        most = self._limits
        self.over = (
            (self._nodes > most.max_nodes and f"{most.max_nodes:,} nodes")
            or (self._size > most.max_bytes and f"{most.max_bytes:,} bytes of text")
            or (self._aliases > most.max_aliases and f"{most.max_aliases:,} alias uses")
            or (len(self._open) + height > most.max_depth + 1 and f"{most.max_depth:,} levels")
        )
        if self.over:
            raise _DocumentError(f"over {self.over} with aliases written out: split or simplify it")

    def _place(self, value: _Value, height: int, text: str | None, *, is_merge: bool) -> None:
        """Put a finished value where the innermost open collection awaits it; a key is its text."""
        inner = self._open[-1]
        inner.height = max(inner.height, height)
        if isinstance(inner.value, list):
            inner.value.append(value)
        elif inner.key is None:
            if text is None:
                raise _DocumentError("a mapping or sequence is used as a key: quote the key")
            inner.key, inner.is_merge = text, is_merge
        elif isinstance(inner.value, dict):
            if inner.is_merge:
                inner.merge(value)
            else:
                inner.value[inner.key] = value
            inner.key = None
