"""The reading of a cluster of which nothing could be read: every resource has failed."""

from auditor.collector.reading import Reading, failed_coverage
from auditor.kube.inventory import assemble
from auditor.model.cluster import Cluster
from auditor.model.reading import ReadProblem


def unread(cluster: Cluster, message: str) -> Reading:
    """Give the reading of a cluster that could not be read, so that no report leaves it out."""
    problem = ReadProblem(cluster.id, message)
    return Reading(cluster, assemble({}, failed_coverage(message), (problem,)))
