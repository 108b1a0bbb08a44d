"""How Azure is dialled: time-outs that end, and retries that end too."""

from typing import Any

from azure.core.pipeline.policies import AsyncRetryPolicy
from azure.core.pipeline.transport import AioHttpTransport

LONGEST_WAIT_SECONDS = 60.0
"""Who asks for more patience than this is not waited for; the next listing asks anew."""

BACKOFF_SECONDS = 0.5
"""Before the second try, and twice as long before each other one."""

_READS = frozenset({"GET", "POST"})
"""Queries and the user's kubeconfig come by POST, and change nothing."""


def new_transport() -> AioHttpTransport:
    """Make a transport; whoever makes it closes it."""
    return AioHttpTransport(connection_timeout=5, read_timeout=30)


class BoundedRetries(AsyncRetryPolicy[Any, Any]):
    """Tries again as Azure asks for it (`Retry-After`), but not after any time that it names."""

    def __init__(self) -> None:
        """Try five times in all."""
        super().__init__(retry_total=4, retry_backoff_factor=BACKOFF_SECONDS, retry_backoff_max=20)

    def configure_retries(self, options: dict[str, Any]) -> dict[str, Any]:
        """Let the POSTs that only read be tried again too."""
        options.setdefault("retry_on_methods", _READS)
        return super().configure_retries(options)

    def is_retry(self, settings: dict[str, Any], response: Any) -> bool:
        """Whether to try again."""
        wait = self.get_retry_after(response)
        if wait is not None and wait > LONGEST_WAIT_SECONDS:
            return False
        return bool(super().is_retry(settings, response))
