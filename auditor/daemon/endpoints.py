"""What the daemon answers over HTTP: metrics and health."""

import asyncio
from collections.abc import Callable

from aiohttp import web
from prometheus_client.exposition import choose_encoder

from auditor.metrics.registry import Metrics


def make_application(metrics: Metrics, why_not_ready: Callable[[], list[str]]) -> web.Application:
    """Make the application with `/metrics`, `/livez` and `/readyz`.

    `why_not_ready` gives the reasons for which the auditor's answers cannot be relied on; empty
    where they can.
    """

    async def show_metrics(request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        # Seconds for a thousand clusters: in a thread, so that audits go on meanwhile.
        body = await asyncio.to_thread(encode, metrics.registry)
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def live(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def ready(_: web.Request) -> web.Response:
        reasons = why_not_ready()
        if not reasons:
            return web.Response(text="ok\n")
        return web.Response(status=503, text="".join(f"{reason}\n" for reason in reasons))

    application = web.Application()
    application.add_routes(
        [
            web.get("/metrics", show_metrics),
            web.get("/livez", live),
            web.get("/readyz", ready),
        ]
    )
    return application
