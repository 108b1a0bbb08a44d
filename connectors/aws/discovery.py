"""From credentials to accounts, to regions, to clusters: all at once, each costing only itself."""

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import partial

from auditor.model.cluster import Cluster, Gap, Progress, SourceError
from connectors.aws.calling import THREADS, Caller
from connectors.aws.options import AwsOptions
from connectors.aws.region import RegionReader
from connectors.aws.sessions import Session, Sessions
from connectors.aws.shapes import Accounts, Identity, Regions
from connectors.shortfalls import CallError, Shortfalls

Item = Cluster | Gap | Progress


async def discovered(options: AwsOptions, *, unattended: bool) -> AsyncGenerator[Item, None]:
    """Yield the clusters, the gaps and how far it has come, as they become known.

    Raises:
        SourceError: there are no usable credentials, or nobody says which accounts there are.
    """
    items: asyncio.Queue[Item | None] = asyncio.Queue()
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="aws")
    # In a thread: credentials may have to be asked for at the instance's metadata service.
    making = partial(Sessions, options, unattended=unattended)
    sessions = await asyncio.get_running_loop().run_in_executor(pool, making)
    working = asyncio.create_task(_Discovery(options, pool, items, sessions).run())
    working.add_done_callback(lambda _: items.put_nowait(None))
    try:
        while (item := await items.get()) is not None:
            yield item
        await working
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError, SourceError):
            await working
        # Threads that wait for AWS end by their own time-outs; nobody waits for them.
        pool.shutdown(wait=False, cancel_futures=True)


class _Discovery:
    """One listing."""

    def __init__(
        self,
        options: AwsOptions,
        pool: ThreadPoolExecutor,
        items: asyncio.Queue[Item | None],
        sessions: Sessions,
    ) -> None:
        self._options = options
        self._pool = pool
        self._items = items
        self._sessions = sessions
        self._done = 0

    async def run(self) -> None:
        """List everything.

        Raises:
            SourceError: no account is known, or nothing can be asked at all.
        """
        accounts = await self._accounts()
        self._say(f"{len(accounts)} accounts")
        async with asyncio.TaskGroup() as group:
            for account in accounts:
                group.create_task(self._account(account, len(accounts)))

    async def _accounts(self) -> list[str]:
        """Number the accounts to read.

        Raises:
            SourceError: nobody says which there are.
        """
        options = self._options
        try:
            own = await self._identity(self._sessions.own)
        except CallError as error:
            raise SourceError(str(error)) from error
        if not (options.organization or options.accounts):
            return [options.fixed_account or own]
        found = set(options.accounts)
        if options.organization:
            try:
                found |= await self._organization()
            except CallError as error:
                if not found:
                    raise SourceError(f"the organisation's accounts: {error}") from error
                self._items.put_nowait(Gap("the organisation", str(error)))
        left = sorted(found - set(options.skip_accounts))
        if not left:
            # An empty fleet would take every cluster for gone.
            raise SourceError("no account is left to read; see organization and skip_accounts")
        return left

    async def _organization(self) -> set[str]:
        role = self._options.organization_role
        session = self._sessions.assuming(role) if role else self._sessions.own
        pages = await self._caller(session).pages("organizations", "list_accounts", Accounts)
        return {account.id for page in pages for account in page.accounts if account.is_active}

    async def _identity(self, session: Session) -> str:
        answer = await self._caller(session).call("sts", "get_caller_identity", Identity)
        return answer.account

    def _caller(self, session: Session, region: str | None = None) -> Caller:
        pace = self._options.requests_per_second
        return Caller(session, region or session.region, self._pool, pace)

    async def _account(self, account: str, total: int) -> None:
        gaps = Shortfalls(f"account {account}")
        clusters: list[Cluster] = []
        try:
            session = await self._session_of(account)
            regions = await self._regions(session)
        except CallError as error:
            gaps.hidden("", error)
        else:
            readers = (
                RegionReader(self._caller(session, name), account, self._options.clusters, gaps)
                for name in regions
            )
            found = await asyncio.gather(*(reader.clusters() for reader in readers))
            clusters = [cluster for part in found for cluster in part]
        for cluster in clusters:
            self._items.put_nowait(cluster)
        for gap in gaps.told():
            self._items.put_nowait(gap)
        self._done += 1
        self._say(f"account {account}: {len(clusters)} clusters ({self._done} of {total} accounts)")

    async def _session_of(self, account: str) -> Session:
        """Give a session of an account, with credentials that work.

        Raises:
            CallError: its role cannot be assumed.
        """
        role = self._options.role_in(account)
        if role is None:
            return self._sessions.own
        session = self._sessions.assuming(role)
        await asyncio.get_running_loop().run_in_executor(self._pool, session.frozen)
        return session

    async def _regions(self, session: Session) -> list[str]:
        """Name the regions to read; those that the account has not enabled are not among them.

        Raises:
            CallError: the account does not say which it has.
        """
        wanted = self._options.regions
        if not any(sign in glob for glob in wanted for sign in "*?["):
            return sorted(set(wanted))
        answer = await self._caller(session).call("ec2", "describe_regions", Regions)
        names = [region.region_name for region in answer.regions]
        found = sorted(name for name in names if any(fnmatchcase(name, glob) for glob in wanted))
        if not found:
            raise CallError("regions", f"none matches {', '.join(wanted)}")
        return found

    def _say(self, text: str) -> None:
        self._items.put_nowait(Progress(text))
