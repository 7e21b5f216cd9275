"""What the recipes scored when they were trained in full, as `python -m benchmarks.recipes` wrote it down."""

import json
import os
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("measured.json")


def results() -> dict[str, dict[str, Any]]:
    """One row a finished recipe or variant, by the catalogue's names; empty before anything was measured."""
    rows: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return rows


def write(rows: dict[str, dict[str, Any]]) -> None:
    """Keep the rows, all or nothing."""
    draft = FILE.with_suffix(".part")
    draft.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    os.replace(draft, FILE)
