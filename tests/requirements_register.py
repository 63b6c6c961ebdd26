"""The requirements register: docs/requirements.md, written from the tests' marks.

`docs/requirements.toml` holds each requirement in one sentence, and the reason where it is not ours to show.
A test that shows one carries `@pytest.mark.requirement("R51")`; a whole class or module may (`pytestmark`).
The marks are read from the source, not from a test run, so that this is quick and part of `make check`.

    python -m tests.requirements_register            writes docs/requirements.md
    python -m tests.requirements_register --check    exit status 1 where it is stale
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "tests"
TEXTS = ROOT / "docs" / "requirements.toml"
REGISTER = ROOT / "docs" / "requirements.md"

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Requirement:
    """One requirement: its number, its sentence, where it stands, and why it is not ours if it is not."""

    number: str
    text: str
    source: str
    not_ours: str | None


def load_requirements(path: Path = TEXTS) -> dict[str, Requirement]:
    """Return the requirements by number, in the order of the file."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        number: Requirement(number, row["text"], row["source"], row.get("not_ours"))
        for number, row in rows.items()
    }


def marks_in(source: str) -> Iterator[tuple[str, str]]:
    """Yield (requirement number, test name) for every mark in a test file.

    A mark on a class counts as `TestClass`, one on a module as "" (all its tests).
    """
    tree = ast.parse(source)
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in targets):
            yield from ((number, "") for number in _numbers(statement))
    for node in ast.walk(tree):
        if isinstance(node, _Definition):
            for decorator in node.decorator_list:
                yield from ((number, node.name) for number in _numbers(decorator))


def _numbers(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.requirement":
            for argument in node.args:
                if isinstance(argument, ast.Constant):
                    yield str(argument.value)


def find_marks(tests: Path = TESTS) -> dict[str, set[str]]:
    """Return the tests by requirement: `tests/web/test_portal.py::test_name`."""
    marks: dict[str, set[str]] = {}
    for path in sorted(tests.rglob("test_*.py")):
        place = path.relative_to(tests.parent).as_posix()
        source = path.read_text(encoding="utf-8")
        for number, name in marks_in(source) if "mark.requirement" in source else ():
            marks.setdefault(number, set()).add(f"{place}::{name}" if name else place)
    return marks


def render(requirements: dict[str, Requirement], marks: dict[str, set[str]]) -> str:
    """Return the register as Markdown."""
    shown = sum(1 for number in requirements if number in marks)
    not_ours = sum(1 for row in requirements.values() if row.not_ours and row.number not in marks)
    not_yet = len(requirements) - shown - not_ours
    lines = [
        "# Requirements",
        "",
        "Written by `make requirements` from the marks in the tests and from `docs/requirements.toml`, which",
        "holds each requirement in one sentence with its source. Do not edit this page.",
        "",
        "*Shown* means that the named tests pass and would fail without it. *Not yet* means none does.",
        "*Not ours* means that it binds people or an organisation, and no software can show it.",
        "",
        f"{len(requirements)} requirements: {shown} shown, {not_yet} not yet, {not_ours} not ours.",
        "",
        "| | State | Tests |",
        "|---|---|---|",
    ]
    for row in requirements.values():
        tests = "<br>".join(f"`{test}`" for test in sorted(marks.get(row.number, ())))
        state = "shown" if tests else f"not ours: {row.not_ours}" if row.not_ours else "not yet"
        lines.append(f"| {row.number} | {state} | {tests} |")
    lines += ["", "## What each says", ""]
    lines += [f"* **{row.number}** {row.text} ({row.source})" for row in requirements.values()]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the register, or with `--check` say whether it is what the tests say now."""
    fresh = render(load_requirements(), find_marks())
    if arguments == ["--check"]:
        if REGISTER.read_text(encoding="utf-8") == fresh:
            return 0
        print("docs/requirements.md is stale: run make requirements", file=sys.stderr)
        return 1
    REGISTER.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
