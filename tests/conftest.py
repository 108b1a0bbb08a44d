"""What all tests share: the corpus and a moment in time."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

CORPUS = Path(__file__).parent / "corpus"


@pytest.fixture(scope="session")
def corpus() -> Path:
    return CORPUS


@pytest.fixture(scope="session")
def at() -> datetime:
    return datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
