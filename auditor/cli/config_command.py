"""`config`: check, show or describe the configuration."""

import asyncio
from pathlib import Path

import click
import msgspec

from auditor.cli.failures import ExitCode, UsageFailure, complain
from auditor.cli.online_check import check_online
from auditor.cli.options import (
    config_option,
    load,
    load_with_origins,
    now,
    remark_on_configuration,
)
from auditor.daemon.sources import configured_source, installed_connectors
from auditor.model.cluster import SourceError
from auditor.settings.declarations import remarks_on_overlaps
from auditor.settings.loading import configuration_schema


@click.group("config", epilog="Example: exposure-auditor config check --config auditor.yaml")
def command() -> None:
    """Check, show or describe the configuration."""


@command.command("check", epilog="Example: exposure-auditor config check --config auditor.yaml")
@config_option
@click.option(
    "--online",
    is_flag=True,
    help="Also list every connector and ask each cluster for our rights, and say what is missing; "
    "exits with 3 where something is.",
)
def check(config_path: Path | None, *, online: bool) -> None:
    """Check a configuration file: every error at once, with its line and the path to it."""
    path = _named(config_path)
    at = now()
    loaded = load_with_origins(path, at)
    configuration = loaded.configuration
    remarks = remark_on_configuration(loaded, at)
    remarks += remarks_on_overlaps(configuration.declarations, loaded.origins, at.date())
    errors, sources = [], []
    for entry in configuration.connectors:
        if entry.kind not in installed_connectors():
            remarks.append(f"connectors: {entry.name}: no connector {entry.kind!r} is installed")
            continue
        try:
            sources.append(configured_source(entry, path.parent))
        except SourceError as error:
            errors.append(f"{path}: {error}")
    for line in remarks:
        click.echo(f"note: {line}", err=True)
    if errors:
        complain("\n".join(errors))
        raise SystemExit(int(ExitCode.USAGE))
    click.echo(f"{path}: valid")
    if online:
        raise SystemExit(int(asyncio.run(check_online(sources))))


@command.command("show", epilog="Example: exposure-auditor config show --config auditor.yaml")
@config_option
def show(config_path: Path | None) -> None:
    """Print the configuration in force as YAML, with defaults and declaration files."""
    import yaml  # noqa: PLC0415 - 80 ms that `config schema` need not pay

    builtins = msgspec.to_builtins(load(config_path, now()), str_keys=True)
    # What they hold is among the declarations by now.
    del builtins["declaration_files"]
    for entry in builtins["connectors"]:
        entry.update(entry.pop("options"))
    click.echo(yaml.safe_dump(builtins, sort_keys=False, allow_unicode=True), nl=False)


@command.command("schema", epilog="Example: exposure-auditor config schema > auditor.schema.json")
def schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    encoded = msgspec.json.format(msgspec.json.encode(configuration_schema()), indent=2)
    click.echo(encoded.decode())


def _named(config_path: Path | None) -> Path:
    if config_path is None:
        raise UsageFailure("name the file to check: --config auditor.yaml")
    return config_path
