"""Reading a cluster by whatever access it has."""

import asyncio
from collections.abc import Callable

from msgspec import Struct

from auditor.collector.api.reader import read_api
from auditor.collector.files import read_files
from auditor.collector.reading import Reading
from auditor.collector.unread import unread
from auditor.kube.meta import Projection
from auditor.model.cluster import Cluster, Files, NoAccess
from auditor.settings.limits import ApiLimits, ReadLimits

Progress = Callable[[str], None]


class Limits(Struct, frozen=True):
    """What reading may cost, by the access."""

    files: ReadLimits = ReadLimits()
    api: ApiLimits = ApiLimits()


async def read_cluster(
    cluster: Cluster, projection: Projection, limits: Limits, progress: Progress
) -> Reading:
    """Read a cluster; `progress` is told each step.

    Raises:
        SourceNotFoundError: its files are not there.
        SourceError: its files hold no Kubernetes object, or a broken capture.
    """
    if isinstance(cluster.access, Files):
        return await asyncio.to_thread(read_files, cluster, projection, limits.files, progress)
    if isinstance(cluster.access, NoAccess):
        return unread(cluster, cluster.access.reason)
    return await read_api(cluster, cluster.access, projection, limits.api, progress)
