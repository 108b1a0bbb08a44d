"""What can go wrong between us and an API server; each message is one line for people.

ApiError
├── NoAnswerError       no whole answer came: refused, timed out, cut off, not trusted
├── BadAnswerError      the answer is not what the API promises: a web page, a redirect, too large
├── StatusError         the server said no, with its status
└── NotBeforeError      the server asked to be left alone for longer than an audit lasts
"""


class ApiError(Exception):
    """A request has no usable answer."""


class NoAnswerError(ApiError):
    """No whole answer came."""


class BadAnswerError(ApiError):
    """The answer is not what the Kubernetes API promises."""


class StatusError(ApiError):
    """The server answered with an error status."""

    def __init__(
        self, status: int, message: str, continue_token: str = "", missing: str | None = None
    ) -> None:
        """Keep the HTTP status and what the server said.

        `missing` is the name of the object that the API itself says is not there.
        """
        super().__init__(message)
        self.status = status
        self.continue_token = continue_token
        self.missing = missing


class NotBeforeError(ApiError):
    """The server asked to be left alone, and that for longer than an audit may wait."""

    def __init__(self, seconds: float) -> None:
        """Keep for how many seconds."""
        super().__init__(f"the server asked to be left alone for {seconds:,.0f} s")
        self.seconds = seconds
