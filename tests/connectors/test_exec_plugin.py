"""Exec credential plugins, with real small programs: what they may do, and for how long."""

import asyncio
import base64
import json
import os
import shlex
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.model.cluster import Api, Credential, CredentialProvider, SourceError
from connectors import exec_plugin
from connectors.exec_plugin import EnvVar, ExecConfig, ExecCredentials, ExecPolicy
from connectors.kubeconfig import KubeconfigConnector, KubeconfigOptions

CANARY = "c4n4ry-s3cr3t"
VERSION = "client.authentication.k8s.io/v1"
ATTENDED = ExecPolicy(is_unattended=False)


def answer(version: str = VERSION, kind: str = "ExecCredential", **status: Any) -> str:
    return json.dumps({"apiVersion": version, "kind": kind, "status": status})


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def printing(path: Path, *texts: str) -> Path:
    """Make a plugin that prints one text at each run, the last one again and again.

    The file `runs` beside it gets a line for each run.
    """
    for number, text in enumerate(texts, 1):
        (path.parent / f"answer{number}").write_text(text)
    return script(
        path,
        f"cd {shlex.quote(str(path.parent))}\n"
        "echo run >> runs\n"
        "n=$(wc -l < runs)\n"
        f'[ "$n" -lt {len(texts)} ] || n={len(texts)}\n'
        "cat answer$((n))",
    )


def runs(folder: Path) -> int:
    log = folder / "runs"
    return len(log.read_text().splitlines()) if log.exists() else 0


def plugin(
    command: Path | str, policy: ExecPolicy = ATTENDED, folder: Path = Path(), **config: Any
) -> ExecCredentials:
    exec_config = ExecConfig(**{"command": str(command), "api_version": VERSION} | config)
    return ExecCredentials(exec_config, folder, policy, {})


def ask(credentials: CredentialProvider, *, renew: bool = False) -> Credential:
    return asyncio.run(credentials.credential(renew=renew))


def refusal(credentials: ExecCredentials) -> str:
    with pytest.raises(SourceError) as caught:
        ask(credentials)
    message = str(caught.value)
    assert message.startswith("exec: ")
    assert CANARY not in message
    assert "\n" not in message
    assert len(message) < 1000
    return message


def in_seconds(seconds: float) -> str:
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def is_alive(process: int) -> bool:
    """Whether a process runs; one that nobody has reaped yet does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def has_ended(process: int) -> bool:
    until = time.monotonic() + 5
    while is_alive(process) and time.monotonic() < until:
        time.sleep(0.01)
    return not is_alive(process)


def wait_for(path: Path) -> None:
    until = time.monotonic() + 30
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exec_plugin, "DEADLINE_SECONDS", 1.0)


# What a plugin gives


@pytest.mark.parametrize("version", [VERSION, "client.authentication.k8s.io/v1beta1"])
def test_a_token(tmp_path: Path, version: str) -> None:
    command = printing(tmp_path / "p", answer(version, token=CANARY))
    credentials = plugin(command, api_version=version)
    assert ask(credentials) == Credential(token=CANARY)
    assert CANARY not in f"{credentials!r} {credentials}"


def test_a_certificate(tmp_path: Path) -> None:
    pair = {"clientCertificateData": "crt\n", "clientKeyData": "key\n"}
    command = printing(tmp_path / "p", answer(**pair), answer(**pair, token="t"))
    credentials = plugin(command)
    assert ask(credentials) == Credential(certificate=b"crt\n", key=b"key\n")
    both = Credential(token="t", certificate=b"crt\n", key=b"key\n")
    assert ask(credentials, renew=True) == both


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"token": ""},
        {"token": None},
        {"clientCertificateData": CANARY},
        {"clientKeyData": CANARY, "token": ""},
        {"clientCertificateData": CANARY, "clientKeyData": ""},
    ],
)
def test_an_answer_without_credential(tmp_path: Path, status: Any) -> None:
    command = printing(tmp_path / "p", answer(**status))
    assert "gave neither a token nor a certificate with its key" in refusal(plugin(command))


# How long it is kept


def test_a_credential_without_expiry_is_kept_until_it_is_refused(tmp_path: Path) -> None:
    command = printing(tmp_path / "p", answer(token="one"), answer(token="two"))
    credentials = plugin(command)
    assert [ask(credentials).token for _ in range(3)] == ["one"] * 3
    assert ask(credentials, renew=True).token == "two"
    assert ask(credentials).token == "two"
    assert runs(tmp_path) == 2


@pytest.mark.parametrize(("seconds", "expected"), [(3600, 1), (75, 1), (45, 2), (0, 2), (-60, 2)])
def test_a_credential_is_kept_until_shortly_before_its_expiry(
    tmp_path: Path, seconds: float, expected: int
) -> None:
    first = answer(token="one", expirationTimestamp=in_seconds(seconds))
    command = printing(tmp_path / "p", first, answer(token="two"))
    credentials = plugin(command)
    assert ask(credentials).token == "one"
    assert ask(credentials).token == ("one" if expected == 1 else "two")
    assert ask(credentials).token == ("one" if expected == 1 else "two")
    assert runs(tmp_path) == expected


def test_an_expiry_comes_nearer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = answer(token="one", expirationTimestamp="2030-01-01T02:00:00+02:00")
    command = printing(tmp_path / "p", first, answer(token="two"))
    credentials = plugin(command)
    midnight = datetime(2030, 1, 1, tzinfo=UTC).timestamp()
    for before, token in [(3600, "one"), (61, "one"), (59, "two"), (-3600, "two")]:
        monkeypatch.setattr(time, "time", lambda before=before: midnight - before)
        assert ask(credentials).token == token


def test_a_failed_renewal_keeps_nothing_and_is_tried_again(tmp_path: Path) -> None:
    first = answer(token="one", expirationTimestamp=in_seconds(10))
    command = printing(tmp_path / "p", first, "garbage", answer(token="three"))
    credentials = plugin(command)
    assert ask(credentials).token == "one"
    refusal(credentials)
    assert ask(credentials).token == "three"


def test_concurrent_calls_run_it_once(tmp_path: Path) -> None:
    slow = script(
        tmp_path / "slow", f"sleep 0.2; exec {printing(tmp_path / 'p', answer(token='t'))}"
    )

    async def many() -> list[Credential]:
        credentials = plugin(slow)
        return await asyncio.gather(*(credentials.credential(renew=False) for _ in range(20)))

    assert asyncio.run(many()) == [Credential(token="t")] * 20
    assert runs(tmp_path) == 1


# Its end


def test_a_plugin_that_hangs_is_killed_with_all_that_it_started(
    tmp_path: Path, hurried: None
) -> None:
    command = script(tmp_path / "p", f"sleep 60 &\necho $$ $! > {tmp_path}/pids; wait")
    began = time.monotonic()
    assert refusal(plugin(command)).endswith("gave no answer in 1 s")
    assert time.monotonic() - began < 5
    leader, grandchild = map(int, (tmp_path / "pids").read_text().split())
    assert has_ended(leader)
    assert has_ended(grandchild)


def test_a_plugin_that_left_its_output_to_another_is_ended_too(
    tmp_path: Path, hurried: None
) -> None:
    command = script(tmp_path / "p", f"sleep 60 &\necho $! > {tmp_path}/pid; echo '{answer()}'")
    assert refusal(plugin(command)).endswith("gave no answer in 1 s")
    assert has_ended(int((tmp_path / "pid").read_text()))


def test_what_a_plugin_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    text = f"sleep 60 >/dev/null 2>&1 &\necho $! > {tmp_path}/pid; echo '{answer(token='t')}'"
    assert ask(plugin(script(tmp_path / "p", text))).token == "t"
    assert has_ended(int((tmp_path / "pid").read_text()))


def test_a_plugin_whose_child_escapes_leaves_no_pipe_open(tmp_path: Path, hurried: None) -> None:
    fork = "import os,time; os.setsid(); open({!r},'w').write(str(os.getpid())); time.sleep(60)"
    child = shlex.join([sys.executable, "-c", fork.format(str(tmp_path / "pid"))])
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counted only

    async def twice() -> int:
        credentials = plugin(script(tmp_path / "p", f"{child} & sleep 60"))
        for _ in range(2):
            with pytest.raises(SourceError, match="gave no answer"):
                await credentials.credential(renew=False)
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208

    # The loop itself has a few.
    assert asyncio.run(twice()) < before + 6
    os.kill(int((tmp_path / "pid").read_text()), 9)


def test_a_cancelled_call_kills_the_plugin(tmp_path: Path) -> None:
    command = script(tmp_path / "p", f"sleep 60 &\necho $$ $! > {tmp_path}/pids; wait")

    async def cancel() -> None:
        task = asyncio.create_task(plugin(command).credential(renew=False))
        await asyncio.to_thread(wait_for, tmp_path / "pids")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert all(has_ended(int(pid)) for pid in (tmp_path / "pids").read_text().split())


# What it prints


def test_a_chatty_plugin_does_not_hang(tmp_path: Path) -> None:
    chat = "head -c 3000000 /dev/zero | tr '\\0' x >&2"
    command = script(tmp_path / "p", f"{chat}; echo '{answer(token='t')}'; {chat}")
    assert ask(plugin(command)).token == "t"


def test_an_answer_without_end_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exec_plugin, "MAX_OUTPUT_BYTES", 1000)
    good = answer(token="t")
    fits = printing(tmp_path / "fits", good + " " * (1000 - len(good)))
    assert ask(plugin(fits)).token == "t"
    larger = tmp_path / "larger"
    larger.mkdir()
    too_large = printing(larger / "p", answer(token=CANARY, other="x" * 1000))
    assert refusal(plugin(too_large)).endswith("p printed no ExecCredential")


def test_an_endless_answer_is_stopped(tmp_path: Path, hurried: None) -> None:
    command = script(tmp_path / "p", f"exec yes {CANARY}")
    assert refusal(plugin(command)).endswith("gave no answer in 1 s")


@pytest.mark.parametrize(
    "text",
    [
        "",
        CANARY,
        f'{{"token": "{CANARY}"',
        answer(token=CANARY)[:-5],
        answer(token=CANARY) + CANARY,
        json.dumps([CANARY]),
        json.dumps({"status": {"token": CANARY}}),
        json.dumps({"apiVersion": VERSION, "kind": "ExecCredential", "status": CANARY}),
        json.dumps({"apiVersion": VERSION, "kind": "ExecCredential", "status": None}),
        answer(token=[CANARY]),
        answer(token=CANARY, expirationTimestamp=CANARY),
        answer(token=CANARY, expirationTimestamp=5),
        # Without a time zone nobody knows when that is.
        answer(token=CANARY, expirationTimestamp="2030-01-01T00:00:00"),
        answer(token=CANARY, expirationTimestamp="0001-01-01T00:00:00"),
        answer(version="client.authentication.k8s.io/v1alpha1", token=CANARY),
        answer(version="client.authentication.k8s.io/v1beta1", token=CANARY),
        answer(version=CANARY, token=CANARY),
        answer(version="v" * 5000, token=CANARY),
        answer(kind="Status", token=CANARY),
        answer(kind=CANARY, token=CANARY),
        '{"x": ' + "[" * 100_000 + "]" * 100_000 + "}",
    ],
)
def test_garbage_is_an_error_and_never_repeated(tmp_path: Path, text: str) -> None:
    message = refusal(plugin(printing(tmp_path / "p", text)))
    assert f"{tmp_path}/p printed no ExecCredential" in message


def test_bytes_that_are_no_text_are_garbage(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b'{"kind": "\xff' + CANARY.encode())
    refusal(plugin(script(tmp_path / "p", f"cat {tmp_path}/out")))


def test_a_failure_tells_its_reason_in_one_short_line(tmp_path: Path) -> None:
    command = script(
        tmp_path / "p",
        f"echo {CANARY}\nprintf 'not\\n logged\\tin \\377' >&2\nseq 1000 >&2; exit 3",
    )
    message = refusal(plugin(command))
    assert f"{command} failed with code 3: not logged in �1 2 3" in message
    assert len(message) < 400 + len(str(command))


@pytest.mark.parametrize("end", ["exit 1", "kill -9 $$"])
def test_a_failure_without_a_word_is_one_too(tmp_path: Path, end: str) -> None:
    command = script(tmp_path / "p", f"echo '{answer(token=CANARY)}'; {end}")
    assert refusal(plugin(command)).endswith(": no reason given")


# What does not run


@pytest.mark.parametrize("version", ["", None, "v1", "client.authentication.k8s.io/v1alpha1"])
def test_versions_that_nobody_speaks(tmp_path: Path, version: str | None) -> None:
    command = printing(tmp_path / "p", answer(token="t"))
    assert refusal(plugin(command, api_version=version)).startswith("exec: apiVersion ")
    assert runs(tmp_path) == 0


def test_a_missing_command_tells_how_to_install_it(tmp_path: Path) -> None:
    hint = "Install it:\n\n  brew install it\n"
    message = refusal(plugin(tmp_path / "missing", install_hint=hint))
    expected = "missing cannot run: No such file or directory; Install it: brew install it"
    assert message.endswith(expected)
    assert refusal(plugin("no-command-of-that-name")).endswith("No such file or directory")


def test_files_that_are_no_program(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("x")
    assert refusal(plugin(tmp_path / "text")).endswith("cannot run: Permission denied")
    assert "cannot run: " in refusal(plugin(tmp_path))


@pytest.mark.parametrize(
    "config",
    [
        {"command": "a\0b"},
        {"args": ("a\0b",)},
        {"env": (EnvVar("A=B", "x"),)},
        {"env": (EnvVar("A", "x\0"),)},
    ],
)
def test_what_no_system_can_run_is_an_error(tmp_path: Path, config: Any) -> None:
    command = printing(tmp_path / "p", answer(token="t"))
    assert "cannot run: " in refusal(plugin(config.pop("command", command), **config))


def test_a_plugin_that_needs_a_terminal_does_not_run(tmp_path: Path) -> None:
    command = printing(tmp_path / "p", answer(token="t"))
    message = refusal(plugin(command, interactive_mode="Always"))
    assert message.endswith("needs a terminal (interactiveMode Always)")
    assert runs(tmp_path) == 0
    for mode in ("Never", "IfAvailable", "", None):
        assert ask(plugin(command, interactive_mode=mode)).token == "t"


def test_a_plugin_has_no_terminal_and_no_input(tmp_path: Path) -> None:
    command = script(
        tmp_path / "p",
        f"read -r line && exit 4\n(: < /dev/tty) 2>/dev/null && exit 5\necho '{answer(token='t')}'",
    )
    assert ask(plugin(command)).token == "t"


# What it is told and sees


def seen(tmp_path: Path, policy: ExecPolicy = ATTENDED, **config: Any) -> dict[str, str]:
    """Run a plugin that writes its environment down."""
    command = script(tmp_path / "p", f"env -0 > {tmp_path}/env; echo '{answer(token='t')}'")
    ask(plugin(command, policy, **config))
    pairs = (tmp_path / "env").read_text().rstrip("\0").split("\0")
    return dict(pair.split("=", 1) for pair in pairs)


def test_arguments_and_environment_come_from_the_kubeconfig(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROFILE", "of the user")
    monkeypatch.setenv("OTHER", "of the user")
    env = (EnvVar("PROFILE", "of the file"), EnvVar("EMPTY"), EnvVar("LINES", "a\nb=c"))
    found = seen(tmp_path, env=env)
    wanted = {"PROFILE": "of the file", "OTHER": "of the user", "EMPTY": "", "LINES": "a\nb=c"}
    assert wanted.items() <= found.items()
    shown = script(tmp_path / "args", f'printf "%s|" "$@" > {tmp_path}/seen; echo \'{answer()}\'')
    refusal(plugin(shown, args=("a b", "", "$(id)", "-x")))
    assert (tmp_path / "seen").read_text() == "a b||$(id)|-x|"


def test_an_attended_plugin_sees_the_whole_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPOSURE_CANARY", CANARY)
    found = seen(tmp_path)
    assert os.environ.items() <= (found | {"_": os.environ.get("_", "")}).items()


def test_an_unattended_plugin_sees_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EXPOSURE_CANARY", "EXPOSURE_AUDITOR_DATABASE", "AWS_PROFILE"):
        monkeypatch.setenv(name, CANARY)
    monkeypatch.setenv("NAMED", "passed")
    monkeypatch.delenv("ABSENT", raising=False)
    policy = ExecPolicy(
        is_unattended=True, commands=(str(tmp_path / "p"),), environment=("NAMED", "ABSENT")
    )
    found = seen(tmp_path, policy, env=(EnvVar("OWN", "x"),))
    of_the_shell = {"PWD", "SHLVL", "_", "OLDPWD"}
    bare = {"PATH", "HOME", "USER", "LANG", "TZ"}
    assert set(found) - of_the_shell <= bare | {"NAMED", "OWN", "KUBERNETES_EXEC_INFO"}
    assert found["NAMED"] == "passed"
    assert found["PATH"] == os.environ["PATH"]
    assert CANARY not in str(found)


def test_an_unattended_plugin_runs_only_if_it_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    command = printing(folder / "p", answer(token="t"))
    other = tmp_path / "other"
    other.symlink_to(command)

    def policy(*commands: Path | str) -> ExecPolicy:
        return ExecPolicy(is_unattended=True, commands=tuple(map(str, commands)))

    refused: list[tuple[Path | str, ExecPolicy]] = [
        (command, policy()),
        (command, policy(other)),
        (command, policy("p", "./p", "bin/p", "*", f"{folder}/*", folder)),
        ("p", policy(command, "p")),
        ("./p", policy(command, "./p")),
        ("bin/p", policy(command, "bin/p")),
        (f"{folder}/../bin/p", policy(command)),
        (f"{folder}//p", policy(command)),
        (other, policy(command)),
        (f"{command} ", policy(command)),
    ]
    for asked, allowed in refused:
        message = refusal(plugin(asked, allowed, folder))
        assert f"add {str(asked)!r} to exec_commands of the connector" in message
    assert runs(folder) == 0
    assert ask(plugin(command, policy(other, command), folder)).token == "t"
    assert runs(folder) == 1


def test_a_relative_command_is_beside_the_kubeconfig_and_a_bare_one_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("kube", "kube/bin", "path", "here", "here/bin"):
        (tmp_path / name).mkdir()
    script(tmp_path / "kube/bin/p", f"echo '{answer(token='beside')}'")
    script(tmp_path / "kube/p", f"echo '{answer(token='bare beside')}'")
    script(tmp_path / "path/p", f"echo '{answer(token='searched')}'")
    script(tmp_path / "here/bin/p", f"echo '{answer(token='here')}'")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PATH", f"{tmp_path}/path:{os.environ['PATH']}")
    folder = tmp_path / "kube"
    assert ask(plugin("bin/p", folder=folder)).token == "beside"
    assert ask(plugin("./p", folder=folder)).token == "bare beside"
    assert ask(plugin("p", folder=folder)).token == "searched"


# Through a kubeconfig


def access(
    tmp_path: Path,
    exec_: dict[str, Any],
    cluster: dict[str, str] | None = None,
    *,
    unattended: bool = False,
) -> Api:
    config = {
        "clusters": [{"name": "c", "cluster": {"server": "https://c.example"} | (cluster or {})}],
        "users": [{"name": "u", "user": {"exec": {"apiVersion": VERSION} | exec_}}],
        "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u"}}],
    }
    (tmp_path / "config").write_text(json.dumps(config))

    async def only() -> Api:
        options = KubeconfigOptions(path="config", exec_commands=(str(tmp_path / "named"),))
        found = KubeconfigConnector.clusters(options, tmp_path, unattended=unattended)
        (only_one,) = [cluster async for cluster in found]
        assert isinstance(only_one.access, Api)
        return only_one.access

    return asyncio.run(only())


@pytest.mark.parametrize("as_file", [False, True])
@pytest.mark.parametrize("is_told", [False, True])
def test_what_a_plugin_is_told_of_its_cluster(tmp_path: Path, is_told: bool, as_file: bool) -> None:
    (tmp_path / "ca.pem").write_bytes(b"ca")
    ca = base64.b64encode(b"ca").decode()
    script(
        tmp_path / "p",
        f'printf "%s" "$KUBERNETES_EXEC_INFO" > {tmp_path}/info; echo \'{answer(token="t")}\'',
    )
    cluster = {
        "tls-server-name": "name.example",
        "proxy-url": "http://proxy.example:1",
        **({"certificate-authority": "ca.pem"} if as_file else {"certificate-authority-data": ca}),
    }
    found = access(tmp_path, {"command": "./p", "provideClusterInfo": is_told}, cluster)
    assert ask(found.credentials).token == "t"
    spec: dict[str, Any] = {"interactive": False}
    if is_told:
        spec["cluster"] = {
            "server": "https://c.example",
            "tls-server-name": "name.example",
            "proxy-url": "http://proxy.example:1",
            "certificate-authority-data": ca,
        }
    told = json.loads((tmp_path / "info").read_text())
    assert told == {"apiVersion": VERSION, "kind": "ExecCredential", "spec": spec}


def test_the_daemon_runs_what_its_configuration_names(tmp_path: Path) -> None:
    script(tmp_path / "other", f"touch {tmp_path}/trace; echo '{answer(token='other')}'")
    script(tmp_path / "named", f"echo '{answer(token='named')}'")
    found = access(tmp_path, {"command": "./other"}, unattended=True)
    with pytest.raises(SourceError, match="the daemon runs only commands"):
        ask(found.credentials)
    assert not (tmp_path / "trace").exists()
    found = access(tmp_path, {"command": str(tmp_path / "named")}, unattended=True)
    assert ask(found.credentials).token == "named"
    found = access(tmp_path, {"command": "./other"}, unattended=False)
    assert ask(found.credentials).token == "other"
    assert (tmp_path / "trace").exists()
