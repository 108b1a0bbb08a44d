"""The reading of a cluster of which nothing could be read: every resource has failed."""

from auditor.collector.reading import Reading, failed_coverage
from auditor.kube.inventory import assemble
from auditor.model.cluster import Cluster, Files
from auditor.model.connection import Connection
from auditor.model.reading import ReadProblem


def unread(cluster: Cluster, message: str) -> Reading:
    """Give the reading of a cluster that could not be read, so that no report leaves it out."""
    problem = ReadProblem(cluster.id, message)
    connection = None
    if not isinstance(cluster.access, Files):
        connection = Connection(
            server=cluster.place,
            is_verified=None,
            rights_problem="the cluster could not be read",
            failure=message,
        )
    coverage = failed_coverage(message)
    return Reading(cluster, assemble({}, coverage, (problem,), connection=connection))
