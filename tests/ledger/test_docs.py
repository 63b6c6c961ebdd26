"""The specification shows the bytes of the worked example, and the README names every module."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SPECIFICATION = (ROOT / "docs" / "reference" / "ledger.md").read_text(encoding="utf-8")


def test_the_specification_shows_the_worked_example() -> None:
    text = (ROOT / "tests" / "vectors" / "ledger" / "worked_example.json").read_text(encoding="ascii")
    example = json.loads(text)
    shown = [example["log_vkey"], example["door_vkey"], *example["roots"][1:], example["bundle"][:20]]
    for entry in example["entries"]:
        shown += [entry["entry"], entry["leaf"], entry["shared"]["body"], entry["shared"]["salt"]]
    shown += [
        line
        for note in (example["receipt"], example["promise"], example["subject_head"])
        for line in note.split("\n")
    ]
    assert [one for one in shown if one not in SPECIFICATION] == []


def test_the_specification_pins_the_commit_that_it_follows() -> None:
    assert "commit `5ba5ee8` of\n2026-07-22" in SPECIFICATION


def test_the_specification_counts_the_vectors() -> None:
    files = [path for path in (ROOT / "tests/vectors/ledger").glob("*.json") if path.stem != "worked_example"]
    vectors = [one for path in files for one in json.loads(path.read_text(encoding="ascii"))]
    assert f"{len(vectors)} vectors" in SPECIFICATION
    damaged = [one for one in vectors if one.get("must_fail", one.get("outcome") != "ok")]
    assert len(damaged) > 0.8 * len(vectors)


def test_the_readme_names_every_module() -> None:
    readme = (ROOT / "ledger" / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_.]+)`", readme))
    modules = {path.stem for path in (ROOT / "ledger").glob("*.py")} - {"__init__", "__main__"}
    assert modules - named == set()
