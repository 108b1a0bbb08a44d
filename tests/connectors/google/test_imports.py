"""The SDK costs a second and many megabytes: it is imported when clusters are listed."""

import subprocess
import sys

SDK = ("google", "grpc", "proto", "requests", "connectors.google.calling")


def run(code: str) -> str:
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_reading_the_configuration_imports_no_sdk() -> None:
    found = run(
        "import sys, msgspec\n"
        "from auditor.daemon.sources import load_connector\n"
        "connector = load_connector('google')\n"
        "msgspec.convert({'projects': ['shop-prod']}, connector.options)\n"
        "connector.from_source('shop-prod')\n"
        f"print([name for name in {SDK!r} if name in sys.modules])\n"
    )
    assert found == "[]"


def test_listing_imports_it() -> None:
    found = run(
        "import sys\nimport connectors.google.discovery\n"
        f"print(all(name in sys.modules for name in {SDK!r}))"
    )
    assert found == "True"


def test_without_the_sdk_the_extra_is_named() -> None:
    found = run(
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "sys.modules['grpc'] = None\n"
        "from auditor.model.cluster import SourceError\n"
        "from connectors.google.connector import GoogleConnector, GoogleOptions\n"
        "async def first():\n"
        "    return await anext(GoogleConnector.clusters(\n"
        "        GoogleOptions(), Path(), unattended=True))\n"
        "try:\n"
        "    asyncio.run(first())\n"
        "except SourceError as error:\n"
        "    print(error)\n"
    )
    assert found == "grpc is not installed: pip install 'exposure-auditor[google]'"
