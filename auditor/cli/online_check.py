"""`config check --online`: whether the connectors can do what an audit will ask of them."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import click

from auditor.cli.failures import ExitCode, complain, remark, show_progress, worst
from auditor.collector.api.trying import Tried, try_api
from auditor.daemon.sources import Listing, Source, clusters_of
from auditor.model.cluster import Cluster, Files, NoAccess, SourceError
from auditor.reports.text import safe
from auditor.settings.limits import ApiLimits

_AT_ONCE = 20
"""Clusters that are asked at once; each gets a few dozen small questions."""

_NAMED = 5
"""Resources that one line names; the rest are counted."""


async def check_online(sources: list[Source]) -> ExitCode:
    """List every connector and ask each cluster for our rights; print what is missing."""
    codes = [await _check(source) for source in sources]
    return worst(*codes)


async def _check(source: Source) -> ExitCode:
    remark(f"{safe(source.text)}: listing")
    try:
        listing = await clusters_of(source, unattended=True, progress=_progress_of(source))
    except SourceError as error:
        complain(f"{safe(source.text)}: {safe(str(error))}")
        return ExitCode.INCOMPLETE
    for gap in listing.gaps:
        complain(f"{safe(source.text)}: {safe(gap.place)}: {safe(gap.reason)}")
    places = asyncio.Semaphore(_AT_ONCE)
    tried = await asyncio.gather(*(_try(cluster, places) for cluster in listing.clusters))
    usable = 0
    for cluster, answer in zip(listing.clusters, tried, strict=True):
        if text := _complaint(answer):
            complain(f"{safe(source.text)}: {safe(cluster.id)}: {safe(text)}")
        else:
            usable += 1
    click.echo(f"{safe(source.text)}: {_summary(listing, usable)}")
    is_whole = usable == len(listing.clusters) and not listing.gaps
    return ExitCode.DONE if is_whole else ExitCode.INCOMPLETE


async def _try(cluster: Cluster, places: asyncio.Semaphore) -> Tried:
    access = cluster.access
    if isinstance(access, NoAccess):
        return Tried(access.reason)
    if isinstance(access, Files):
        there = await asyncio.to_thread(Path(access.path).exists)
        return Tried(None if there else f"{access.path} is not there")
    async with places:
        return await try_api(access, ApiLimits())


def _complaint(answer: Tried) -> str | None:
    if answer.problem is not None:
        return answer.problem
    if not answer.missing:
        return None
    shown = ", ".join(answer.missing[:_NAMED])
    if len(answer.missing) > _NAMED:
        shown += f" and {len(answer.missing) - _NAMED} more"
    return f"we may not list {shown}: apply deploy/clusterrole.yaml and bind it to us"


def _summary(listing: Listing, usable: int) -> str:
    whole = "" if listing.has_all_clusters else "; there may be more"
    return f"{len(listing.clusters)} clusters, {usable} of them can be read whole{whole}"


def _progress_of(source: Source) -> Callable[[str], None]:
    return lambda step: show_progress(f"{source.text}: {step}")
