"""Options that several commands share, and what they load."""

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from auditor.catalogue.cni_plugins import assumable
from auditor.catalogue.contents import catalogue_with, entry_errors
from auditor.checks.catalog import catalog, parameter_types, reserved_slugs
from auditor.cli.failures import UsageFailure, remark
from auditor.model.audit import FleetAudit
from auditor.model.verdict import Severity, Verdict
from auditor.reports.text import safe
from auditor.settings.configuration import Configuration
from auditor.settings.declarations import remarks_on_expiry
from auditor.settings.errors import ConfigurationError
from auditor.settings.loading import Loaded, load_configuration, unknown_check

config_option = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    envvar="EXPOSURE_AUDITOR_CONFIG",
    show_envvar=True,
    help="Configuration file (auditor.yaml).",
)


database_option = click.option(
    "--database",
    metavar="URL",
    envvar="EXPOSURE_AUDITOR_DATABASE",
    show_envvar=True,
    help="sqlite:///PATH or postgresql://…; by default an SQLite file below $XDG_STATE_HOME.",
)


assume_cni_option = click.option(
    "--assume-cni",
    metavar="NAME",
    help="Take network policies to be enforced as this plugin does; `reference` enforces all.",
)


fail_on_option = click.option(
    "--fail-on",
    type=click.Choice([*(severity.value for severity in Severity), Verdict.UNKNOWN.value]),
    help="Exit with 1 on an open failure of at least this severity; `unknown` means any failure "
    "or unknown verdict.",
)


def check_plugin(name: str | None, configuration: Configuration) -> None:
    """Make sure that a plugin that is to be assumed is known.

    Raises:
        UsageFailure: it is not; the message names those that are.
    """
    plugins = assumable(catalogue_with(configuration.catalogue).plugins)
    if name is not None and name not in plugins:
        known = ", ".join(sorted(plugins))
        raise UsageFailure(f"--assume-cni: no plugin is called {name!r}; known are {known}")


def default_database() -> str:
    """Give the embedded default: `$XDG_STATE_HOME/exposure-auditor/auditor.db`.

    Where the variable is not set, its own default of the XDG Base Directory Specification counts.
    """
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return f"sqlite:///{Path(state, 'exposure-auditor', 'auditor.db')}"


def chosen_database(option: str | None, configuration: Configuration) -> str:
    """Give the database's URL: the option, else the configuration's, else the default."""
    return option or configuration.database or default_database()


def now() -> datetime:
    """Give the present moment in UTC: the clock is read here, at the edge, and passed down."""
    return datetime.now(UTC)


def load(config_path: Path | None, at: datetime) -> Configuration:
    """Load the configuration, or the defaults where none is named.

    Raises:
        UsageFailure: it holds errors; all of them are said.
    """
    return load_with_origins(config_path, at).configuration


def load_with_origins(config_path: Path | None, at: datetime) -> Loaded:
    """Do the same, and say where each declaration is written.

    Raises:
        UsageFailure: it holds errors; all of them are said.
    """
    if config_path is None:
        return Loaded(Configuration(), ())
    try:
        return load_configuration(config_path, parameter_types(), at.date(), entry_errors)
    except ConfigurationError as error:
        raise UsageFailure(str(error)) from error


def known_checks(slugs: tuple[str, ...]) -> frozenset[str]:
    """Give the slugs as a set.

    Raises:
        UsageFailure: one of them is not a check of this version.
    """
    for slug in slugs:
        if slug in reserved_slugs():
            raise UsageFailure(f"the check {slug!r} is not judged by this version")
        if slug not in catalog():
            raise UsageFailure(unknown_check(slug, parameter_types()))
    return frozenset(slugs)


def remark_on_configuration(loaded: Loaded, at: datetime) -> list[str]:
    """Say what of a valid configuration has no effect, one line each."""
    configuration = loaded.configuration
    remarks = [
        f"checks.{slug}: not judged by this version, so it has no effect"
        for slug in configuration.checks
        if slug in reserved_slugs()
    ]
    for index, exception in enumerate(configuration.exceptions):
        if exception.is_expired(at.date()):
            remarks.append(
                f"exceptions[{index}]: expired on {exception.expires}, its findings are open again"
            )
    today = at.date()
    remarks += remarks_on_expiry(configuration.declarations, loaded.origins, today)
    return remarks


def remark_on_use(loaded: Loaded, fleet: FleetAudit, at: datetime) -> list[str]:
    """Say which exceptions and declarations in force matched nothing where they should have.

    Each speaks of a cluster that was audited. One declaration that names a cluster is judged there
    (`declaration-unused`); here are those whose clusters are a glob.
    """
    today, configuration, use = at.date(), loaded.configuration, fleet.agreement_use
    ids = [audit.cluster_id for audit in fleet.audits]
    exceptions = [
        f"exceptions[{index}]: matches no finding; remove it if what it accepted is gone"
        for index, exception in enumerate(configuration.exceptions)
        if not use.exceptions[index]
        and not exception.is_expired(today)
        and any(map(exception.speaks_of, ids))
    ]
    return exceptions + [
        f"{loaded.origins[index]}: declarations[{index}]: covers no open port; remove it if what "
        "it declared is gone"
        for index, declaration in enumerate(configuration.declarations)
        if not use.declarations[index]
        and not declaration.is_expired(today)
        and any(map(declaration.speaks_of, ids))
        and not any(map(declaration.names, ids))
    ]


def remark_on_duplicates(fleet: FleetAudit) -> list[str]:
    """Say which clusters were audited under several names."""
    return [
        f"{' and '.join(map(safe, ids))} are one cluster (or copies of one): their kube-system "
        "namespaces have one uid"
        for ids in fleet.duplicates
    ]


def say_remarks(remarks: list[str]) -> None:
    """Print remarks to stderr."""
    for line in remarks:
        remark(f"note: {line}")
