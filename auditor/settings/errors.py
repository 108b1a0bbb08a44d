"""What is said of files that people wrote and that are refused."""

from collections.abc import Sequence

from auditor.settings.places import Places


class ConfigurationError(Exception):
    """A configuration is refused. `errors` holds one line each, with the path to the place."""

    def __init__(
        self,
        where: str,
        errors: Sequence[str],
        places: Places | None = None,
        others: "Sequence[ConfigurationError]" = (),
    ) -> None:
        """Keep the errors of a file, and those of `others`, and say all of them.

        Each names its file, and its line where `places` knows it.
        """
        known = places or Places({})
        said = [f"{where}{_line(known, error)}: {error}" for error in errors]
        super().__init__("\n".join([*said, *map(str, others)]))
        self.errors: list[str] = [*errors, *(error for other in others for error in other.errors)]


def _line(places: Places, error: str) -> str:
    # An entry of the catalogue is named by its path and, in brackets, its id.
    line = places.line_of(error.partition(": ")[0].partition(" ")[0])
    return f":{line}" if line else ""
