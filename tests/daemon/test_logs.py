"""The daemon's log: one JSON object a line, and no credential in any of it."""

import json
import subprocess
import sys

import pytest
from rich.pretty import pretty_repr

from auditor.model.cluster import Api, Credential

PROGRAM = """
import structlog
from auditor.daemon.logs import log_to_stderr
from auditor.model.cluster import Api, Credential

log_to_stderr()
log = structlog.get_logger("test")
credential = Credential(token="CANARY")
access = Api(server="https://a", credentials=credential, proxy="http://user:CANARY@proxy")
log.info("line\\nbreak", name="\\u202eevil\\x1b[31m\\r\\n{}", access=access, credential=credential)

def fails(headers):
    raise RuntimeError("broken")

try:
    fails({"Authorization": f"Bearer {credential.token}"})
except RuntimeError:
    log.exception("look failed")
import logging
logging.getLogger("other").warning("from a library\\nwith two lines")
"""


def test_every_line_is_one_object_and_holds_no_secret_and_no_control_character() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == [
        "line\nbreak",
        "look failed",
        "from a library\nwith two lines",
    ]
    assert lines[1]["exception"][0]["exc_type"] == "RuntimeError"
    assert "CANARY" not in done.stderr
    assert all(32 <= ord(character) < 127 or character == "\n" for character in done.stderr)


@pytest.mark.parametrize("show", [repr, str, pretty_repr])
def test_no_way_of_showing_an_access_shows_what_is_secret(show: type[str]) -> None:
    credential = Credential(token="CANARY", basic=("CANARY", "CANARY"), key=b"CANARY")
    access = Api(server="https://a", credentials=credential, proxy="http://u:CANARY@p")  # type: ignore[arg-type]
    assert "CANARY" not in show(credential)
    assert "CANARY" not in show(access)
    assert "https://a" in show(access)
