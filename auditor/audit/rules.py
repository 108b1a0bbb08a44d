"""The rules of an audit: the checks, the configuration, and what the user assumes."""

from msgspec import Struct, convert
from msgspec.json import encode

from auditor import __version__
from auditor.checks.catalog import catalog
from auditor.checks.check import Check
from auditor.model.canonical import CanonicalValue, digest
from auditor.settings.configuration import CheckSettings, Configuration


class Rules(Struct, frozen=True, kw_only=True):
    """What an audit judges by."""

    configuration: Configuration = Configuration()
    checks: tuple[Check, ...]
    fleet_checks: tuple[Check, ...] = ()
    """Those that judge all clusters together."""
    assume_cni: str | None = None
    """A network plugin of the catalogue, or `reference`."""

    @classmethod
    def of(cls, configuration: Configuration, assume_cni: str | None = None) -> "Rules":
        """Take every check of the catalogue that the configuration leaves on."""
        enabled = tuple(
            check
            for check in catalog().values()
            if configuration.checks.get(check.slug, _UNCHANGED).enabled
        )
        return cls(
            configuration=configuration,
            checks=tuple(check for check in enabled if check.judge_fleet is None),
            fleet_checks=tuple(check for check in enabled if check.judge_fleet is not None),
            assume_cni=assume_cni,
        )

    def version(self) -> str:
        """Give what tells these rules from others: the auditor's version and the checks' settings.

        A verdict that changes together with it may have changed because of it.
        """
        settings: dict[str, CanonicalValue] = {}
        for check in self.checks:
            own = self.settings_of(check)
            settings[check.slug] = encode({"severity": own.severity, "of": own.parameters}).decode()
        return digest([__version__, settings])[:16]

    def settings_of(self, check: Check) -> CheckSettings:
        """Give what the configuration changes in a check."""
        return self.configuration.checks.get(check.slug, _UNCHANGED)

    def parameters_of(self, check: Check) -> Struct:
        """Give a check's parameters, the configured ones over the defaults.

        Raises:
            msgspec.ValidationError: they do not fit; a loaded configuration was checked before.
        """
        return convert(self.settings_of(check).parameters, check.parameters)


_UNCHANGED = CheckSettings()
