"""What the objects of a cluster imply that somebody needs.

Nothing here is guessed from names. A workload needs a Service where its settings name it, a port
where a door leads to it, the API server where its service account was given a role, its mesh, and
to be scraped where it says so. Whoever else it talks to is not known from objects, and is told as
what a proposal cuts.
"""

from auditor.analysis.facts import Facts
from auditor.audit.recommending.calls import calls_by_doors, calls_of_replicas, calls_of_settings
from auditor.audit.recommending.ground import Ground
from auditor.audit.recommending.needs import Needs, without_repetition
from auditor.audit.recommending.resolving import calls_of_resolvers
from auditor.audit.recommending.surroundings import (
    calls_of_scraping,
    calls_to_api_server,
    calls_to_mesh,
)

_SEARCHES = (
    calls_of_settings,
    calls_of_replicas,
    calls_by_doors,
    calls_to_api_server,
    calls_to_mesh,
    calls_of_scraping,
    calls_of_resolvers,
)


def needs_of(facts: Facts) -> Needs:
    """Work out what must stay possible in a cluster, ordered."""
    ground = Ground(facts)
    found = without_repetition(need for search in _SEARCHES for need in search(ground))
    outside = sorted(ground.outside, key=lambda item: (str(item[0]), item[1]))
    return Needs(found, tuple(outside), tuple(ground.assumed))
