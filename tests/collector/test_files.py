"""The files reader: what it reads, what it says of what it cannot read."""

import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor.audit.auditing import audit
from auditor.audit.rules import Rules
from auditor.collector.capture import write_capture
from auditor.collector.files import read_files
from auditor.collector.projection import projection_for
from auditor.collector.raw_files import RawFile, UnreadableFile, raw_files
from auditor.collector.reading import Reading
from auditor.kube.resources import NODES, PODS, RESOURCES, SERVICES
from auditor.model.cluster import Cluster, Files, SourceError, SourceNotFoundError
from auditor.model.reading import ReadState
from auditor.settings.configuration import Configuration
from auditor.settings.limits import ReadLimits

CONFIGURATION = Configuration()


def read(path: Path, limits: ReadLimits | None = None) -> Reading:
    cluster = Cluster(id="snapshot/a", name="a", provider="snapshot", access=Files(str(path)))
    return read_files(cluster, projection_for(CONFIGURATION), limits or ReadLimits())


def states(reading: Reading) -> dict[str, ReadState]:
    return {name: item.state for name, item in reading.inventory.coverage.items()}


def service(name: str = "front", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def write(path: Path, value: Any) -> Path:
    path.write_bytes(msgspec.json.encode(value))
    return path


def test_a_typed_list_of_nothing_is_a_complete_read_of_nothing(tmp_path: Path) -> None:
    write(tmp_path / "x.json", {"apiVersion": "v1", "kind": "NodeList", "items": []})
    assert states(read(tmp_path))[NODES] is ReadState.COMPLETE


def test_an_empty_list_of_any_kind_is_of_the_resource_its_file_names(tmp_path: Path) -> None:
    empty = {"apiVersion": "v1", "kind": "List", "items": []}
    write(tmp_path / "nodes.json", empty)
    write(tmp_path / "whatever.json", empty)
    found = states(read(tmp_path))
    assert found[NODES] is ReadState.COMPLETE
    assert set(found.values()) == {ReadState.COMPLETE, ReadState.NOT_PROVIDED}


def test_items_of_a_typed_list_need_no_kind(tmp_path: Path) -> None:
    item = {"metadata": {"name": "front", "namespace": "web"}}
    write(tmp_path / "x.json", {"apiVersion": "v1", "kind": "ServiceList", "items": [item]})
    (found,) = read(tmp_path).inventory.services
    assert found.metadata.name == "front"


def test_one_malformed_object_costs_itself(tmp_path: Path) -> None:
    items = [service("good"), service("bad", ports="none"), service("other")]
    write(tmp_path / "x.json", {"apiVersion": "v1", "kind": "List", "items": items})
    reading = read(tmp_path)
    assert [item.metadata.name for item in reading.inventory.services] == ["good", "other"]
    assert states(reading)[SERVICES] is ReadState.PARTIAL
    assert states(reading)[PODS] is ReadState.NOT_PROVIDED
    (problem,) = reading.inventory.problems
    assert problem.where == "x.json item 2"
    assert "Service bad cannot be read" in problem.message


def test_a_page_of_a_longer_list_is_partial(tmp_path: Path) -> None:
    page = {
        "apiVersion": "v1",
        "kind": "ServiceList",
        "metadata": {"continue": "abc"},
        "items": [service()],
    }
    write(tmp_path / "x.json", page)
    assert states(read(tmp_path))[SERVICES] is ReadState.PARTIAL


def test_a_broken_document_of_a_known_kind_leaves_the_others_complete(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(
        "kind: Pod\napiVersion: v1\nmetadata: {name: [\n---\napiVersion: v1\nkind: Service\n"
        "metadata: {name: front}\n"
    )
    found = states(read(tmp_path))
    assert found[PODS] is ReadState.PARTIAL
    assert found[SERVICES] is ReadState.COMPLETE


def test_a_broken_document_of_an_unknown_kind_leaves_nothing_complete(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(
        "a: [\n---\napiVersion: v1\nkind: Service\nmetadata: {name: front}\n"
    )
    assert set(states(read(tmp_path)).values()) == {ReadState.PARTIAL}


def test_a_broken_document_of_a_kind_that_no_check_reads_is_named_only(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(
        "kind: ConfigMap\ndata: {a: [\n---\napiVersion: v1\nkind: Service\n"
        "metadata: {name: front}\n"
    )
    reading = read(tmp_path)
    assert states(reading)[SERVICES] is ReadState.COMPLETE
    assert [problem.is_shortfall for problem in reading.inventory.problems] == [True]


def test_an_object_defined_twice_is_taken_from_the_later_file(tmp_path: Path) -> None:
    write(tmp_path / "1.json", service(type="NodePort"))
    write(tmp_path / "2.json", service(type="ClusterIP"))
    reading = read(tmp_path)
    (found,) = reading.inventory.services
    assert found.spec.type == "ClusterIP"
    (problem,) = reading.inventory.problems
    assert problem.is_shortfall is False
    assert "defined twice" in problem.message


def test_what_is_no_kubernetes_object_is_passed_over_with_a_remark(tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text("replicas: 3\n")
    write(tmp_path / "x.json", service())
    (problem,) = read(tmp_path).inventory.problems
    assert problem.is_shortfall is False
    assert "values.yaml" in problem.message


def test_kinds_that_no_check_reads_do_not_disturb(tmp_path: Path) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "data": {"a": "Yg=="},
    }
    write(tmp_path / "x.json", {"apiVersion": "v1", "kind": "List", "items": [secret, service()]})
    reading = read(tmp_path)
    assert reading.inventory.problems == ()
    assert len(reading.inventory.services) == 1


def test_json_in_a_yaml_file_and_flow_yaml_are_both_read(tmp_path: Path) -> None:
    write(tmp_path / "json.yaml", service("one"))
    (tmp_path / "flow.yaml").write_text(
        "{apiVersion: v1, kind: Service, metadata: {name: two}}\n---\n"
        "{apiVersion: v1, kind: Service, metadata: {name: three}}\n"
    )
    names = [item.metadata.name for item in read(tmp_path).inventory.services]
    assert names == ["one", "three", "two"]


def test_a_single_file_of_any_name_is_read_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "manifest.txt").write_text("apiVersion: v1\nkind: Service\nmetadata: {name: a}\n")
    assert len(read(tmp_path / "manifest.txt").inventory.services) == 1


def test_hidden_folders_and_other_files_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path / ".git" / "x.json", service("hidden"))
    (tmp_path / "README.md").write_text("kind: [")
    write(tmp_path / "x.json", service("seen"))
    assert [item.metadata.name for item in read(tmp_path).inventory.services] == ["seen"]


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside.json", service("outside"))
    folder = tmp_path / "folder"
    folder.mkdir()
    write(folder / "inside.json", service("inside"))
    (folder / "link.json").symlink_to(outside)
    (folder / "inner.json").symlink_to(folder / "inside.json")
    reading = read(folder)
    assert [item.metadata.name for item in reading.inventory.services] == ["inside"]
    assert any("leads out of the folder" in item.message for item in reading.inventory.problems)


def test_nothing_there_and_nothing_in_it_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError, match="is not there"):
        read(tmp_path / "no")
    with pytest.raises(SourceError, match="no Kubernetes object") as caught:
        read(tmp_path)
    assert not isinstance(caught.value, SourceNotFoundError)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\xfa",
        b'{"kind": "Service", "apiVersion": "v1", "metadata": {"name": "\xff"}}',
        b"[1, 2]",
        b"[" * 100_000,
        b"{" * 100_000,
        b'{"apiVersion": 3, "kind": []}',
        b"\x1f\x8bnot gzip at all",
        gzip.compress(b"{}" * 1000, mtime=0)[:50],
        b"\0\0\0",
    ],
)
def test_no_content_ends_the_process(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.json").write_bytes(content)
    write(tmp_path / "good.json", service())
    reading = read(tmp_path)
    assert len(reading.inventory.services) == 1
    assert reading.inventory.problems


def test_a_gzip_bomb_is_refused_at_its_limit(tmp_path: Path) -> None:
    bomb = gzip.compress(b"[" + b" " * 50_000_000)
    (tmp_path / "x.json.gz").write_bytes(bomb)
    (file,) = raw_files(tmp_path, ReadLimits(max_json_bytes=1_000_000))
    assert isinstance(file, UnreadableFile)
    assert "inflates to over 1,000,000 bytes" in file.message


def test_gzip_members_are_joined(tmp_path: Path) -> None:
    (tmp_path / "x.json.gz").write_bytes(gzip.compress(b'{"a":') + gzip.compress(b"1}"))
    assert list(raw_files(tmp_path, ReadLimits())) == [RawFile("x.json.gz", b'{"a":1}')]


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    for number in range(4):
        write(tmp_path / f"{number}.json", service(f"s{number}"))
    reading = read(tmp_path, ReadLimits(max_files=2))
    assert len(reading.inventory.services) == 2
    assert set(states(reading).values()) == {ReadState.PARTIAL}


def test_an_object_over_the_limit_costs_itself(tmp_path: Path) -> None:
    write(tmp_path / "big.json", service("big", externalName="x" * 2000))
    write(tmp_path / "small.json", service("small"))
    reading = read(tmp_path, ReadLimits(max_object_bytes=1000))
    assert [item.metadata.name for item in reading.inventory.services] == ["small"]
    assert states(reading)[SERVICES] is ReadState.PARTIAL


@pytest.mark.parametrize("folder", ["kubernetes-goat", "online-boutique/app", "live-cluster"])
def test_a_capture_gives_the_same_audit(corpus: Path, tmp_path: Path, folder: str, at: Any) -> None:
    original = read(corpus / folder)
    content = write_capture(original.cluster, original.inventory)
    for name, data in (("capture.json", content), ("capture.json.gz", gzip.compress(content))):
        (tmp_path / name).write_bytes(data)
        replayed = read(tmp_path / name)
        assert replayed.cluster.id == "snapshot/a"
        rules = Rules.of(CONFIGURATION)
        assert audit(replayed.cluster, replayed.inventory, rules, at) == audit(
            original.cluster, original.inventory, rules, at
        )


def test_a_capture_keeps_its_own_id_and_tags(tmp_path: Path) -> None:
    write(tmp_path / "x.json", service())
    original = read(tmp_path)
    named = msgspec.structs.replace(original.cluster, id="eks/1/eu/prod", tags={"tenant": "t"})
    target = tmp_path / "capture.json"
    target.write_bytes(write_capture(named, original.inventory))
    replayed = read(target)
    assert (replayed.cluster.id, replayed.cluster.tags) == ("eks/1/eu/prod", {"tenant": "t"})


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.999])
def test_part_of_a_capture_is_refused(corpus: Path, tmp_path: Path, cut: float) -> None:
    original = read(corpus / "kubernetes-goat")
    content = write_capture(original.cluster, original.inventory)
    (tmp_path / "x.json").write_bytes(content[: int(len(content) * cut)])
    with pytest.raises(SourceError, match="not a whole capture"):
        read(tmp_path / "x.json")


def test_a_capture_holds_no_secret(tmp_path: Path) -> None:
    canary = "canary-5f3a"
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "annotations": {"team": canary, "x/last-applied": canary}},
        "spec": {
            "containers": [
                {
                    "name": "c",
                    "command": ["run", canary, f"--password={canary}", "--token", canary],
                    "args": [canary, f"-p{canary}"[:2], canary],
                    "env": [{"name": "TOKEN", "value": canary}],
                }
            ]
        },
    }
    write(tmp_path / "x.json", pod)
    reading = read(tmp_path)
    assert canary.encode() not in write_capture(reading.cluster, reading.inventory)


def test_every_resource_has_a_coverage(tmp_path: Path) -> None:
    write(tmp_path / "x.json", service())
    assert set(states(read(tmp_path))) == {resource.name for resource in RESOURCES}


def test_lone_surrogates_cost_their_object_and_nul_round_trips(tmp_path: Path) -> None:
    items = ['{"apiVersion":"v1","kind":"Service","metadata":{"name":"a\\ud800"}}']
    items += [json.dumps(service("a\0b"))]
    (tmp_path / "x.json").write_text(
        f'{{"apiVersion":"v1","kind":"List","items":[{",".join(items)}]}}'
    )
    reading = read(tmp_path)
    assert [item.metadata.name for item in reading.inventory.services] == ["a\0b"]
    replay = tmp_path / "capture.json"
    replay.write_bytes(write_capture(reading.cluster, reading.inventory))
    assert read(replay).inventory.services == reading.inventory.services


def test_a_capture_among_manifests_hides_none_of_them(corpus: Path, tmp_path: Path) -> None:
    """Or one added file would make a pull request look healthy."""
    original = read(corpus / "live-cluster")
    (tmp_path / "aaa.json").write_bytes(write_capture(original.cluster, original.inventory))
    write(tmp_path / "front.json", service(type="NodePort"))
    reading = read(tmp_path)
    assert [item.metadata.name for item in reading.inventory.services] == ["front"]
    assert set(states(reading).values()) == {ReadState.PARTIAL}
    assert "is a capture among other files" in reading.inventory.problems[0].message


def test_workloads_and_policies_of_the_old_group_are_read(tmp_path: Path) -> None:
    kinds = ("Deployment", "DaemonSet", "ReplicaSet", "NetworkPolicy")
    for kind in kinds:
        value = {"apiVersion": "extensions/v1beta1", "kind": kind, "metadata": {"name": "a"}}
        write(tmp_path / f"{kind}.json", value)
    inventory = read(tmp_path).inventory
    assert sorted(item.kind for item in inventory.workloads) == sorted(kinds[:3])
    assert len(inventory.network_policies) == 1


@pytest.mark.parametrize(("levels", "is_read"), [(1, True), (5, True), (50, False)])
def test_a_list_inside_a_list_is_read_or_named(tmp_path: Path, levels: int, is_read: bool) -> None:
    value = service()
    for level in range(levels + 1):
        kind = "List" if level else "ServiceList"
        value = {"apiVersion": "v1", "kind": kind, "items": [value]}
    write(tmp_path / "x.json", value)
    reading = read(tmp_path)
    assert bool(reading.inventory.services) is is_read
    assert bool(reading.inventory.problems) is not is_read
