"""The command line: one file a command, each imported only when it is used.

`--version` and `--help` must answer at once, so this module imports click and little else; the
group knows its commands by name and one line.
"""

import gc
from importlib import import_module

import click

from auditor import __version__
from auditor.settings.memory import NEW_OBJECTS_PER_COLLECTION

_COMMANDS = {
    "audit": "Audit clusters and print what is exposed and what each check says.",
    "checks": "List the checks, or say what one of them means.",
    "config": "Check, show or describe the configuration.",
    "db": "Keep the database in order.",
    "declare": "Write declarations of the ports that are open today, for people to fill in.",
    "diff": "Tell what a second source adds to a first and removes, as a gate for a change.",
    "demo": "Audit or watch a simulated fleet of six clusters.",
    "evidence": "Ask what was stored, now and as of any moment.",
    "explain": "Tell why a finding is so.",
    "reachability": "Tell who can talk to whom in a cluster, and by which policy.",
    "recommend": "Propose the NetworkPolicies that close what was found, judged beforehand.",
    "serve": "Audit the configuration's clusters again and again, and answer over HTTP.",
    "snapshot": "Capture what an audit reads of one cluster, redacted, into one file.",
}
"""Commands by name, with the line that `--help` shows; the module has the same name."""


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click asks so
        return sorted(_COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click asks so
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = import_module(f"{__name__}.{cmd_name}_command").command
        return command if isinstance(command, click.Command) else None

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click asks so
        formatter: click.HelpFormatter,
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_COMMANDS.items()))


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: exposure-auditor audit snapshot:./manifests --fail-on high",
)
@click.version_option(__version__, prog_name="exposure-auditor")
def main() -> None:
    """Tell what of Kubernetes clusters the internet can reach, with proof."""
    gc.set_threshold(NEW_OBJECTS_PER_COLLECTION)
