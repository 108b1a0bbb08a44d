"""`demo`: a simulated fleet behind real HTTP, audited once or watched by the daemon."""

import asyncio
import base64
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click

from auditor.audit.auditing import audit
from auditor.audit.fleet import audit_fleet
from auditor.audit.rules import Rules
from auditor.cli.failures import remark
from auditor.cli.options import load, now, say_remarks
from auditor.cli.printing import print_fleet
from auditor.cli.reading import FleetReader
from auditor.cli.serve_command import DEFAULT_ADDRESS, loopback_address
from auditor.model.history import to_microseconds

_TOKEN = "demo-reader"  # noqa: S105 - of a simulated server on loopback
_WATCH_SECONDS = 15.0


@click.command("demo", epilog="Example: exposure-auditor demo --once")
@click.option("--once", is_flag=True, help="Audit the fleet, print what is found, and exit.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How --once writes its answer.",
)
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default=DEFAULT_ADDRESS,
    show_default=True,
    help="Loopback address of the daemon; port 0 takes a free one.",
)
def command(once: bool, output_format: str, listen: str) -> None:  # noqa: FBT001 - click's way
    """Show what the auditor does, on six simulated clusters of three clouds.

    Their API servers listen on loopback and answer as real ones do. Without --once the daemon
    watches them until it is stopped, and the kubeconfig of the fleet is named, so that you can try
    every other command on it. All of it lives in a temporary folder that is removed at the end.

    With --once the exit code is that of `audit`: 3, for the fleet has a gap on purpose.
    """
    host, port = loopback_address(listen)
    with tempfile.TemporaryDirectory(prefix="exposure-auditor-demo-") as folder:
        if once:
            sys.exit(asyncio.run(_audit_once(Path(folder), output_format)))
        asyncio.run(_watch(Path(folder), host, port))


async def _audit_once(folder: Path, output_format: str) -> int:
    # Imported here, as in `audit`: over a second that --help need not pay.
    from auditor.cli.database import opened_database  # noqa: PLC0415
    from auditor.store.reading import LIVE  # noqa: PLC0415
    from auditor.store.writing import record  # noqa: PLC0415

    async with _fleet(folder) as path:
        at = now()
        configuration = load(path, at)
        rules = Rules.of(configuration)
        reader = FleetReader(
            configuration, folder, lambda item: audit(item.cluster, item.inventory, rules, at)
        )
        read = await reader.read_beside(())
        fleet = audit_fleet(read.used, rules, at)
        print_fleet(fleet, read, output_format, None, show_all=False)
        async with opened_database(f"sqlite:///{folder / 'auditor.db'}") as database:
            for found in read.used:
                await record(database, found, to_microseconds(now()), origin=LIVE)
        remark(f"{len(read.used)} clusters were read over HTTPS, audited and stored")
        return int(read.exit_code)


async def _watch(folder: Path, host: str, port: int) -> None:
    from auditor.cli.database import opened_database  # noqa: PLC0415
    from auditor.daemon.logs import log_to_stderr  # noqa: PLC0415
    from auditor.daemon.running import Daemon  # noqa: PLC0415

    log_to_stderr()
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with _fleet(folder) as path:
        configuration = load(path, now())
        async with opened_database(f"sqlite:///{folder / 'auditor.db'}") as database:
            say_remarks(
                [
                    f"the fleet's kubeconfig is {folder / 'config'}; try for example",
                    f"  exposure-auditor audit kubeconfig:{folder / 'config'} --no-store",
                    f"metrics are at http://{host}:{port}/metrics; Ctrl-C stops it",
                ]
            )
            await Daemon(configuration, folder, database).run(host, port, stop)


@asynccontextmanager
async def _fleet(folder: Path) -> AsyncIterator[Path]:
    """Start the fleet and write its kubeconfig and configuration; gives the latter's path."""
    from auditor.simulator.demo import (  # noqa: PLC0415 - parses its data
        DEMO_CLUSTERS,
        demo_configuration,
        load_demo_cluster,
    )
    from auditor.simulator.fleet import Simulator  # noqa: PLC0415

    entries, connectors = [], []
    async with Simulator() as simulator:
        for index, known in enumerate(DEMO_CLUSTERS):
            remark(f"starting {known.name}: {known.title}")
            cluster = await simulator.add(
                known.name,
                load_demo_cluster(known),
                version=known.version,
                tokens={_TOKEN: _identity(index)},
            )
            entries.append(_entry(index, cluster.url, cluster.ca_pem))
            connectors.append(
                {
                    "name": known.name,
                    "kind": "kubeconfig",
                    "path": "config",
                    "contexts": [known.name],
                    "tags": dict(known.tenant_tags),
                }
            )
        names = [known.name for known in DEMO_CLUSTERS]
        (folder / "config").write_bytes(_kubeconfig(names, entries))
        configuration = demo_configuration(now().date(), connectors)
        text = f"{configuration}\nschedule: {{interval_seconds: {_WATCH_SECONDS}}}\n"
        path = folder / "auditor.yaml"
        path.write_text(text, encoding="utf-8")
        yield path


_OVERPRIVILEGED, _UNVERIFIED, _FORBIDDEN = 1, 2, 4
"""Which clusters of the fleet show what is wrong with the auditor's own access."""


def _identity(index: int) -> Any:
    """Give the auditor's identity at a cluster: in most it holds the role that we ship."""
    from auditor.kube.resources import NETWORK_POLICIES, RESOURCES  # noqa: PLC0415
    from auditor.simulator.identities import Identity  # noqa: PLC0415

    if index == _OVERPRIVILEGED:
        return Identity.administrator("exposure-auditor")
    missing = NETWORK_POLICIES if index == _FORBIDDEN else None
    rules = tuple(
        {
            "apiGroups": [item.group],
            "resources": [item.plural],
            "verbs": ["get" if item.is_named else "list"],
        }
        for item in RESOURCES
        if item.name != missing
    )
    return Identity("exposure-auditor", (), rules)


def _entry(index: int, url: str, ca_pem: bytes) -> dict[str, Any]:
    if index == _UNVERIFIED:
        return {"server": url, "insecure-skip-tls-verify": True}
    encoded = base64.b64encode(ca_pem).decode()
    return {"server": url, "certificate-authority-data": encoded}


def _kubeconfig(names: list[str], entries: list[dict[str, Any]]) -> bytes:
    import yaml  # noqa: PLC0415 - 80 ms that --help need not pay

    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": entry} for name, entry in zip(names, entries, strict=True)
        ],
        "users": [{"name": "auditor", "user": {"token": _TOKEN}}],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": "auditor"}} for name in names
        ],
    }
    return yaml.safe_dump(document).encode()
