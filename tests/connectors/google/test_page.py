"""The page of the connector says what the code does."""

import re
from pathlib import Path

import msgspec

from connectors.google.options import GoogleOptions

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/connectors/google.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^ *```yaml\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
BLOCKS = [block.splitlines() for block in _BLOCK.findall(PAGE)]


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(text: str) -> set[str]:
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_it_names_every_option() -> None:
    assert rows(section("Configuration")) == set(GoogleOptions.__struct_fields__)


def test_the_example_is_valid() -> None:
    (example,) = [block for block in BLOCKS if block[0] == "connectors:"]
    (entry,) = msgspec.yaml.decode("\n".join(example).encode())["connectors"]
    assert entry.pop("kind") == "google"
    del entry["name"]
    options = msgspec.convert(entry, GoogleOptions)
    assert options.scopes == ("organizations/123456789012",)


def test_the_role_holds_what_the_table_explains_and_the_code_asks_for() -> None:
    (role,) = [block for block in BLOCKS if block[0] == "title: Exposure Auditor"]
    permissions = msgspec.yaml.decode("\n".join(role).encode())["includedPermissions"]
    assert set(permissions) == rows(section("An identity for the daemon"))
    code = "".join(path.read_text() for path in (ROOT / "connectors/google").glob("*.py"))
    asked = set(re.findall(r'"((?:cloudasset|compute|container)\.\w+\.\w+)"', code))
    assert asked == {
        "cloudasset.assets.searchAllResources",
        "compute.forwardingRules.list",
        "compute.networks.get",
        "container.clusters.list",
    }
    assert asked < set(permissions)
    # Nothing that changes anything.
    verbs = {permission.rpartition(".")[2] for permission in permissions}
    assert verbs == {"connect", "get", "list", "searchAllResources"}
