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
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

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
    value: str | None = None


class ExecConfig(Struct, frozen=True, rename="camel"):
    """A user's `exec` in a kubeconfig."""

    command: str | None = None
    api_version: str | None = None
    args: tuple[str, ...] | None = None
    env: tuple[EnvVar, ...] | None = None
    interactive_mode: str | None = None
    provide_cluster_info: bool | None = None
    install_hint: str | None = None


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
    expiration_timestamp: Annotated[datetime, Meta(tz=True)] | None = None


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
        version = config.api_version
        if version not in _VERSIONS:
            known = " or ".join(_VERSIONS)
            raise SourceError(f"exec: apiVersion {version!r} is not {known}")
        if config.interactive_mode == "Always":
            raise SourceError(f"exec: {config.command} needs a terminal (interactiveMode Always)")
        command = self._command()
        try:
            transport, plugin = await asyncio.get_running_loop().subprocess_exec(
                _Plugin,
                command,
                *(config.args or ()),
                stdin=asyncio.subprocess.DEVNULL,
                env=self._environment(),
                # Of its own group, so that what it starts ends with it.
                start_new_session=True,
            )
        except OSError as error:
            hint = f"; {' '.join(config.install_hint.split())}" if config.install_hint else ""
            raise SourceError(f"exec: {command} cannot run: {error.strerror}{hint}") from error
        except ValueError as error:
            # A null byte, or a variable's name with an equals sign.
            raise SourceError(f"exec: {command!r} cannot run: {error}") from error
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                await plugin.has_ended.wait()
        except TimeoutError as error:
            message = f"exec: {command} gave no answer in {DEADLINE_SECONDS:g} s"
            raise SourceError(message) from error
        finally:
            await _end(transport, plugin)
        if (code := transport.get_returncode()) != 0:
            said = " ".join(plugin.complaint.decode(errors="replace").split())[:_LONGEST_COMPLAINT]
            raise SourceError(
                f"exec: {command} failed with code {code}: {said or 'no reason given'}"
            )
        return _status(bytes(plugin.answer), version, command)

    def _command(self) -> str:
        """Give what to run.

        Raises:
            SourceError: the policy does not allow it.
        """
        command = self._config.command
        if not command:
            raise SourceError("exec: names no command")
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
        own = {item.name: item.value or "" for item in self._config.env or ()}
        return inherited | own | {"KUBERNETES_EXEC_INFO": msgspec.json.encode(info).decode()}


class _Plugin(asyncio.SubprocessProtocol):
    """What a running plugin has said: everything is read, and kept what fits."""

    def __init__(self) -> None:
        self.answer = bytearray()
        self.complaint = bytearray()
        self.has_exited = asyncio.Event()
        self.has_ended = asyncio.Event()
        """It exited, and nobody holds its output any more."""

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        kept = self.answer if fd == 1 else self.complaint
        kept += data[: MAX_OUTPUT_BYTES - len(kept)]

    def process_exited(self) -> None:
        self.has_exited.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the base's argument
        self.has_ended.set()


async def _end(transport: asyncio.SubprocessTransport, plugin: _Plugin) -> None:
    """Leave nothing behind: neither a process, where the plugin itself has exited, nor a pipe."""
    # They have all ended already, or become another user's.
    with suppress(ProcessLookupError, PermissionError):
        try:
            # A group's number is not given away while one of its processes lives, nor just after.
            os.killpg(transport.get_pid(), signal.SIGKILL)
            await plugin.has_exited.wait()
        finally:
            transport.close()


def _status(output: bytes, version: str, command: str) -> _Status:
    try:
        answer = msgspec.json.decode(output, type=_ExecCredential)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # What it printed may be half a credential: it is not repeated.
        raise SourceError(f"exec: {command} printed no ExecCredential") from error
    if answer.kind != "ExecCredential" or answer.api_version != version:
        raise SourceError(f"exec: {command} printed no ExecCredential of {version}")
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
