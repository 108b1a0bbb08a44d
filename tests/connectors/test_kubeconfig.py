"""The kubeconfig connector: which clusters it yields, with which access, and what it never says."""

import asyncio
import base64
import os
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor.model.cluster import (
    Api,
    Cluster,
    Credential,
    NoAccess,
    SourceError,
    SourceNotFoundError,
)
from connectors import kubeconfig
from connectors.kubeconfig import KubeconfigConnector, KubeconfigOptions

CANARY = "c4n4ry-s3cr3t"
ARN = "arn:aws:eks:eu-west-1:123456789012:cluster/prod"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def document(
    contexts: dict[str, Any] | None = None,
    clusters: dict[str, Any] | None = None,
    users: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Make a kubeconfig; by default the context `a` of the cluster `c` and the user `u`."""
    if contexts is None:
        contexts = {"a": {"cluster": "c", "user": "u"}}
    if clusters is None:
        clusters = {"c": {"server": "https://c.example:6443"}}
    if users is None:
        users = {"u": {"token": CANARY}}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": value} for name, value in clusters.items()],
        "users": [{"name": name, "user": value} for name, value in users.items()],
        "contexts": [{"name": name, "context": value} for name, value in contexts.items()],
    }


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    is_raw = isinstance(content, bytes)
    path.write_bytes(content if is_raw else msgspec.json.encode(content))  # JSON is YAML
    return path


def listed(options: KubeconfigOptions, base: Path = Path(), *, unattended: bool = False) -> Any:
    async def collect() -> list[Cluster]:
        found = KubeconfigConnector.clusters(options, base, unattended=unattended)
        return [cluster async for cluster in found]

    return {cluster.name: cluster for cluster in asyncio.run(collect())}


def accesses(path: Path, *contexts: str) -> Any:
    found = listed(KubeconfigOptions(path=str(path), contexts=contexts or ("*",)))
    return {name: cluster.access for name, cluster in found.items()}


def api_of(tmp_path: Path, **parts: Any) -> Api:
    """Give the access of a kubeconfig with one context, which must be usable."""
    (access,) = accesses(write(tmp_path / "config", document(**parts))).values()
    assert isinstance(access, Api), access
    return access


def credential_of(access: Api) -> Credential:
    return asyncio.run(access.credentials.credential(renew=False))


def credential_for(tmp_path: Path, **user: Any) -> Credential:
    return credential_of(api_of(tmp_path, users={"u": user}))


def refusal(tmp_path: Path, content: Any, *contexts: str) -> str:
    with pytest.raises(SourceError) as caught:
        accesses(write(tmp_path / "config", content), *contexts)
    message = str(caught.value)
    assert CANARY not in message
    assert "\n" not in message
    return message


def reason_beside_good(tmp_path: Path, cluster: Any = None, user: Any = None) -> str:
    """Give why a context cannot be used, and check that the one after it can."""
    good_cluster, good_user = {"server": "https://good.example"}, {"token": "good"}
    content = document(
        contexts={
            "bad": {"cluster": "bad", "user": "bad"},
            "good": {"cluster": "good", "user": "good"},
        },
        clusters={"bad": good_cluster if cluster is None else cluster, "good": good_cluster},
        users={"bad": good_user if user is None else user, "good": good_user},
    )
    found = accesses(write(tmp_path / "config", content))
    assert list(found) == ["bad", "good"]
    assert credential_of(found["good"]) == Credential(token="good")
    bad = found["bad"]
    assert isinstance(bad, NoAccess), bad
    assert CANARY not in bad.reason
    assert "\n" not in bad.reason
    return bad.reason


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the kubeconfig and the service account of whoever runs the tests out of them."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
        monkeypatch.delenv(name, raising=False)


# Contexts


def test_one_context_is_one_cluster(tmp_path: Path) -> None:
    path = write(tmp_path / "config", document())
    found = listed(KubeconfigOptions(path=str(path), tags={"env": "prod"}))
    (cluster,) = found.values()
    assert (cluster.id, cluster.name, cluster.provider) == ("kubeconfig/a", "a", "kubeconfig")
    assert cluster.tags == {"env": "prod"}
    assert cluster.place == "https://c.example:6443"
    assert cluster.access.verify
    assert cluster.access.ca is None


def many(tmp_path: Path, *names: str) -> Path:
    entry = {"cluster": "c", "user": "u"}
    return write(tmp_path / "config", document(contexts=dict.fromkeys(names, entry)))


@pytest.mark.parametrize(
    ("patterns", "matched"),
    [
        (("*",), ["prod-eu", "prod-us", "test", "Prod-x", "a[1]", ARN]),
        (("prod-*",), ["prod-eu", "prod-us"]),
        (("prod-?s", "t*"), ["prod-us", "test"]),
        (("t*", "test"), ["test"]),
        (("a[1]",), []),
        (("a[[]1]",), ["a[1]"]),
        (("arn:aws:eks:*/prod",), [ARN]),
        (("PROD-EU",), []),
        ((), []),
    ],
)
def test_globs_choose_contexts_in_the_order_of_the_file(
    tmp_path: Path, patterns: tuple[str, ...], matched: list[str]
) -> None:
    path = many(tmp_path, "prod-eu", "prod-us", "test", "Prod-x", "a[1]", ARN)
    options = KubeconfigOptions(path=str(path), contexts=patterns)
    if matched:
        assert list(listed(options)) == matched
    else:
        with pytest.raises(SourceError, match=r"no context matches .*the file has: .*prod-eu"):
            listed(options)


@pytest.mark.parametrize("name", [ARN, "a[1]", "*", "?", "[", "[!a]", "a#b", "a b", "ä", "a:b@c"])
def test_a_source_names_one_context_literally(tmp_path: Path, name: str) -> None:
    path = many(tmp_path, "a", "a1", "other", name)
    options = KubeconfigConnector.from_source(f"{path}#{name}")
    (found,) = listed(options).values()
    assert found.name == name
    assert found.id == f"kubeconfig/{name}"


@pytest.mark.parametrize("text", ["{path}", "{path}#"])
def test_a_source_without_context_is_all_of_them(tmp_path: Path, text: str) -> None:
    path = many(tmp_path, "a", "[")
    assert list(listed(KubeconfigConnector.from_source(text.format(path=path)))) == ["a", "["]


def test_a_source_may_name_a_context_of_the_default_file(tmp_path: Path) -> None:
    write(tmp_path / "home/.kube/config", document(contexts={"a": {}, "b": {}}))
    assert list(listed(KubeconfigConnector.from_source("#b"))) == ["b"]


def test_a_kubeconfig_without_contexts_is_an_error_and_not_an_empty_fleet(tmp_path: Path) -> None:
    assert "the file has: none" in refusal(tmp_path, document(contexts={}))


# Where the files are, and how several become one


def test_the_environment_names_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "home/.kube/config", document(contexts={"home": {}}))
    assert list(listed(KubeconfigOptions())) == ["home"]
    monkeypatch.setenv("KUBECONFIG", str(write(tmp_path / "e", document(contexts={"env": {}}))))
    assert list(listed(KubeconfigOptions())) == ["env"]
    named = write(tmp_path / "n", document(contexts={"named": {}}))
    assert list(listed(KubeconfigOptions(path=str(named)))) == ["named"]
    monkeypatch.setenv("KUBECONFIG", "")
    assert list(listed(KubeconfigOptions())) == ["home"]


def test_relative_paths_are_seen_from_who_wrote_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "settings/k", document(contexts={"settings": {}}))
    write(tmp_path / "here/k", document(contexts={"here": {}}))
    monkeypatch.chdir(tmp_path / "here")
    base = tmp_path / "settings"
    assert list(listed(KubeconfigOptions(path="k"), base)) == ["settings"]
    monkeypatch.setenv("KUBECONFIG", "k")
    assert list(listed(KubeconfigOptions(), base)) == ["here"]


def test_a_tilde_is_the_home_folder_in_each_part(tmp_path: Path) -> None:
    write(tmp_path / "home/one", document(contexts={"one": {}}))
    write(tmp_path / "home/two", document(contexts={"two": {}}))
    assert list(listed(KubeconfigOptions(path="~/one:~/two"))) == ["one", "two"]


def test_of_several_files_the_first_definition_counts_whole(tmp_path: Path) -> None:
    one = document(
        contexts={"a": {"cluster": "c", "user": "u"}},
        clusters={"c": {"server": "https://one.example"}},
        users={"u": {"username": "name"}},
    )
    two = document(
        contexts={"a": {"cluster": "d", "user": "v"}, "b": {"cluster": "c", "user": "u"}},
        clusters={"c": {"server": "https://two.example", "insecure-skip-tls-verify": True}},
        users={"u": {"token": "two"}},
    )
    write(tmp_path / "one", one)
    write(tmp_path / "two", two)
    found = listed(KubeconfigOptions(path="one::missing:two:"), tmp_path)
    assert list(found) == ["a", "b"]
    for cluster in found.values():
        assert cluster.access.server == "https://one.example"
        assert cluster.access.verify
        assert credential_of(cluster.access) == Credential(basic=("name", ""))


def test_relative_certificates_are_in_the_folder_of_their_own_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        for part in ("ca", "crt", "key"):
            write(tmp_path / name / f"{part}.pem", f"{part} of {name}".encode())
    contexts = {"a": {"cluster": "c", "user": "u"}}
    clusters = {"c": {"server": "https://c.example", "certificate-authority": "ca.pem"}}
    users = {"u": {"client-certificate": "crt.pem", "client-key": "./key.pem"}}
    write(tmp_path / "one/config", document(contexts=contexts, clusters=clusters, users={}))
    write(tmp_path / "two/config", document(contexts={}, clusters={}, users=users))
    found = listed(KubeconfigOptions(path="one/config:two/config"), tmp_path)
    assert found["a"].access.ca == b"ca of one"
    pair = Credential(certificate=b"crt of two", key=b"key of two")
    assert credential_of(found["a"].access) == pair


def test_a_link_is_a_file_of_its_own_folder_as_for_kubectl(tmp_path: Path) -> None:
    clusters = {"c": {"server": "https://c.example", "certificate-authority": "ca.pem"}}
    real = write(tmp_path / "store/config", document(clusters=clusters))
    write(tmp_path / "kube/ca.pem", b"ca")
    (tmp_path / "kube/config").symlink_to(real)
    assert accesses(tmp_path / "kube/config")["a"].ca == b"ca"


def test_a_pipe_is_a_file_too(tmp_path: Path) -> None:
    """As `kubeconfig:<(…)` of a shell makes it."""
    reading, writing = os.pipe()
    os.write(writing, msgspec.json.encode(document()))
    os.close(writing)
    try:
        assert list(accesses(Path(f"/dev/fd/{reading}"))) == ["a"]
    finally:
        os.close(reading)


@pytest.mark.parametrize("path", ["missing", "missing:gone/too", "config/below", ":"])
def test_files_of_which_none_is_there_are_a_wrong_source(tmp_path: Path, path: str) -> None:
    write(tmp_path / "config", document())
    with pytest.raises(SourceNotFoundError, match="is not there; name a kubeconfig file"):
        listed(KubeconfigOptions(path=path), tmp_path)


@pytest.mark.parametrize("path", [".", "x" * 300, "a\0b", "~nobody-of-that-name/config", "loop"])
def test_what_cannot_be_a_kubeconfig_is_one_error(tmp_path: Path, path: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(SourceError):
        listed(KubeconfigOptions(path=path), tmp_path)


def test_an_unreadable_file_is_an_error_even_beside_a_good_one(tmp_path: Path) -> None:
    write(tmp_path / "good", document())
    (tmp_path / "folder").mkdir()
    with pytest.raises(SourceError, match="folder cannot be read: Is a directory"):
        listed(KubeconfigOptions(path="good:folder"), tmp_path)


# What is no kubeconfig


@pytest.mark.parametrize(
    "text",
    [
        f"token: {CANARY}: x",
        f"users: [{CANARY}",
        f"a: !{CANARY} b",
        f"a: *{CANARY}",
        f"? [{CANARY}]\n: b",
        f"a: &{CANARY} 1\nb: &{CANARY} 2\n\tc",
        f'a: "{CANARY}',
        f"a: {CANARY}\n---\nb: {CANARY}",
        f"{CANARY}: \x00",
        f"!!python/object:{CANARY} {{}}",
    ],
)
def test_what_is_no_yaml_is_not_quoted(tmp_path: Path, text: str) -> None:
    message = refusal(tmp_path, text.encode())
    assert message.startswith(f"{tmp_path / 'config'} is no YAML")


def test_bytes_that_are_no_text_are_no_yaml(tmp_path: Path) -> None:
    assert "is no YAML" in refusal(tmp_path, b"a: \xff" + CANARY.encode())


def test_an_error_of_syntax_tells_its_line(tmp_path: Path) -> None:
    assert refusal(tmp_path, b"a: 1\nb: [\nc: }").endswith("is no YAML at line 3")


@pytest.mark.parametrize(
    "content",
    [
        CANARY,
        [CANARY],
        5,
        {"clusters": {CANARY: 1}},
        {"clusters": CANARY},
        {"clusters": [CANARY]},
        {"users": [{"name": "u", "user": {"token": [CANARY]}}]},
        {"users": [{"name": "u", "user": {"token": 12345}}]},
        {"users": [{"name": "u", "user": CANARY}]},
        {"users": [{"name": "u", "user": {"exec": {"command": "x", "args": [{CANARY: 1}]}}}]},
        {"clusters": [{"name": "c", "cluster": {"insecure-skip-tls-verify": CANARY}}]},
    ],
)
def test_wrong_types_are_one_error_that_quotes_nothing(tmp_path: Path, content: Any) -> None:
    assert " is no kubeconfig: Expected " in refusal(tmp_path, content)


def test_an_entry_without_a_name_is_an_error(tmp_path: Path) -> None:
    message = refusal(tmp_path, {"contexts": [{"context": {"cluster": CANARY}}]})
    assert message.endswith("Object missing required field `name` - at `$.contexts[0]`")


@pytest.mark.parametrize("text", ["1: 2", "users: [{name: u, user: {1: 2}}]", "clusters: [{1: 2}]"])
def test_keys_that_are_no_text_are_an_error(tmp_path: Path, text: str) -> None:
    assert " is no kubeconfig: " in refusal(tmp_path, text.encode())


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "null", "[]", "{}", "kind: Pod\nspec: {nodeName: x}"]
)
def test_a_file_without_contexts_has_none(tmp_path: Path, text: str) -> None:
    assert "no context matches" in refusal(tmp_path, text.encode())


def test_keys_without_a_value_are_as_good_as_none(tmp_path: Path) -> None:
    text = b"""
        clusters:
        - name: c
          cluster: {server: "https://c.example", certificate-authority-data: , proxy-url: null,
                    tls-server-name: , insecure-skip-tls-verify: null, certificate-authority: ~}
        users:
        - name: u
          user: {token: , tokenFile: ~, username: admin, password: null, as: , exec: ,
                 auth-provider: , client-certificate: ~, client-certificate-data: ,
                 client-key: , client-key-data: }
        contexts:
        - name: a
          context: {cluster: c, user: u, namespace: }
        - name: b
          context: {cluster: c, user: }
        - name: c
          context: {cluster: , user: u}
        - name: d
          context:
        current-context:
        preferences:
    """
    found = accesses(write(tmp_path / "config", text))
    assert credential_of(found["a"]) == Credential(basic=("admin", ""))
    assert found["a"].verify
    assert found["a"].proxy is found["a"].ca is found["a"].server_name is None
    assert credential_of(found["b"]) == Credential()
    reason = "the context names the cluster '', which is not there"
    assert found["c"] == found["d"] == NoAccess(reason)


@pytest.mark.parametrize("part", ["users", "clusters", "contexts"])
def test_lists_without_a_value_are_empty(tmp_path: Path, part: str) -> None:
    content = document() | {part: None}
    path = write(tmp_path / "config", content)
    if part == "contexts":
        assert "the file has: none" in refusal(tmp_path, content)
    else:
        assert isinstance(accesses(path)["a"], NoAccess)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "config"
    with path.open("wb") as file:
        file.truncate(64 * 1024**3)  # sparse
    with pytest.raises(SourceError, match="config holds over 8,388,608 bytes"):
        accesses(path)


def test_a_device_without_end_is_refused() -> None:
    with pytest.raises(SourceError, match="holds over"):
        accesses(Path("/dev/zero"))


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    assert "is no YAML" in refusal(tmp_path, b"users: " + b"[" * 100_000)


def test_aliases_in_aliases_cost_nothing(tmp_path: Path) -> None:
    levels = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)]
    text = "\n".join([f"a0: &a0 [{CANARY}]", *levels, "users: *a29"])
    began = time.monotonic()
    assert "is no kubeconfig" in refusal(tmp_path, text.encode())
    hidden = text.replace("users: *a29", "auth: *a29\nusers: [{name: u, user: {x: *a29}}]")
    assert "no context matches" in refusal(tmp_path, hidden.encode())
    assert time.monotonic() - began < 10


def test_a_value_that_holds_itself_is_overlooked_where_nobody_reads_it(tmp_path: Path) -> None:
    text = (
        b"x: &x [*x]\nusers: [{name: u, user: {auth-provider: &y {a: *y}}}]\ncontexts: [{name: a}]"
    )
    assert list(accesses(write(tmp_path / "config", text))) == ["a"]


# Contexts that cannot be used


@pytest.mark.parametrize(
    ("context", "reason"),
    [
        ({}, "the cluster '', which is not there"),
        ({"cluster": "x", "user": "u"}, "the cluster 'x', which is not there"),
        ({"cluster": "c", "user": "x"}, "the user 'x', which is not there"),
        ({"cluster": "a\nb", "user": "u"}, r"the cluster 'a\nb', which"),
    ],
)
def test_a_context_that_names_what_is_absent(tmp_path: Path, context: Any, reason: str) -> None:
    good = {"cluster": "c", "user": "u"}
    content = document(contexts={"bad": context, "good": good})
    found = accesses(write(tmp_path / "config", content))
    assert isinstance(found["bad"], NoAccess)
    assert reason in found["bad"].reason
    assert isinstance(found["good"], Api)


@pytest.mark.parametrize(
    "server",
    [
        "",
        "file:///etc/passwd",
        "ftp://host.example",
        "unix:///run/kube.sock",
        "host.example:6443",
        "10.0.0.1",
        "//host.example",
        "https://",
        "https:///path",
        "https:host.example",
        "https://:6443",
        "https://host.example:0",
        "https://host.example:65536",
        "https://host.example:-1",
        "https://host.example:port",
        "https://host.example:6443:1",
        "https://[::1",
        "https://[not-an-address]:6443",
        "https://host.example\\path",
        "https://host.example/\n",
        " https://host.example",
        "https://host example",
        "https://host\0.example",
        "https://ho\tst.example",
        "https://a..b",
        f"https://{'a' * 64}.example",
        "https://xn--a",
        f"https://user:{CANARY}@host.example",
        f"https://{CANARY}@host.example:6443/path",
        f"https://user:{CANARY}@",
        f"https://user:{CANARY}@host.example:port",
        f"https://user:{CANARY}@[::1",
        f"ftp://user:{CANARY}@host.example",
        f"https://user:p@{CANARY}@host.example",
        f"https://user:{CANARY}/@host.example:port",
    ],
)
def test_a_server_that_is_no_url_of_an_api(tmp_path: Path, server: str) -> None:
    assert "server" in reason_beside_good(tmp_path, cluster={"server": server})


@pytest.mark.parametrize(
    "server",
    [
        "https://[2001:db8::1]:6443",
        "https://[::1]",
        "https://192.0.2.1:443",
        "http://localhost:8080",
        "HTTPS://Host.Example/k8s/clusters/c-1",
        "https://bücher.example",
        "https://host.example:6443/",
    ],
)
def test_a_server_stays_as_it_is_written(tmp_path: Path, server: str) -> None:
    assert api_of(tmp_path, clusters={"c": {"server": server}}).server == server


@pytest.mark.parametrize(
    "proxy",
    [
        f"socks5://user:{CANARY}@proxy.example:1080",
        "socks5h://proxy.example",
        "proxy.example:3128",
        "http://",
        f"http://user:{CANARY}@",
        f"http://user:{CANARY}@proxy.example:99999",
        "http://[::1",
        f"http://user:{CANARY}@[::1",
        "http://pro xy.example",
    ],
)
def test_a_proxy_that_does_not_work_here(tmp_path: Path, proxy: str) -> None:
    cluster = {"server": "https://host.example", "proxy-url": proxy}
    reason = reason_beside_good(tmp_path, cluster=cluster)
    assert reason.startswith("proxy-url ")


@pytest.mark.parametrize("proxy", ["http://proxy.example:3128", "https://user:pw@[2001:db8::1]:1"])
def test_a_proxy_is_kept(tmp_path: Path, proxy: str) -> None:
    cluster = {"server": "https://host.example", "proxy-url": proxy}
    assert api_of(tmp_path, clusters={"c": cluster}).proxy == proxy


@pytest.mark.parametrize("data", [CANARY, "a", "YQ=", "====", "é", "YQ==YQ", "data:,YQ=="])
@pytest.mark.parametrize(
    "key", ["client-certificate-data", "client-key-data", "certificate-authority-data"]
)
def test_data_that_is_no_base64(tmp_path: Path, key: str, data: str) -> None:
    if key == "certificate-authority-data":
        cluster = {"server": "https://host.example", key: data}
        reason = reason_beside_good(tmp_path, cluster=cluster)
    else:
        user = {"client-certificate-data": b64("crt"), "client-key-data": b64("key")}
        reason = reason_beside_good(tmp_path, user=user | {key: data})
    assert reason == f"{key} is no base64"


@pytest.mark.parametrize("place", ["missing.pem", ".", "~nobody-of-that-name/x", "a\0b", "y" * 300])
@pytest.mark.parametrize("key", ["client-certificate", "client-key", "certificate-authority"])
def test_files_that_cannot_be_read(tmp_path: Path, key: str, place: str) -> None:
    write(tmp_path / "good.pem", CANARY.encode())
    if key == "certificate-authority":
        cluster = {"server": "https://host.example", key: place}
        reason = reason_beside_good(tmp_path, cluster=cluster)
    else:
        user = {"client-certificate": "good.pem", "client-key": "good.pem"}
        reason = reason_beside_good(tmp_path, user=user | {key: place})
    assert reason.startswith(f"{key}: ")


def test_a_certificate_file_without_end_is_refused(tmp_path: Path) -> None:
    cluster = {"server": "https://host.example", "certificate-authority": "/dev/zero"}
    assert "holds over" in reason_beside_good(tmp_path, cluster=cluster)


@pytest.mark.parametrize(
    "user",
    [
        {"client-certificate-data": b64(CANARY)},
        {"client-key-data": b64(CANARY)},
        {"client-certificate-data": b64(CANARY), "token": CANARY},
    ],
)
def test_a_certificate_comes_with_its_key(tmp_path: Path, user: Any) -> None:
    assert reason_beside_good(tmp_path, user=user).endswith("come together; one is missing")


def test_nobody_is_impersonated(tmp_path: Path) -> None:
    reason = reason_beside_good(tmp_path, user={"token": CANARY, "as": "admin"})
    assert reason == "the user impersonates somebody (`as`): an audit never does"


@pytest.mark.parametrize("provider", [{}, {"name": "gcp", "config": {"access-token": CANARY}}])
def test_auth_providers_are_gone(tmp_path: Path, provider: Any) -> None:
    reason = reason_beside_good(tmp_path, user={"auth-provider": provider})
    assert reason.startswith("auth-provider was removed")


# Credentials and connections that can be used


def test_settings_of_the_connection(tmp_path: Path) -> None:
    cluster = {
        "server": "https://192.0.2.1",
        "certificate-authority-data": b64("ca"),
        "insecure-skip-tls-verify": True,
        "tls-server-name": "host.example",
    }
    access = api_of(tmp_path, clusters={"c": cluster})
    assert (access.ca, access.verify, access.server_name) == (b"ca", False, "host.example")


def test_base64_may_be_folded(tmp_path: Path) -> None:
    data = b64("x" * 200)
    folded = "\n".join(data[start : start + 76] for start in range(0, len(data), 76)) + "\r\n"
    cluster = {"server": "https://host.example", "certificate-authority-data": folded}
    assert api_of(tmp_path, clusters={"c": cluster}).ca == b"x" * 200


def test_data_goes_before_files(tmp_path: Path) -> None:
    cluster = {
        "server": "https://host.example",
        "certificate-authority": "missing.pem",
        "certificate-authority-data": b64("ca"),
    }
    assert api_of(tmp_path, clusters={"c": cluster}).ca == b"ca"


PAIR = {"client-certificate-data": b64("crt"), "client-key-data": b64("key")}
PLUGIN = {"command": "/nowhere/plugin", "apiVersion": "client.authentication.k8s.io/v1"}


@pytest.mark.parametrize(
    ("user", "credential"),
    [
        ({}, Credential()),
        ({"token": CANARY}, Credential(token=CANARY)),
        ({"username": "me", "password": CANARY}, Credential(basic=("me", CANARY))),
        ({"password": CANARY}, Credential()),
        (PAIR, Credential(certificate=b"crt", key=b"key")),
        (PAIR | {"token": "t"}, Credential(token="t", certificate=b"crt", key=b"key")),
        # As kubectl: a plugin is not asked where there is something else.
        (PAIR | {"exec": PLUGIN}, Credential(certificate=b"crt", key=b"key")),
        ({"token": "t", "exec": PLUGIN}, Credential(token="t")),
        ({"username": "me", "exec": PLUGIN}, Credential(basic=("me", ""))),
    ],
)
def test_credentials_in_the_file(tmp_path: Path, user: Any, credential: Credential) -> None:
    assert credential_for(tmp_path, **user) == credential


def test_certificates_in_files(tmp_path: Path) -> None:
    crt = write(tmp_path / "pem/crt", b"crt")
    write(tmp_path / "home/key", b"key")
    found = credential_for(tmp_path, **{"client-certificate": str(crt), "client-key": "~/key"})
    assert found == Credential(certificate=b"crt", key=b"key")


def test_a_context_without_user_has_no_credential(tmp_path: Path) -> None:
    access = api_of(tmp_path, contexts={"a": {"cluster": "c"}})
    assert credential_of(access) == Credential()


def test_a_rotated_token_file_gives_the_new_token(tmp_path: Path) -> None:
    path = write(tmp_path / "run/token", b"one\n")
    access = api_of(tmp_path, users={"u": {"tokenFile": "run/token", "token": "stale"}})
    assert credential_of(access) == Credential(token="one")
    write(path, b"  two  ")
    assert credential_of(access) == Credential(token="two")
    (tmp_path / "run/new").write_text("three")
    (tmp_path / "run/new").replace(path)
    assert credential_of(access) == Credential(token="three")


def test_a_token_file_keeps_the_certificate_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "token", b"t")
    found = credential_for(tmp_path, **PAIR, tokenFile="token")
    assert found == Credential(token="t", certificate=b"crt", key=b"key")


@pytest.mark.parametrize("content", [None, b"", b" \n", CANARY.encode() + b"\xff"])
def test_a_token_file_that_holds_no_token(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        write(tmp_path / "token", content)
    access = api_of(tmp_path, users={"u": {"tokenFile": "token"}})
    with pytest.raises(SourceError, match="the token file ") as caught:
        credential_of(access)
    assert CANARY not in str(caught.value)


def test_a_token_file_without_end_is_refused(tmp_path: Path) -> None:
    access = api_of(tmp_path, users={"u": {"tokenFile": "/dev/zero"}})
    with pytest.raises(SourceError, match="holds over"):
        credential_of(access)


@pytest.mark.parametrize("exec_", [{}, {"command": ""}, PLUGIN | {"command": None}])
def test_a_plugin_without_command_costs_only_its_own_context(tmp_path: Path, exec_: Any) -> None:
    users = {"u": {"exec": exec_ | {"apiVersion": PLUGIN["apiVersion"]}}, "v": {"token": "t"}}
    contexts = {"a": {"cluster": "c", "user": "u"}, "b": {"cluster": "c", "user": "v"}}
    found = accesses(write(tmp_path / "config", document(contexts=contexts, users=users)))
    with pytest.raises(SourceError, match="exec: names no command"):
        credential_of(found["a"])
    assert credential_of(found["b"]) == Credential(token="t")


# Inside a cluster

IN_CLUSTER = KubeconfigConnector.from_source("in-cluster")


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "serviceaccount"
    write(folder / "ca.crt", b"ca")
    write(folder / "token", CANARY.encode())
    monkeypatch.setattr(kubeconfig, "_SERVICE_ACCOUNT", folder)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    return folder


def test_the_cluster_we_run_in(account: Path) -> None:
    (cluster,) = listed(IN_CLUSTER).values()
    assert (cluster.id, cluster.name) == ("kubeconfig/in-cluster", "in-cluster")
    assert (cluster.access.server, cluster.access.ca) == ("https://10.96.0.1:443", b"ca")
    assert cluster.access.verify
    assert credential_of(cluster.access) == Credential(token=CANARY)
    write(account / "token", b"rotated")
    assert credential_of(cluster.access) == Credential(token="rotated")
    assert CANARY not in repr(cluster)


def test_the_cluster_we_run_in_may_speak_ipv6(
    account: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    assert listed(IN_CLUSTER)["in-cluster"].access.server == "https://[fd00::1]:443"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KUBERNETES_SERVICE_HOST", None),
        ("KUBERNETES_SERVICE_PORT", None),
        ("KUBERNETES_SERVICE_HOST", ""),
        ("KUBERNETES_SERVICE_PORT", "tcp://10.96.0.1:443"),
        ("KUBERNETES_SERVICE_HOST", "a b"),
    ],
)
def test_outside_a_cluster_there_is_none(
    account: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    access = listed(IN_CLUSTER)["in-cluster"].access
    assert isinstance(access, NoAccess)
    assert "KUBERNETES_SERVICE_HOST" in access.reason


def test_a_pod_without_service_account_has_no_access(account: Path) -> None:
    (account / "ca.crt").unlink()
    access = listed(IN_CLUSTER)["in-cluster"].access
    assert isinstance(access, NoAccess)
    assert access.reason.startswith(f"{account}/ca.crt ")


def test_a_pod_without_token_is_told_when_it_is_asked_for(account: Path) -> None:
    (account / "token").unlink()
    with pytest.raises(SourceError, match="the token file "):
        credential_of(listed(IN_CLUSTER)["in-cluster"].access)


# Secrets

SECRET_USERS: list[dict[str, Any]] = [
    {"token": CANARY},
    {"username": "me", "password": CANARY},
    {"client-certificate-data": b64(CANARY), "client-key-data": b64(CANARY)},
    {"tokenFile": "token"},
    {"exec": PLUGIN | {"args": [CANARY], "env": [{"name": "SECRET", "value": CANARY}]}},
    {"exec": PLUGIN | {"command": "./plugin"}},
]


@pytest.mark.parametrize("user", SECRET_USERS)
def test_nothing_that_is_shown_holds_a_secret(tmp_path: Path, user: dict[str, Any]) -> None:
    write(tmp_path / "token", CANARY.encode())
    answer = f'{{"apiVersion": "{PLUGIN["apiVersion"]}", "kind": "ExecCredential", '
    answer += f'"status": {{"token": "{CANARY}"}}}}'
    plugin = write(tmp_path / "plugin", f"#!/bin/sh\necho '{answer}'\n".encode())
    plugin.chmod(0o755)
    path = write(tmp_path / "config", document(users={"u": user}))
    cluster = listed(KubeconfigOptions(path=str(path)))["a"]
    shown: list[object] = [cluster, cluster.access, cluster.access.credentials]
    if user.get("exec", {}).get("command") != PLUGIN["command"]:
        credential = credential_of(cluster.access)
        assert CANARY in str([credential.token, credential.basic, credential.key])
        # Asked once, a provider may keep what it gave.
        shown += [credential, cluster, cluster.access, cluster.access.credentials]
    for thing in shown:
        for text in (repr(thing), str(thing), f"{thing}", f"{[thing]}"):
            assert CANARY not in text
            assert b64(CANARY) not in text
