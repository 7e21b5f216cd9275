"""What the recipes scored when they were trained in full, as `python -m benchmarks.recipes` wrote it down."""

import json
import os
from pathlib import Path

FILE = Path(__file__).with_name("measured.json")


def results() -> dict[str, dict]:
    """One row a finished recipe or variant, by the catalogue's names; empty before anything was measured."""
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}


def write(rows: dict[str, dict]) -> None:
    """Keep the rows, all or nothing."""
    draft = FILE.with_suffix(".part")
    draft.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    os.replace(draft, FILE)
