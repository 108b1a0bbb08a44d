"""Who may dial the API server: by the cloud's word, else by the address that it was reached at."""

import pytest
from msgspec.structs import replace

from auditor.analysis.facts import Facts
from auditor.checks.api_server_allow_list_too_wide.check import CHECK as TOO_WIDE
from auditor.checks.api_server_open_to_internet.check import CHECK as OPEN
from auditor.collector.capture import read_capture, write_capture
from auditor.collector.projection import projection_for
from auditor.model.audience import Audience
from auditor.model.cloud import ApiEndpoint, CloudFacts
from auditor.model.cluster import Cluster, Files
from auditor.model.connection import Connection
from auditor.model.exposure import Exposure, ExposureVerdict, Via
from auditor.model.verdict import Verdict
from auditor.settings.configuration import Configuration
from auditor.settings.limits import ReadLimits
from tests.analysis.clusters import AT
from tests.kube.manifests import read

PUBLIC, LISTED, PRIVATE = Audience.INTERNET, Audience.ALLOW_LISTED, Audience.PRIVATE_NETWORK
NOBODY, UNKNOWN = Audience.NONE, Audience.UNKNOWN


def the_server(
    server: str | None = None, endpoint: ApiEndpoint | None = None, cidrs: tuple[str, ...] = ()
) -> Exposure:
    cloud = CloudFacts(read_at="2026-11-22T11:00:00Z", endpoint=endpoint) if endpoint else None
    cluster = Cluster(id="c", name="prod", provider="eks", cloud=cloud, access=Files(""))
    connection = Connection(server=server, is_verified=True) if server else None
    inventory = replace(read([]), connection=connection)
    facts = Facts(cluster, inventory, Configuration(internal_cidrs=cidrs), AT)
    (exposure,) = facts.exposures
    assert exposure.entry.via is Via.ENDPOINT
    assert str(exposure.entry.object) == "ApiServer/prod"
    return exposure


@pytest.mark.parametrize(
    ("endpoint", "audience"),
    [
        (ApiEndpoint(is_public=True, allowed=("0.0.0.0/0",)), PUBLIC),
        (ApiEndpoint(is_public=True, allowed=("0.0.0.0/0", "::/0")), PUBLIC),
        (ApiEndpoint(is_public=True, allowed=("0.0.0.0/1", "128.0.0.0/1")), PUBLIC),
        (ApiEndpoint(is_public=True, allowed=("::/0",)), PUBLIC),
        (ApiEndpoint(is_public=True, allowed=("198.51.100.0/24", "2001:db8::/48")), LISTED),
        (ApiEndpoint(is_public=True, is_private=True, allowed=("10.0.0.0/8",)), PRIVATE),
        # Nobody from outside: the private endpoint is left, where there is one.
        (ApiEndpoint(is_public=True, is_private=True, allowed=()), PRIVATE),
        (ApiEndpoint(is_public=True, is_private=False, allowed=()), NOBODY),
        # A list counts for the public endpoint alone.
        (ApiEndpoint(is_public=False, is_private=True, allowed=("0.0.0.0/0",)), PRIVATE),
        (ApiEndpoint(is_public=True, allowed=None), UNKNOWN),
        (ApiEndpoint(is_public=True, allowed=("198.51.100.0/40",)), UNKNOWN),
    ],
)
def test_the_cloud_decides(endpoint: ApiEndpoint, audience: Audience) -> None:
    exposure = the_server("https://203.0.113.7:6443", endpoint)
    assert exposure.audience is audience
    assert (exposure.reason is None) == (audience is not UNKNOWN)
    assert (exposure.verdict is ExposureVerdict.UNKNOWN) == (audience is UNKNOWN)


@pytest.mark.parametrize(
    ("server", "audience", "port"),
    [
        ("https://10.0.0.7:6443", PRIVATE, 6443),
        ("https://[fd00::7]", PRIVATE, 443),
        ("http://192.168.1.4", PRIVATE, 80),
        ("https://203.0.113.7:6443", UNKNOWN, 6443),
        ("https://[2001:db8::7]:6443", UNKNOWN, 6443),
        ("https://api.example.com", UNKNOWN, 443),
        ("https://127.0.0.1:40123", UNKNOWN, 40123),
        ("https://[::1]:40123", UNKNOWN, 40123),
        ("https://localhost:6443", UNKNOWN, 6443),
    ],
)
def test_without_a_cloud_only_a_private_address_tells(
    server: str, audience: Audience, port: int
) -> None:
    exposure = the_server(server)
    assert exposure.audience is audience
    assert exposure.entry.port == port
    assert (exposure.reason is None) == (audience is PRIVATE)


def test_a_company_s_own_range_is_private() -> None:
    exposure = the_server("https://203.0.113.7", cidrs=("203.0.113.0/24",))
    assert exposure.audience is PRIVATE


def test_a_capture_keeps_what_the_cloud_said() -> None:
    endpoint = ApiEndpoint(is_public=True, is_private=False, allowed=("198.51.100.0/24",))
    cloud = CloudFacts(read_at="2026-11-22T11:00:00Z", endpoint=endpoint, networks=("vpc-1",))
    cluster = Cluster(id="c", name="prod", provider="eks", cloud=cloud, access=Files(""))
    captured = write_capture(cluster, read([]))
    again = read_capture(captured, "x", projection_for(Configuration()), ReadLimits())
    assert again.cluster.cloud == cloud


def test_others_that_no_list_names_are_not_forgotten() -> None:
    own = ApiEndpoint(
        is_public=True, allowed=("198.51.100.0/24",), also_admits="all of a cloud's addresses"
    )
    exposure = the_server("https://203.0.113.7", own)
    assert (exposure.audience, exposure.verdict) == (UNKNOWN, ExposureVerdict.UNKNOWN)
    assert exposure.reason == "it admits all of a cloud's addresses too"
    cloud = CloudFacts(read_at="2026-11-22T11:00:00Z", endpoint=own)
    cluster = Cluster(id="c", name="prod", provider="gke", cloud=cloud, access=Files(""))
    facts = Facts(cluster, read([]), Configuration(), AT)
    for check, verdict in ((TOO_WIDE, Verdict.FAIL), (OPEN, Verdict.UNKNOWN)):
        (judgement,) = check.judge(facts, check.parameters())
        assert judgement.verdict is verdict


def test_who_is_open_to_everyone_needs_no_others() -> None:
    own = ApiEndpoint(is_public=True, allowed=("0.0.0.0/0",), also_admits="others")
    assert the_server("https://203.0.113.7", own).audience is PUBLIC
