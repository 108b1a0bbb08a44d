"""What an image's name says.

`image_vectors.yaml` holds the vectors of the image facts. `real_images.txt` holds names of images
that are really published; its expectations were written from what the images are known to be,
before the recogniser was run on them, and were not changed after. Where it differs, `DIFFERS` says
what it answers, and why that is right or is lived with.
"""

from pathlib import Path
from time import process_time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.analysis.recognition.globs import fits
from auditor.analysis.recognition.images import image_index
from auditor.analysis.recognition.references import flattened, image_reference, spellings
from auditor.analysis.recognition.scoring import EvidenceKind, Grade
from auditor.catalogue.contents import shipped
from auditor.catalogue.recognition import ImageTrap, recognition_rules
from auditor.catalogue.software import software
from tests.analysis.clusters import facts_of
from tests.kube.manifests import a_workload

HERE = Path(__file__).parent
VECTORS = yaml.safe_load((HERE / "image_vectors.yaml").read_text(encoding="utf-8"))["vectors"]
REAL = [
    line.split()
    for line in (HERE / "real_images.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def ids_of(image: str) -> set[str]:
    return set(image_index(shipped()).answer(image).matches)


def grades_of(image: str, port: str) -> dict[str, Grade]:
    """Recognise a Deployment of a name that says nothing, which documents one port or none."""
    number, _, protocol = port.partition("/")
    ports = [{"containerPort": int(number), "protocol": protocol or "TCP"}] if port != "-" else []
    container = {"name": "c", "image": image, "ports": ports}
    facts = facts_of(a_workload("Deployment", "app", spec={"containers": [container]}))
    return {item.id: item.grade for found in facts.recognised.values() for item in found}


def test_no_vector_was_lost() -> None:
    assert len(VECTORS) == 184
    assert len({vector["image"] for vector in VECTORS}) == 184


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["image"])
def test_a_vector_holds(vector: dict[str, str | list[str]]) -> None:
    assert ids_of(str(vector["image"])) == set(vector["expect"])


DIFFERS = {
    # The catalogue counts it among the exporters (so do the vectors); the list had it as nothing.
    ("registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.10.1", "node-exporters"),
}


@pytest.mark.parametrize(("image", "port", "ids"), [(row[0], row[1], row[2:]) for row in REAL])
def test_a_real_image_is_what_it_is(image: str, port: str, ids: list[str]) -> None:
    graded = grades_of(image, port)
    sure = {name for name, grade in graded.items() if grade is not Grade.POSSIBLE}
    strangers = {name for name in sure - set(ids) if (image, name) not in DIFFERS}
    assert not strangers
    if ids != ["-"]:
        assert ids[0] in graded
        # What is in the catalogue from memory is never more than possible by an image and a port.
        assert ids[0] in sure or software()[ids[0]].is_unconfirmed


def test_real_images_are_many_and_known() -> None:
    named = {name for row in REAL for name in row[2:]} - {"-"}
    assert len({row[0] for row in REAL}) == len(REAL) >= 150
    assert named <= set(software())


@pytest.mark.parametrize(
    "trap", recognition_rules().traps, ids=lambda trap: "+".join(trap.images)[:60]
)
def test_an_image_of_a_trap_is_never_what_it_sounds_like(trap: ImageTrap) -> None:
    for pattern in trap.images:
        for registry in ("", "docker.io/", "registry.corp.example:5000/mirror/"):
            image = registry + pattern.replace("*", "x") + ":1"
            assert not ids_of(image) & set(trap.not_a), image


@pytest.mark.parametrize(
    ("text", "path", "tag"),
    [
        ("redis", "redis", ""),
        ("Redis:7@sha256:0123", "redis", "7"),
        ("docker-pullable://docker.io/library/redis@sha256:01", "library/redis", ""),
        ("containerd://localhost/a/b:c", "a/b", "c"),
        ("localhost:5000/a", "a", ""),
        (
            "nexus.corp.example:5000/docker-proxy/library/postgres:15",
            "docker-proxy/library/postgres",
            "15",
        ),
        ("mirror.corp/quay.io/argoproj/argocd:v1", "argoproj/argocd", "v1"),
        (" a/b ", "a/b", ""),
        ("", "", ""),
        ("/", "", ""),
        (":tag", "", ""),
        ("@sha256:01", "", ""),
        ("a//b/:x", "", ""),
        ("x" * 600, "", ""),
    ],
)
def test_a_reference_is_cut_into_path_and_tag(text: str, path: str, tag: str) -> None:
    reference = image_reference(text)
    assert ("/".join(reference.path), reference.tag) == (path, tag)


@pytest.mark.parametrize(
    ("path", "among"),
    [
        ("rancher/mirrored-longhornio-longhorn-ui", "longhornio/longhorn-ui"),
        ("rancher/mirrored-kube-vip-kube-vip-iptables", "kube-vip/kube-vip-iptables"),
        ("rancher/mirrored-pause", "pause"),
        ("rancher/hardened-etcd", "etcd"),
        ("kubernetes-dashboard-amd64", "kubernetes-dashboard"),
        ("acme/etcd-linux-arm64", "acme/etcd"),
        ("postgres-iamguarded-fips", "postgres"),
        ("bitnamilegacy/postgresql", "bitnami/postgresql"),
        ("bitnamisecure/kafka", "bitnami/kafka"),
        ("tektoncd/dashboard-9623576a202fe86c8b7d1bc489905f86", "tektoncd/dashboard"),
    ],
)
def test_a_republished_path_is_resolved(path: str, among: str) -> None:
    assert tuple(among.split("/")) in spellings(tuple(path.split("/")))


@pytest.mark.parametrize("name", ["docker.io_grafana_grafana", "mirror/grafana__grafana"])
def test_a_flattened_name_weighs_little(name: str) -> None:
    found = image_index(shipped()).answer(name).matches
    assert found["grafana"].kind is EvidenceKind.IMAGE_FLATTENED
    assert ("grafana", "grafana") in [path[-2:] for path in flattened(tuple(name.split("/")))]


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        ("redis", EvidenceKind.IMAGE_SPECIFIC),
        ("library/redis", EvidenceKind.IMAGE_SPECIFIC),
        ("corp.example/dockerhub/redis", EvidenceKind.IMAGE_SPECIFIC),
        ("acme/redis", EvidenceKind.IMAGE_BARE),
        ("bitnami/redis", EvidenceKind.IMAGE_SPECIFIC),
        ("redislabs/anything", EvidenceKind.IMAGE_WILDCARD),
    ],
)
def test_a_bare_name_weighs_less_below_a_project_of_its_own(image: str, kind: EvidenceKind) -> None:
    assert image_index(shipped()).answer(image).matches["redis"].kind is kind


def test_a_tag_opens_and_lifts() -> None:
    assert ids_of("docker:27-dind") == {"docker-daemon", "docker-engine-api"}
    assert not ids_of("docker:27") | ids_of("docker")
    percona = "percona/percona-postgresql-operator:2.4.0"
    assert "postgresql" in image_index(shipped()).answer(percona).traps
    assert "postgresql" not in image_index(shipped()).answer(f"{percona}-ppg16-postgres").traps


WORD = st.from_regex(r"[a-z0-9]+([._-][a-z0-9]+)*", fullmatch=True).filter(
    lambda text: "." not in text
)
PATHS = st.lists(WORD, min_size=1, max_size=4).map("/".join) | st.sampled_from(
    sorted({"/".join(image_reference(row[0]).path) for row in REAL})
)
ANY_TEXT = st.text(max_size=4096) | st.text("ab-_./:@*x", max_size=4096)


@given(ANY_TEXT)
def test_normalisation_is_idempotent(text: str) -> None:
    once = image_reference(text)
    assert image_reference(str(once)) == once


@given(PATHS, st.sampled_from(["", "r.example/", "r.example:5000/", "localhost/", "docker.io/"]))
def test_a_registry_never_changes_what_is_recognised(path: str, registry: str) -> None:
    assert image_index(shipped()).answer(registry + path) == image_index(shipped()).answer(path)


GATED = ("dind", "fpm", "ppg", "postgres", "pgbouncer", "pxc", "haproxy", "mongod")


@given(PATHS, st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,30}", fullmatch=True))
def test_a_tag_or_digest_never_does_either_but_for_gates(path: str, tag: str) -> None:
    digest = "@sha256:" + "0" * 64
    assert image_index(shipped()).answer(path + digest) == image_index(shipped()).answer(path)
    if not any(word in tag.lower() for word in GATED):
        assert image_index(shipped()).answer(f"{path}:{tag}{digest}") == image_index(
            shipped()
        ).answer(path)


@settings(deadline=None)
@given(ANY_TEXT)
def test_no_text_breaks_it(text: str) -> None:
    image_index(shipped()).answer(text)


@pytest.mark.parametrize(
    "text",
    ["a" * 4096, "a/" * 2048, "-fips" * 800, "x" + "-fips" * 100, "_" * 512, "a_" * 256,
     "mirrored-" + "a-" * 240, ":" * 4096, "docker://" * 400, "exporter-" * 56],
)  # fmt: skip
def test_long_names_cost_little(text: str) -> None:
    started = process_time()
    for number in range(20):
        image_index(shipped()).answer(text + str(number))
    assert process_time() - started < 0.2


@given(st.text("ab*", max_size=12), st.text("ab", max_size=20))
def test_a_glob_matches_what_a_pattern_of_stars_means(pattern: str, text: str) -> None:
    def slowly(pattern: str, text: str) -> bool:
        if not pattern:
            return not text
        if pattern[0] == "*":
            return slowly(pattern[1:], text) or (bool(text) and slowly(pattern, text[1:]))
        return text[:1] == pattern[0] and slowly(pattern[1:], text[1:])

    assert fits(pattern, text) is slowly(pattern.replace("**", "*"), text)
