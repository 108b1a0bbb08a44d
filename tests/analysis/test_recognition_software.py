"""What software a workload is.

The expectations for the corpus were written by reading its manifests, images, names, labels,
container ports and Services, before the recogniser was run on them. Where a person can tell more
than the objects do, `UNSEEN` says so: those are known misses.
"""

from datetime import datetime
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from auditor.analysis.facts import Facts
from auditor.analysis.recognition.scoring import Grade
from auditor.analysis.recognition.software import Recognised
from auditor.catalogue.recognition import ImageTrap, recognition_rules
from auditor.catalogue.software import software
from auditor.collector.files import read_files
from auditor.collector.projection import projection_for
from auditor.model.cluster import Cluster, Files
from auditor.model.exposure import Via
from auditor.model.identity import ObjectRef
from auditor.settings.configuration import Configuration
from auditor.settings.limits import ReadLimits
from tests.analysis.clusters import a_node, facts_of
from tests.kube.manifests import Object, a_pod, a_workload, an_object


def a_container(image: str, *ports: int, name: str = "c", **parts: Any) -> Object:
    listed = [{"containerPort": port} for port in ports]
    return {"name": name, "image": image, "ports": listed, **parts}


def a_deployment(name: str, *containers: Object, **parts: Any) -> Object:
    labels = {"app": name, **parts.pop("labels", {})}
    spec = {"containers": list(containers), **parts.pop("spec", {})}
    return a_workload("Deployment", name, labels=labels, spec=spec, **parts)


def a_service_for(app: str, *ports: Object, name: str | None = None, **spec: Any) -> Object:
    spec = {"selector": {"app": app}, "ports": list(ports), **spec}
    return an_object("Service", name or app, "web", spec=spec)


def recognised(*objects: Object) -> dict[str, Recognised]:
    """Give what the one recognised workload is, by id."""
    found = facts_of(*objects).recognised
    assert len(found) <= 1
    return {item.id: item for items in found.values() for item in items}


def of(facts: Facts, name: str) -> dict[str, Grade]:
    ref = ObjectRef("Deployment", "web", name)
    return {item.id: item.grade for item in facts.recognised.get(ref, ())}


# --- worked examples of the image facts -------------------------------------------------------


def test_argo_cd_by_image_label_name_and_port() -> None:
    labels = {"app.kubernetes.io/name": "argocd-server"}
    container = a_container("quay.io/argoproj/argocd:v2.12", 8080)
    found = recognised(a_deployment("argocd-server", container, labels=labels))["argo-cd"]
    assert (found.score, found.grade) == (0.8170, Grade.LIKELY)
    assert [hop.field for hop in found.evidence] == [
        "spec.containers[c].image",
        "metadata.labels.app.kubernetes.io/name",
        "metadata.name",
        "spec.containers[c].ports",
    ]
    assert found.evidence[0].hop == "Deployment/web/argocd-server"
    assert found.evidence[0].note == "as argoproj/argocd"


def test_a_name_and_a_common_port_are_no_evidence() -> None:
    containers = [a_container("acme/platform@sha256:00", 6379)]
    assert not recognised(a_workload("Deployment", "redis", spec={"containers": containers}))


def test_an_exporter_named_after_the_database_is_an_exporter() -> None:
    found = recognised(a_deployment("my-redis", a_container("oliver006/redis_exporter", 9121)))
    assert set(found) == {"node-exporters"}


def test_an_image_known_by_digest_only_is_told_by_its_operator() -> None:
    pod = a_pod(
        "x-0", owner="Kafka/x", labels={"strimzi.io/kind": "Kafka"}, image="r.example/p@sha256:00"
    )
    pod["spec"]["containers"][0]["ports"] = [{"containerPort": 9094, "name": "tcp-external"}]
    found = recognised(pod)["kafka"]
    assert (found.score, found.grade) == (0.8354, Grade.LIKELY)


def test_kong_before_the_dashboard_is_the_dashboard_and_not_kong() -> None:
    labels = {"app.kubernetes.io/instance": "kubernetes-dashboard"}
    facts = facts_of(
        a_deployment(
            "kubernetes-dashboard-kong", a_container("kong:3.8", 8443, name="proxy"), labels=labels
        ),
        a_service_for(
            "kubernetes-dashboard-kong", {"port": 443}, name="kubernetes-dashboard-kong-proxy"
        ),
        a_deployment("web", a_container("kubernetesui/dashboard-web:1.6", 8000), labels=labels),
    )
    found = of(facts, "kubernetes-dashboard-kong")
    # Whoever reaches the proxy of its release reaches it.
    assert found["kubernetes-dashboard"] is Grade.LIKELY
    assert "kong-admin" not in found
    assert of(facts, "web")["kubernetes-dashboard"] is Grade.LIKELY


def test_kong_of_another_release_is_not_the_dashboard() -> None:
    facts = facts_of(
        a_deployment(
            "gateway",
            a_container("kong:3.8", 8443, name="proxy"),
            labels={"app.kubernetes.io/instance": "gateway"},
        ),
        a_service_for("gateway", {"port": 443}, name="kubernetes-dashboard-kong-proxy"),
        a_deployment(
            "web",
            a_container("kubernetesui/dashboard-web:1.6", 8000),
            labels={"app.kubernetes.io/instance": "kubernetes-dashboard"},
        ),
    )
    assert of(facts, "gateway").get("kubernetes-dashboard") is None


# --- attribution ------------------------------------------------------------------------------


def a_database_with_sidecars() -> list[Object]:
    return [
        a_deployment(
            "orders",
            a_container("envoyproxy/envoy:v1.31", 15001, name="mesh"),
            a_container("postgres:16", 5432, name="db"),
            a_container("prometheuscommunity/postgres-exporter:v0.15", 9187, name="metrics"),
            spec={"initContainers": [a_container("mysql:8", 3306)]},
        ),
        a_service_for(
            "orders",
            {"name": "db", "port": 5432, "nodePort": 30432},
            {"name": "m", "port": 9187, "nodePort": 30187},
            type="NodePort",
        ),
        a_node("n", "ExternalIP=198.51.100.7"),
    ]


def test_evidence_belongs_to_the_container_that_declares_the_port() -> None:
    facts = facts_of(*a_database_with_sidecars())
    exposures = {
        item.target.port: item for item in facts.exposures if item.entry.via is Via.NODE_PORT
    }
    assert exposures[5432].recognised == ("postgresql",)
    assert exposures[9187].recognised == ("node-exporters",)


def test_init_containers_and_finished_helpers_say_nothing() -> None:
    found = facts_of(*a_database_with_sidecars()).recognised
    assert not any(item.id == "mysql" for items in found.values() for item in items)


def test_a_native_sidecar_counts() -> None:
    sidecar = a_container("redis:7", 6379, restartPolicy="Always")
    spec = {"initContainers": [sidecar]}
    assert "redis" in recognised(a_deployment("x", a_container("acme/app"), spec=spec))


def test_a_port_that_only_the_service_names_counts_for_the_pod() -> None:
    facts = facts_of(
        a_deployment("x", a_container("postgres:16")), a_service_for("x", {"port": 5432})
    )
    assert of(facts, "x")["postgresql"] is Grade.LIKELY
    assert "postgresql" in of(facts_of(a_deployment("x", a_container("postgres:16"))), "x")


@pytest.mark.parametrize(
    ("service_port", "where_it_stands"),
    [({"port": 443, "targetPort": 8080}, True), ({"port": 81, "targetPort": 9}, False)],
)
def test_a_port_counts_only_where_it_is_known_to_stand(
    service_port: Object, where_it_stands: bool
) -> None:
    # The catalogue knows Argo CD's 8080 in the container and 80 and 443 on the Service.
    facts = facts_of(
        a_deployment("x", a_container("argoproj/argocd")), a_service_for("x", service_port)
    )
    grade = Grade.LIKELY if where_it_stands else Grade.POSSIBLE
    assert of(facts, "x")["argo-cd"] is grade


# --- what keeps it from error -----------------------------------------------------------------


@pytest.mark.parametrize(
    "trap", recognition_rules().traps, ids=lambda trap: "+".join(trap.images)[:60]
)
def test_a_helper_is_never_the_service_though_everything_else_says_so(trap: ImageTrap) -> None:
    image = trap.images[0].replace("*", "x")
    for software_id in trap.not_a:
        entry = software()[software_id]
        name = next((item for item in entry.names if "*" not in item), software_id)
        ports = [
            {"containerPort": item.port, "protocol": item.protocol} for item in entry.ports[:3]
        ]
        labels = dict(
            label.partition("=")[::2] for label in entry.labels if label not in trap.unless_labels
        )
        labels |= {"helm.sh/chart": f"{next(iter(entry.helm_charts), software_id)}-1.2.3"}
        env = [{"name": item, "value": "x"} for item in (*entry.env, *entry.risky_env)]
        container = {"name": "c", "image": image, "ports": ports, "env": env}
        found = recognised(a_deployment(name, container, labels=labels))
        assert software_id not in found, image


@pytest.mark.parametrize(
    "image",
    ["acme/redis-client:1", "acme/orders-redis-client:1", "acme/postgres-migrate", "acme/x"],
)
def test_a_client_with_the_settings_of_its_server_is_nothing(image: str) -> None:
    env = [
        {"name": name, "value": "x"}
        for name in (
            "POSTGRES_PASSWORD",
            "REDIS_PASSWORD",
            "MYSQL_PASSWORD",
            "KAFKA_LISTENERS",
            "PGDATA",
        )
    ]
    assert not recognised(a_deployment("orders", a_container(image, 3001, env=env)))


def test_a_renamed_private_image_is_possible_at_most() -> None:
    env = [{"name": name, "value": "x"} for name in ("MONGO_INITDB_ROOT_PASSWORD",)]
    pod = a_deployment("mongodb", a_container("acme/platform-db@sha256:00", 27017, 27018, env=env))
    assert recognised(pod)["mongodb"].grade is Grade.POSSIBLE


@pytest.mark.parametrize("name", ["dashboard", "registry", "ui", "server", "proxy", "docker"])
def test_a_generic_name_or_label_is_no_evidence(name: str) -> None:
    labels = {"app.kubernetes.io/name": name, "component": name, "release": name}
    assert not recognised(a_deployment(name, a_container("acme/x", 8080), labels=labels))


def test_a_ray_head_is_not_redis() -> None:
    labels = {"ray.io/node-type": "head", "app.kubernetes.io/name": "redis"}
    found = recognised(a_deployment("redis", a_container("acme/ray:1", 6379, 8265), labels=labels))
    assert "redis" not in found
    assert found["ray-dashboard"].grade is not Grade.CONFIRMED


def test_an_unconfirmed_entry_needs_two_sources_to_be_likely_and_is_never_confirmed() -> None:
    entry = software()["redpanda-console"]
    assert entry.is_unconfirmed
    image = "docker.redpanda.com/redpandadata/console:v2"
    assert recognised(a_deployment("x", a_container(image, 8080)))[entry.id].grade is Grade.POSSIBLE
    labels = {"helm.sh/chart": f"{entry.helm_charts[0]}-0.7"}
    labels |= dict(label.partition("=")[::2] for label in entry.labels)
    name = entry.names[0].replace("*", "x")
    found = recognised(a_deployment(name, a_container(image, 8080), labels=labels))[entry.id]
    assert found.grade is Grade.LIKELY


def test_a_face_of_a_program_needs_its_port() -> None:
    assert (
        recognised(a_deployment("nginx", a_container("nginx", 80)))["nginx-stub-status"].grade
        is Grade.POSSIBLE
    )
    found = recognised(a_deployment("x", a_container("minio/minio", 9000)))
    assert (found["minio-s3"].grade, found["minio-console"].grade) == (Grade.LIKELY, Grade.POSSIBLE)


def test_a_part_of_a_release_is_its_own_software_first() -> None:
    labels = {"app.kubernetes.io/part-of": "argocd", "helm.sh/chart": "argo-cd-7.1.0"}
    facts = facts_of(
        a_deployment("argocd-redis", a_container("redis:7", 6379), labels=labels),
        a_deployment(
            "argocd-dex-server", a_container("ghcr.io/dexidp/dex:v2", 5556), labels=labels
        ),
    )
    assert of(facts, "argocd-redis")["redis"] is Grade.LIKELY
    assert of(facts, "argocd-redis").get("argo-cd") in (None, Grade.POSSIBLE)
    assert "argo-cd" not in of(facts, "argocd-dex-server")


def test_all_evidence_together_confirms() -> None:
    labels = {"app.kubernetes.io/name": "grafana", "helm.sh/chart": "grafana-8.3.1"}
    found = recognised(
        a_deployment("x-grafana", a_container("grafana/grafana:11", 3000), labels=labels)
    )
    assert found["grafana"].grade is Grade.CONFIRMED


def test_flags_and_environment_of_its_own_container_count() -> None:
    plain = a_container("prom/prometheus", 9090)
    risky = a_container("prom/prometheus", 9090, args=["--web.enable-lifecycle"])
    scores = [recognised(a_deployment("x", item))["prometheus"].score for item in (plain, risky)]
    assert scores[0] < scores[1]


def test_a_rollout_from_one_image_to_another_is_both() -> None:
    pods = [
        a_pod(f"x-{number}", owner="StatefulSet/x", image=image, ports=[{"containerPort": port}])
        for number, (image, port) in enumerate([("postgres:16", 5432), ("mysql:8", 3306)])
    ]
    assert {"postgresql", "mysql"} <= set(recognised(*pods))


# --- the corpus, read by a person ---------------------------------------------------------------

NOTHING: dict[str, dict[str, Grade]] = {}
BOUTIQUE = {
    # The official image, container `redis`, port 6379, and in the Service a port named tcp-redis.
    # The same image may be a Sentinel, which nothing else here says.
    "redis-cart": {"redis": Grade.LIKELY, "redis-sentinel": Grade.POSSIBLE},
}
UNSEEN = {
    # Private images that a person knows: Redis behind 6379, a registry behind 5000, a web terminal
    # behind 8080. Image and labels say nothing and a port alone must not.
    "cache-store-deployment": "redis",
    "poor-registry-deployment": "docker-registry",
    "system-monitor-deployment": "web-terminal",
}


@pytest.mark.parametrize(
    ("folder", "expected", "workloads"),
    [
        ("kubernetes-goat", NOTHING, 13),
        ("online-boutique/app", BOUTIQUE, 12),
        ("live-cluster", BOUTIQUE, 25),
    ],
)
def test_the_corpus_is_what_a_person_reads_in_it(
    folder: str, expected: dict[str, dict[str, Grade]], workloads: int, corpus: Path, at: datetime
) -> None:
    cluster = Cluster(id="c", name="c", provider="snapshot", access=Files(str(corpus / folder)))
    configuration = Configuration()
    reading = read_files(cluster, projection_for(configuration), ReadLimits())
    facts = Facts(cluster, reading.inventory, configuration, at)
    assert len(facts.workloads) == workloads
    found = {
        ref.name: {item.id: item.grade for item in items} for ref, items in facts.recognised.items()
    }
    assert found == expected


def test_what_a_person_can_tell_beyond_the_objects_is_missed_and_not_guessed() -> None:
    for name, software_id in UNSEEN.items():
        port = software()[software_id].ports[0].port
        assert not recognised(a_deployment(name, a_container("madhuakula/x", port)))


def test_ten_thousand_pods_take_well_under_a_second() -> None:
    objects = [
        a_pod(
            f"p{number}",
            owner=f"StatefulSet/w{number // 10}",
            labels={"app": f"w{number // 10}"},
            image=f"r.example/team{number // 10}/app{number // 10}:1",
        )
        for number in range(10_000)
    ]
    facts = facts_of(*objects)
    assert len(facts.workloads) == 1_000
    started = process_time()
    assert not facts.recognised
    assert process_time() - started < 0.7
