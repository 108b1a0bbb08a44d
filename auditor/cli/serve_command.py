"""`serve`: the daemon."""

import asyncio
import ipaddress
import signal
from pathlib import Path

import click

from auditor.cli.failures import UsageFailure
from auditor.cli.options import chosen_database, config_option, database_option, load, now
from auditor.model.cluster import SourceError

DEFAULT_ADDRESS = "127.0.0.1:8430"


@click.command("serve", epilog="Example: exposure-auditor serve --config auditor.yaml")
@config_option
@database_option
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default=DEFAULT_ADDRESS,
    show_default=True,
    help="Loopback address to answer on; port 0 takes a free one.",
)
def command(config_path: Path | None, database: str | None, listen: str) -> None:
    """Audit the configuration's clusters again and again, and answer over HTTP.

    /metrics has what is known now for Prometheus, /livez and /readyz the daemon's own health. Every
    cluster has a loop of its own: one that is slow, sick or hostile costs the others nothing.
    Logs go to standard error, one JSON object a line. SIGTERM stops it.
    """
    host, port = loopback_address(listen)
    if config_path is None:
        raise UsageFailure("name the configuration: --config auditor.yaml")
    configuration = load(config_path, now())
    if not configuration.connectors:
        raise UsageFailure(f"{config_path}: nothing to watch; list your clusters in connectors")
    url = chosen_database(database, configuration)

    # Imported here: over a second that --help need not pay.
    from auditor.cli.database import with_database  # noqa: PLC0415
    from auditor.daemon.logs import log_to_stderr  # noqa: PLC0415
    from auditor.daemon.running import Daemon  # noqa: PLC0415
    from auditor.store.engine import Database  # noqa: PLC0415

    async def run(opened: Database) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stop.set)
        try:
            await Daemon(configuration, config_path.parent, opened).run(host, port, stop)
        except SourceError as error:
            raise UsageFailure(str(error)) from error
        except OSError as error:
            message = f"--listen: {listen} cannot be listened on: {error.strerror or error}"
            raise UsageFailure(message) from error

    log_to_stderr()
    with_database(url, run, may_create=True)


def loopback_address(listen: str) -> tuple[str, int]:
    """Read HOST:PORT; only loopback, for there is no authentication yet.

    Raises:
        UsageFailure: it is no address, or anybody could reach it.
    """
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise UsageFailure(f"--listen: {listen!r} is not HOST:PORT; write {DEFAULT_ADDRESS}")
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise UsageFailure(
            f"--listen: {host} is not loopback. What is exposed is nobody else's to read, and this "
            "version has no authentication: put a reverse proxy with one in front"
        )
    return host, int(port)
