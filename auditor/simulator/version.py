"""The version that a simulated server says to be."""

from typing import Any

from msgspec import Struct

_BUILD = {
    "gitCommit": "98b35193b2ac7a23a673325f5e9b830ecd5ba406",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "go1.26.6",
    "compiler": "gc",
    "platform": "linux/amd64",
}
"""As recorded; no client may conclude anything from it."""
_EMULATION_SINCE = 33
_AGGREGATED_SINCE = {"v2": 30, "v2beta1": 27}


class Version(Struct, frozen=True):
    """A version of Kubernetes such as `v1.33.1`, or a distribution's `v1.31.4-eks-2d5f260`."""

    text: str

    @property
    def major(self) -> str:
        """Give the first number."""
        return self.text.removeprefix("v").split(".")[0]

    @property
    def minor(self) -> int:
        """Give the second number."""
        return int(self.text.split(".")[1])

    def discovery_forms(self) -> frozenset[str]:
        """Give the versions of aggregated discovery that such a server speaks."""
        return frozenset(form for form, since in _AGGREGATED_SINCE.items() if self.minor >= since)

    def described(self) -> dict[str, Any]:
        """Give what `/version` says."""
        said: dict[str, Any] = {"major": self.major, "minor": str(self.minor)}
        if self.minor >= _EMULATION_SINCE:
            said |= {
                "emulationMajor": self.major,
                "emulationMinor": str(self.minor),
                "minCompatibilityMajor": self.major,
                "minCompatibilityMinor": str(self.minor - 1),
            }
        return said | {"gitVersion": self.text} | _BUILD
