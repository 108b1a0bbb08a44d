"""Where each of Microsoft's clouds is asked, by the names that `az cloud list` prints."""

from msgspec import Struct


class Cloud(Struct, frozen=True):
    """The addresses of one cloud."""

    manager: str
    """Azure Resource Manager."""
    authority: str
    """Microsoft Entra ID."""

    @property
    def scope(self) -> str:
        """Give what a token for Azure Resource Manager is asked for."""
        return f"{self.manager}/.default"


CLOUDS = {
    "AzureCloud": Cloud("https://management.azure.com", "login.microsoftonline.com"),
    "AzureChinaCloud": Cloud("https://management.chinacloudapi.cn", "login.chinacloudapi.cn"),
    "AzureUSGovernment": Cloud("https://management.usgovcloudapi.net", "login.microsoftonline.us"),
}
