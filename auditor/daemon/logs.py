"""The daemon's log: one JSON object a line on standard error, whatever a cluster writes in it."""

import logging
import sys

import structlog


def log_to_stderr() -> None:
    """Write our own and the libraries' logs as JSON lines.

    Everything beyond ASCII is escaped, control characters and bidirectional marks too, so that no
    name in a cluster can begin a line or turn one round.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Without the frames' variables: they hold credentials.
        structlog.processors.ExceptionRenderer(
            structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        ),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    # A line a request is the reverse proxy's business.
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
