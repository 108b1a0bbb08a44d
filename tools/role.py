"""Writes deploy/clusterrole.yaml: `python -m tools.role`, or `--check` to only compare.

The role is made from the list of resources that the reader asks for, so that it can neither lack
one nor hold more.
"""

import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import click
import yaml

from auditor.catalogue.contents import shipped
from auditor.catalogue.projection import named_fields
from auditor.kube.resources import RESOURCES

MANIFEST = Path(__file__).parent.parent / "deploy" / "clusterrole.yaml"

_HEAD = """\
# Written by `make docs` from auditor/kube/resources.py and the catalogue: all that an audit
# reads, and nothing else. ConfigMaps are read by name, one by one, and never listed.
# Discovery, /version and reviews of one's own rights are open to every authenticated identity
# (system:discovery, system:public-info-viewer, system:basic-user).
#
#   kubectl apply -f deploy/clusterrole.yaml
#   kubectl -n exposure-auditor create token exposure-auditor --duration=8760h
"""


def cluster_role() -> dict[str, Any]:
    """Give the ClusterRole that an audit needs."""
    plurals: dict[str, list[str]] = defaultdict(list)
    for resource in RESOURCES:
        if not resource.is_named:
            plurals[resource.group].append(resource.plural)
    rules = [
        {"apiGroups": [group], "resources": sorted(names), "verbs": ["list"]}
        for group, names in sorted(plurals.items())
    ]
    rules += [
        {
            "apiGroups": [resource.group],
            "resources": [resource.plural],
            "resourceNames": sorted(
                {name.rpartition("/")[2] for name in named_fields(shipped()).config_maps}
            ),
            "verbs": ["get"],
        }
        for resource in RESOURCES
        if resource.is_named
    ]
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": _NAME},
        "rules": rules,
    }


_NAME = "exposure-auditor"


def manifest() -> str:
    """Give the file: the role, an identity, and what joins them."""
    account = {"kind": "ServiceAccount", "name": _NAME, "namespace": _NAME}
    documents: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _NAME}},
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": _NAME, "namespace": _NAME},
        },
        cluster_role(),
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": _NAME},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": _NAME,
            },
            "subjects": [account],
        },
    ]
    return _HEAD + yaml.safe_dump_all(documents, sort_keys=False, explicit_start=True)


def main() -> None:
    """Write the manifest, or say that it is stale."""
    is_stale = not MANIFEST.exists() or MANIFEST.read_text(encoding="utf-8") != manifest()
    if "--check" in sys.argv[1:]:
        if is_stale:
            click.echo(f"{MANIFEST.name} is stale: run `make docs`", err=True)
            sys.exit(1)
    elif is_stale:
        MANIFEST.write_text(manifest(), encoding="utf-8")
        click.echo(f"deploy/{MANIFEST.name} written")


if __name__ == "__main__":
    main()
