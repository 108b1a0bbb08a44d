"""What all tests share: the corpus and a moment in time."""

import os
from datetime import UTC, datetime
from pathlib import Path
from random import SystemRandom

import pytest
from hypothesis import settings

# Machines are noisy: how long an example takes says nothing about whether it holds.
settings.register_profile("untimed", deadline=None, print_blob=True)
settings.load_profile("untimed")

RANDOM_SEED = "EXPOSURE_AUDITOR_SEED"
"""Names the seed from which random clusters are drawn; the same one draws the same clusters."""


def pytest_configure() -> None:
    """Draw a fresh seed for this run, before workers are started: they take it over."""
    os.environ.setdefault(RANDOM_SEED, str(SystemRandom().randrange(10**9)))


def pytest_report_header() -> str:
    """Say the seed, so that what a run found can be found again."""
    return f"random clusters: {RANDOM_SEED}={os.environ[RANDOM_SEED]}"


CORPUS = Path(__file__).parent / "corpus"


@pytest.fixture(scope="session")
def corpus() -> Path:
    return CORPUS


@pytest.fixture(scope="session")
def at() -> datetime:
    return datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
