"""`snapshot`: a redacted, replayable capture of one cluster."""

import gzip
import sys
from pathlib import Path

import click

from auditor.cli.failures import UsageFailure, complain
from auditor.cli.options import config_option, load, now
from auditor.cli.reading import FleetReader
from auditor.collector.capture import write_capture
from auditor.collector.reading import Reading
from auditor.model.reading import ReadState


@click.command(
    "snapshot", epilog="Example: exposure-auditor snapshot snapshot:./dump --output prod.json.gz"
)
@click.argument("source")
@config_option
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="File to write; a name that ends in .gz is compressed.",
)
def command(source: str, config_path: Path | None, output: Path) -> None:
    """Capture what an audit of SOURCE reads, and nothing else, into one file.

    Auditing the capture gives the same answer. It holds no Secret, no value of an environment
    variable, and only annotations and flags that some check reads. SOURCE is as for `audit`.
    """
    if not output.parent.is_dir():
        raise UsageFailure(f"--output: the folder {output.parent} is not there")
    base = config_path.parent if config_path else Path()
    read = FleetReader[Reading](load(config_path, now()), base, lambda item: item).read([source])
    if len(read.used) != 1:
        if not read.used:
            sys.exit(int(read.exit_code))
        raise UsageFailure(f"{source} holds {len(read.used)} clusters; name a single one")
    (reading,) = read.used
    coverage = reading.inventory.coverage.values()
    if read.errors or all(item.state is ReadState.FAILED for item in coverage):
        complain(f"{output} is not written: there is nothing to capture")
        sys.exit(int(read.exit_code))
    content = write_capture(reading.cluster, reading.inventory)
    if output.suffix == ".gz":
        # Without a time stamp in its header: the same cluster gives the same bytes.
        content = gzip.compress(content, mtime=0)
    try:
        output.write_bytes(content)
    except OSError as error:
        raise UsageFailure(f"--output: {output} cannot be written: {error.strerror}") from error
    click.echo(f"{output}: {reading.cluster.id}, {len(content):,} bytes")
    sys.exit(int(read.exit_code))
