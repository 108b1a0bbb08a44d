"""The sample configuration of CONTRACT.md, Files people write, word for word."""

from datetime import date
from pathlib import Path

TODAY = date(2026, 11, 22)

SAMPLE = (Path(__file__).parent / "sample.yaml").read_text(encoding="utf-8")
