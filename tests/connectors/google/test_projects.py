"""Which projects are read: named, searched below an organisation or folder, or one's own."""

import json
from pathlib import Path

import pytest

from auditor.model.cluster import SourceError
from tests.connectors.google.clusters import cluster
from tests.connectors.google.conftest import List
from tests.connectors.google.fake import Refusing, Running

SEARCH = "/assets/v1/organizations/123:searchAllResources"


def found(project: str, name: str = "prod") -> dict[str, str]:
    where = f"//container.googleapis.com/projects/{project}/locations/europe-west1/clusters/{name}"
    return {"name": where, "project": "projects/987654321"}


def test_two_hundred_clusters_of_an_organisation(fake: Running, listed: List) -> None:
    projects = [f"shop-{number:02d}" for number in range(20)]
    names = [f"c{number}" for number in range(10)]
    for project in projects:
        fake.google.clusters[project] = [cluster(name) for name in names]
    results = [found(project, name) for project in projects for name in names]
    fake.google.answer(
        SEARCH,
        {"results": results[:120], "nextPageToken": "more"},
        {"results": results[120:]},
    )
    answer = listed(organization="123")
    expected = {f"gke/{project}/europe-west1/{name}" for project in projects for name in names}
    assert answer.by_id.keys() == expected
    assert len(answer.clusters) == 200
    assert answer.gaps == []
    assert answer.progress[0] == "20 projects"
    first, second = fake.google.parameters[SEARCH]
    assert second == first | {"pageToken": "more"}
    assert first["assetTypes"] == "container.googleapis.com/Cluster"
    assert first["pageSize"] == "500"
    lists = [path for path in fake.google.asked if path.endswith("/locations/-")]
    assert sorted(lists) == [f"projects/{project}/locations/-" for project in projects]


def test_projects_of_folders_and_those_named_are_read_once(fake: Running, listed: List) -> None:
    for project in ("shop-prod", "shop-test"):
        fake.google.clusters[project] = [cluster()]
    for number, project in (("7", "shop-prod"), ("8", "shop-test")):
        path = f"/assets/v1/folders/{number}:searchAllResources"
        fake.google.answer(path, {"results": [found(project), found("skipped-1")]})
    answer = listed(folders=("7", "8"), projects=("shop-prod",), skip_projects=("skipped-1",))
    assert sorted(it.account or "" for it in answer.clusters) == ["shop-prod", "shop-test"]
    assert not any("skipped-1" in path for path in fake.google.asked)


def test_a_project_that_is_known_by_its_number(fake: Running, listed: List) -> None:
    link = "https://container.googleapis.com/v1/projects/{}/zones/z/clusters/prod".format
    fake.google.clusters["987654321"] = [
        cluster(selfLink=link("shop-prod")),
        cluster(selfLink=link("skipped-1")),
    ]
    nameless = {"name": "//container.googleapis.com/what/is/this", "project": "projects/987654321"}
    fake.google.answer(SEARCH, {"results": [nameless]})
    answer = listed(organization="123", skip_projects=("skipped-1",))
    assert list(answer.by_id) == ["gke/shop-prod/europe-west1/prod"]


def test_what_is_gone_since_it_was_searched(fake: Running, listed: List) -> None:
    fake.google.clusters = {"emptied-1": [], "shop-prod": [cluster()]}
    results = [found("emptied-1"), found("shop-prod"), found("deleted-1")]
    fake.google.answer(SEARCH, {"results": results})
    answer = listed(organization="123")
    assert list(answer.by_id) == ["gke/shop-prod/europe-west1/prod"]
    assert [gap.place for gap in answer.gaps] == ["project deleted-1"]


def test_an_organisation_without_clusters(fake: Running, listed: List) -> None:
    fake.google.answer(SEARCH, {})
    answer = listed(organization="123")
    assert (answer.clusters, answer.gaps, answer.progress) == ([], [], ["0 projects"])


def test_an_organisation_that_cannot_be_searched(fake: Running, listed: List) -> None:
    denied = Refusing("PERMISSION_DENIED", "no").as_json(403)
    fake.google.answer(SEARCH, denied, status=403)
    with pytest.raises(SourceError) as caught:
        listed(organization="123")
    expected = "cloudasset.assets.searchAllResources on organizations/123 is denied"
    assert expected in str(caught.value)
    assert "no such organisation" in str(caught.value)
    fake.google.clusters["shop-prod"] = [cluster()]
    answer = listed(organization="123", projects=("shop-prod",))
    assert len(answer.clusters) == 1
    (gap,) = answer.gaps
    assert gap.place == "organizations/123"
    assert gap.hides_clusters


def test_half_a_search_is_none(fake: Running, listed: List) -> None:
    fake.google.clusters["shop-prod"] = [cluster()]
    page = {"results": [found("shop-prod")], "nextPageToken": "more"}
    denied = Refusing("PERMISSION_DENIED", "no").as_json(403)
    fake.google.answers[SEARCH] = [(200, page), (403, denied)]
    with pytest.raises(SourceError, match="is denied"):
        listed(organization="123")


def test_an_answer_that_is_none(fake: Running, listed: List) -> None:
    fake.google.answer(SEARCH, b"<html>a captive portal</html>")
    with pytest.raises(SourceError, match="is not what Google documents"):
        listed(organization="123")
    fake.google.answer(SEARCH, {"results": [{}]})
    with pytest.raises(SourceError, match="without its project"):
        listed(organization="123")


# Which project, where none is named


def test_the_credentials_own_project(fake: Running, listed: List) -> None:
    fake.google.clusters["own-project"] = [cluster()]
    assert list(listed().by_id) == ["gke/own-project/europe-west1/prod"]


def test_the_environments_project(
    fake: Running, listed: List, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "shop-prod")
    fake.google.clusters["shop-prod"] = [cluster()]
    assert list(listed().by_id) == ["gke/shop-prod/europe-west1/prod"]


def test_no_project_at_all(fake: Running, listed: List, tmp_path: Path) -> None:
    key = json.loads((tmp_path / "key.json").read_text())
    del key["project_id"]
    (tmp_path / "bare.json").write_text(json.dumps(key))
    with pytest.raises(SourceError, match=r"write projects: \[PROJECT-ID\]"):
        listed(credentials_file="bare.json")
