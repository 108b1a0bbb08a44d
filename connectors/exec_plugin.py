"""Exec credential plugins (client.authentication.k8s.io), run by ourselves.

The usual client libraries wait for a plugin without end, read its output so that a chatty one
hangs, and never ask it again. Here it has a deadline, no terminal, an output cap, and an answer
that is kept until shortly before it expires.
"""

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from auditor.model.cluster import Credential, SourceError

DEADLINE_SECONDS = 30.0
"""For one run of a plugin. They ask a cloud's token service, which answers in one or two."""

MAX_OUTPUT_BYTES = 1024 * 1024
"""Of a plugin's answer: a token or a certificate with its key is a few kilobytes."""

EARLY_SECONDS = 60.0
"""How long before its expiry a credential is renewed, so that none expires under way."""

_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_LONGEST_COMPLAINT = 300
_BARE_ENVIRONMENT = ("HOME", "LANG", "PATH", "TZ", "USER")
"""What a plugin of the daemon sees of the daemon's environment."""


class EnvVar(Struct, frozen=True):
    """A variable that a kubeconfig sets for a plugin."""

    name: str
    value: str = ""


class ExecConfig(Struct, frozen=True, rename="camel"):
    """A user's `exec` in a kubeconfig."""

    command: str
    api_version: str = ""
    args: tuple[str, ...] | None = None
    env: tuple[EnvVar, ...] | None = None
    interactive_mode: str = ""
    provide_cluster_info: bool = False
    install_hint: str = ""


class ExecPolicy(Struct, frozen=True):
    """Which plugins may run."""

    is_unattended: bool
    """For the daemon: only the commands that its configuration names, with a bare environment.
    Else as kubectl does: the user asked for it."""
    commands: tuple[str, ...] = ()
    """Absolute paths."""
    environment: tuple[str, ...] = ()
    """Further variables that an unattended plugin sees."""


class _Status(Struct, frozen=True, rename="camel"):
    token: str | None = None
    client_certificate_data: str | None = None
    client_key_data: str | None = None
    expiration_timestamp: datetime | None = None


class _ExecCredential(Struct, frozen=True, rename="camel"):
    api_version: str
    kind: str
    status: _Status = _Status()


class ExecCredentials:
    """Credentials from a plugin, kept until shortly before they expire."""

    def __init__(
        self,
        config: ExecConfig,
        folder: Path,
        policy: ExecPolicy,
        cluster_info: Mapping[str, object],
    ) -> None:
        """Keep how to run the plugin; relative commands are taken from the kubeconfig's folder."""
        self._config = config
        self._folder = folder
        self._policy = policy
        self._cluster_info = cluster_info
        self._running = asyncio.Lock()
        self._kept: Credential | None = None
        self._expires_at: float | None = None

    async def credential(self, *, renew: bool) -> Credential:
        """Give the kept credential, or run the plugin.

        Raises:
            SourceError: the plugin may not run, fails, or gives no credential.
        """
        async with self._running:
            late = self._expires_at is not None and time.time() > self._expires_at - EARLY_SECONDS
            if self._kept is None or renew or late:
                status = await self._run()
                self._kept = _credential(status)
                expires = status.expiration_timestamp
                self._expires_at = expires.timestamp() if expires else None
            return self._kept

    async def _run(self) -> _Status:
        config = self._config
        if config.api_version not in _VERSIONS:
            known = " or ".join(_VERSIONS)
            raise SourceError(f"exec: apiVersion {config.api_version!r} is not {known}")
        if config.interactive_mode == "Always":
            raise SourceError(f"exec: {config.command} needs a terminal (interactiveMode Always)")
        command = self._command()
        try:
            process = await asyncio.create_subprocess_exec(
                command,
                *(config.args or ()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=self._environment(),
                # Of its own group, so that what it starts ends with it.
                start_new_session=True,
            )
        except OSError as error:
            hint = f"; {' '.join(config.install_hint.split())}" if config.install_hint else ""
            raise SourceError(f"exec: {command} cannot run: {error.strerror}{hint}") from error
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                output, complaint = await asyncio.gather(
                    _read(process.stdout), _read(process.stderr)
                )
                code = await process.wait()
        except TimeoutError as error:
            message = f"exec: {command} gave no answer in {DEADLINE_SECONDS:g} s"
            raise SourceError(message) from error
        finally:
            _end(process)
        if code != 0:
            said = " ".join(complaint.decode(errors="replace").split())[:_LONGEST_COMPLAINT]
            raise SourceError(
                f"exec: {command} failed with code {code}: {said or 'no reason given'}"
            )
        return _status(output, config.api_version, command)

    def _command(self) -> str:
        """Give what to run.

        Raises:
            SourceError: the policy does not allow it.
        """
        command = self._config.command
        if not self._policy.is_unattended:
            # As kubectl: with a slash it is relative to the kubeconfig, a bare name is searched.
            return str(self._folder / command) if "/" in command else command
        if not command.startswith("/") or command not in self._policy.commands:
            raise SourceError(
                f"exec: the daemon runs only commands that its configuration names by absolute "
                f"path; add {command!r} to exec_commands of the connector"
            )
        return command

    def _environment(self) -> dict[str, str]:
        names = (*_BARE_ENVIRONMENT, *self._policy.environment)
        inherited = (
            {name: os.environ[name] for name in names if name in os.environ}
            if self._policy.is_unattended
            else dict(os.environ)
        )
        spec: dict[str, object] = {"interactive": False}
        if self._config.provide_cluster_info:
            spec["cluster"] = dict(self._cluster_info)
        info = {"apiVersion": self._config.api_version, "kind": "ExecCredential", "spec": spec}
        own = {item.name: item.value for item in self._config.env or ()}
        return inherited | own | {"KUBERNETES_EXEC_INFO": msgspec.json.encode(info).decode()}


async def _read(stream: asyncio.StreamReader | None) -> bytes:
    """Read a stream to its end, keeping what fits."""
    kept = bytearray()
    while stream is not None and (chunk := await stream.read(65_536)):
        kept += chunk[: MAX_OUTPUT_BYTES - len(kept)]
    return bytes(kept)


def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def _status(output: bytes, version: str, command: str) -> _Status:
    try:
        answer = msgspec.json.decode(output, type=_ExecCredential)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # What it printed may be half a credential: it is not repeated.
        raise SourceError(f"exec: {command} printed no ExecCredential") from error
    if answer.kind != "ExecCredential" or answer.api_version != version:
        raise SourceError(f"exec: {command} printed {answer.api_version}, not {version}")
    return answer.status


def _credential(status: _Status) -> Credential:
    if status.client_certificate_data and status.client_key_data:
        return Credential(
            token=status.token,
            certificate=status.client_certificate_data.encode(),
            key=status.client_key_data.encode(),
        )
    if not status.token:
        raise SourceError("exec: the plugin gave neither a token nor a certificate with its key")
    return Credential(token=status.token)
