"""What all tests share: the corpus and a moment in time."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings

# Machines are noisy: how long an example takes says nothing about whether it holds.
settings.register_profile("untimed", deadline=None, print_blob=True)
settings.load_profile("untimed")

CORPUS = Path(__file__).parent / "corpus"


@pytest.fixture(scope="session")
def corpus() -> Path:
    return CORPUS


@pytest.fixture(scope="session")
def at() -> datetime:
    return datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
