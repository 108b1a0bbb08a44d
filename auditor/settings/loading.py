"""From a configuration file to a `Configuration`, or to every error in it at once.

The shape is checked against the JSON Schema of the types (a library does that, and it reports
all errors where a decoder stops at the first); what a schema cannot say is checked here.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import yaml

from auditor.model.agreement import LONGEST_EXCEPTION, RiskException
from auditor.settings.configuration import (
    CheckSettings,
    Configuration,
    MetadataSource,
    RiskLevels,
    SegmentRule,
)
from auditor.settings.declarations import (
    cidr_errors,
    declarations_errors,
    origins_of,
    read_declarations,
)
from auditor.settings.errors import ConfigurationError
from auditor.settings.places import Places
from auditor.settings.segment_rules import contradictions
from auditor.settings.shape import fitting, plain_mismatch, shape_errors
from auditor.settings.yaml_text import load_yaml

CheckParameters = Mapping[str, type[msgspec.Struct] | None]
"""Known check slugs and the type of their parameters; None for a slug reserved for later."""


EntryErrors = Callable[[Any], Iterator[str]]
"""Says what is wrong with the entries of `catalogue`; the catalogue alone knows what they are."""


class Loaded(msgspec.Struct, frozen=True):
    """A configuration, with the declarations of the files that it names."""

    configuration: Configuration
    origins: tuple[str, ...]
    """Of each declaration: the file and line that it is written at."""


def load_configuration(
    path: Path, checks: CheckParameters, today: date, entry_errors: EntryErrors
) -> Loaded:
    """Read and check a configuration file, YAML or JSON, and the files that it names.

    Raises:
        ConfigurationError: one cannot be read, or holds errors; all of them are listed.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise ConfigurationError(str(path), [f"{reason}; check --config"]) from error
    configuration = parse_configuration(text, checks, today, entry_errors, where=str(path))
    own = len(configuration.declarations)
    origins = origins_of(str(path), Places.in_text(text), own) if own else ()
    declarations = configuration.declarations
    refused: list[ConfigurationError] = []
    for index, name in enumerate(configuration.declaration_files):
        try:
            read, places = read_declarations(path.parent / name, f"declaration_files[{index}]")
        except ConfigurationError as error:
            refused.append(error)
            continue
        declarations, origins = (*declarations, *read), (*origins, *places)
    if refused:
        raise ConfigurationError(str(path), (), others=refused)
    return Loaded(msgspec.structs.replace(configuration, declarations=declarations), origins)


def parse_configuration(
    text: bytes,
    checks: CheckParameters,
    today: date,
    entry_errors: EntryErrors,
    where: str = "configuration",
) -> Configuration:
    """Check a configuration's text and give it as values; files that it names are not read.

    Raises:
        ConfigurationError: it holds errors; all of them are listed, in the order of the file.
    """
    try:
        raw = load_yaml(text)
    except yaml.YAMLError as error:
        raise ConfigurationError(where, [f"not YAML: {' '.join(str(error).split())}"]) from error
    if raw is None:
        return Configuration()
    errors = list(shape_errors(raw, configuration_schema()))
    if isinstance(raw, dict):
        errors += _meaning_errors(raw, checks, today)
        if isinstance(raw.get("catalogue"), dict):
            errors += entry_errors(raw["catalogue"])
    if errors:
        raise ConfigurationError(where, errors, Places.in_text(text))
    try:
        return msgspec.convert(_fold_connector_options(raw), Configuration)
    except msgspec.ValidationError as error:
        message = plain_mismatch(error)
        raise ConfigurationError(where, [message], Places.in_text(text)) from error


def configuration_schema() -> dict[str, Any]:
    """Give the JSON Schema (2020-12) of a configuration file."""
    schema = msgspec.json.schema(Configuration)
    connector = schema["$defs"]["ConnectorSettings"]
    del connector["properties"]["options"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _fold_connector_options(raw: dict[str, Any]) -> dict[str, Any]:
    """Put the keys that belong to a connector's kind under `options`."""
    own = {"name", "kind"}
    connectors = [
        {
            "name": entry["name"],
            "kind": entry["kind"],
            "options": {key: value for key, value in entry.items() if key not in own},
        }
        for entry in raw.get("connectors", ())
    ]
    return {**raw, "connectors": connectors}


def _meaning_errors(raw: dict[str, Any], checks: CheckParameters, today: date) -> Iterator[str]:
    """Check what a schema cannot say, on every part whose shape is right."""
    levels = next(fitting({"": raw.get("risk_levels")}, RiskLevels), ("", RiskLevels()))[1]
    for path, cidr in fitting(raw.get("internal_cidrs"), str):
        yield from cidr_errors(f"internal_cidrs{path}", (cidr,))
    yield from _connector_errors(raw.get("connectors"))
    rules = [(f"segments{path}", rule) for path, rule in fitting(raw.get("segments"), SegmentRule)]
    for path, rule in rules:
        yield from _segment_errors(path, rule, levels)
    yield from contradictions(rules)
    yield from _risk_level_errors(levels)
    for path, settings in fitting(raw.get("checks"), CheckSettings):
        yield from _check_errors(path.removeprefix("."), settings, checks)
    yield from declarations_errors(raw.get("declarations"))
    for path, exception in fitting(raw.get("exceptions"), RiskException):
        yield from _exception_errors(f"exceptions{path}", exception, checks, today)


def _connector_errors(connectors: Any) -> Iterator[str]:
    seen = set()
    for path, name in fitting(connectors, _Named):
        if name.name in seen:
            yield f"connectors{path}.name: {name.name!r} is already the name of another connector"
        seen.add(name.name)


class _Named(msgspec.Struct):
    name: str


def _segment_errors(path: str, rule: SegmentRule, risk_levels: RiskLevels) -> Iterator[str]:
    if rule.tenant is None and rule.risk_level is None:
        yield f"{path}: gives neither a tenant nor a risk_level"
    for key, source in (("tenant", rule.tenant), ("risk_level", rule.risk_level)):
        if isinstance(source, MetadataSource):
            given = [name for name in source.__struct_fields__ if getattr(source, name)]
            if len(given) != 1:
                names = ", ".join(source.__struct_fields__)
                yield f"{path}.{key}: give exactly one of {names}"
    if isinstance(rule.risk_level, str) and rule.risk_level not in risk_levels.order:
        known = ", ".join(risk_levels.order)
        yield f"{path}.risk_level: {rule.risk_level!r} is not in risk_levels.order ({known})"


def _risk_level_errors(risk_levels: RiskLevels) -> Iterator[str]:
    if len(set(risk_levels.order)) != len(risk_levels.order):
        yield "risk_levels.order: names a level twice"
    for key in ("may_share_cluster", "may_share_node", "may_share_network"):
        for index, pair in enumerate(getattr(risk_levels, key)):
            for level in pair:
                if level not in risk_levels.order:
                    yield f"risk_levels.{key}[{index}]: {level!r} is not in risk_levels.order"


def _check_errors(slug: str, settings: CheckSettings, checks: CheckParameters) -> Iterator[str]:
    if slug not in checks:
        yield f"checks.{slug}: {unknown_check(slug, checks)}"
        return
    parameters = checks[slug]
    if parameters is None:
        return
    try:
        msgspec.convert(settings.parameters, parameters)
    except msgspec.ValidationError as error:
        known = ", ".join(parameters.__struct_fields__) or "none"
        yield f"checks.{slug}.parameters: {error}; known parameters: {known}"


def unknown_check(slug: str, checks: CheckParameters) -> str:
    """Say that no check has this slug, and which one was most likely meant."""
    from difflib import get_close_matches  # noqa: PLC0415 - only for an error's text

    near = get_close_matches(slug, checks, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "`exposure-auditor checks` lists them"
    return f"no check is called {slug!r}; {hint}"


def _exception_errors(
    path: str, exception: RiskException, checks: CheckParameters, today: date
) -> Iterator[str]:
    if exception.check not in checks:
        yield f"{path}.check: {unknown_check(exception.check, checks)}"
    for key in ("reason", "approved_by"):
        if not getattr(exception, key).strip():
            yield f"{path}.{key}: is empty; an exception needs a reason and a name"
    globs = (exception.cluster, exception.namespace, exception.name)
    if all(glob and not glob.strip("*") for glob in globs):
        yield f"{path}: its scope is everything; name a cluster, a namespace or an object"
    if exception.expires > today + LONGEST_EXCEPTION:
        yield f"{path}.expires: {exception.expires} is more than a year ahead"
