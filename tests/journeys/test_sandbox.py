"""`databeheer sandbox serve` as somebody who tries a client starts it: ready, read, ended, opened again as it was."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from databeheer.clock import SettableClock, SystemClock
from databeheer.door.client import DoorClient
from databeheer.site.home import Home
from databeheer.site.house import free_port
from databeheer.site.storytelling import Teller, log_in_for
from databeheer.storage.embedded import EmbeddedPostgreSQL
from tests.doors import CHECKOUT
from tests.web.api.pages import Shell, blocks

pytestmark = pytest.mark.walk

COMMAND = [sys.executable, "-m", "databeheer", "sandbox", "serve", "--json", "--days", "2"]


@dataclass
class Served:
    """One run of the command, and what it printed when it was ready."""

    process: subprocess.Popen[str]
    facts: dict[str, Any]

    def party(self, key: str = "ready") -> dict[str, Any]:
        return next(one for one in self.facts["parties"] if one["key"] == key)

    def point(self, key: str) -> dict[str, Any]:
        return next(one for one in self.facts["access_points"] if one["key"] == key)

    def end(self) -> None:
        """Press Ctrl-C and wait; what it still says is read away."""
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=60)
        assert self.process.returncode == 0


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "DATABEHEER_HOME": str(home)}


def serve(home: Path) -> Served:
    said = home / "said.txt"
    with said.open("w") as told:
        process = subprocess.Popen(
            [*COMMAND, "--port", str(free_port())],
            env=environment(home),
            stdout=subprocess.PIPE,
            stderr=told,
            text=True,
            start_new_session=True,
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.communicate(timeout=60)
        pytest.fail(f"the sandbox did not start: {said.read_text()}")
    return Served(process, json.loads(line))


def call(url: str, *, token: str = "", form: dict[str, str] | None = None) -> tuple[int, Any]:
    """Ask, with a token or by a form; returns the status and what was answered."""
    data = urlencode(form).encode() if form else None
    asking = urllib.request.Request(url, data, {"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(asking, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def read(sandbox: Served, key: str) -> tuple[int, Any]:
    """Ask about an access point as the facts say that it is asked."""
    party, point = sandbox.party(), sandbox.point(key)
    form = {name: party[name] for name in ("client_id", "client_secret")}
    status, minted = call(party["token_url"], form=form | {"grant_type": "client_credentials"})
    assert status == 200, minted
    asked = urlencode({name: point[name] for name in ("from", "until", "granularity")})
    path = f"{party['api_url']}/permissions/{point['permission_id']}/readings"
    return call(f"{path}?{asked}", token=minted["access_token"])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("sandbox-home")
    yield path
    EmbeddedPostgreSQL(Home(path).postgres).remove()


def the_page_runs(sandbox: Served, home: Path, folder: Path) -> None:
    """Run docs/how-to/first-reading.md from its second step to its last; the customer answers in between."""
    credentials, standing, *asking, reading = blocks("first-reading.md")
    program = ".venv/bin/python docs/examples/python-client/first_reading.py"
    day = sandbox.point("quarters")["from"][:10]
    shell = Shell(folder, {"DATABEHEER_HOME": str(home), "DAY": day, "PROGRAM": program})
    said = shell.run([credentials, standing, *asking])
    assert '"state":"complete"' in said.replace(" ", "")
    assert said.rstrip().endswith("not yet")
    [permission] = re.findall(r"^permission (\S+)$", said, re.MULTILINE)
    [code] = re.findall(r"dienstverlener\?id=(\S+)", said)
    point = sandbox.point("quarters")
    with DoorClient(Home(home).door_socket) as door:
        clock = SettableClock(SystemClock().now())
        teller = Teller(door, clock, "", log_in_for(Home(home), door, clock))
        customer = f"sandbox-{point['code']}"
        teller.people[customer] = "Proefklant 001-101"
        teller.grant(customer, {"permission_id": permission, "link_code": code}, point["ean"])
    assert "kWh in 96 values" in shell.run([reading], PERMISSION=permission, **shown(sandbox))


def shown(sandbox: Served) -> dict[str, str]:
    """What the page's second step puts into the shell."""
    party = sandbox.party()
    return {
        "HOST": sandbox.facts["url"],
        "CLIENT_ID": party["client_id"],
        "CLIENT_SECRET": party["client_secret"],
    }


def switching_runs(home: Path, folder: Path) -> None:
    """Run what docs/how-to/switch-from-fluvius.md says of trying a client."""
    said = Shell(folder, {"DATABEHEER_HOME": str(home)}).run(blocks("switch-from-fluvius.md"))
    assert '"status":"Approved"' in said.replace(" ", "")
    assert '"quarterHourlyEnergy":[{' in said.replace(" ", "")


@pytest.mark.requirement("R48", "R134")
def test_a_sandbox_is_made_read_ended_and_opened_again_as_it_was(home: Path, tmp_path: Path) -> None:
    first = serve(home)
    try:
        assert "/sandbox/" in first.facts["ledger"]["origin"]
        status, readings = read(first, "quarters")
        assert (status, readings["coverage"]["state"]) == (200, "complete")
        assert read(first, "withdrawn")[0] == 403
        for name in (".venv", "docs"):
            (tmp_path / name).symlink_to(CHECKOUT / name)
        the_page_runs(first, home, tmp_path)
        switching_runs(home, tmp_path)
        private = home / "sandbox.json", home / "parties" / "ready.pem", home / "sandbox.running.json"
        assert {file.stat().st_mode & 0o777 for file in private} == {0o600}
    finally:
        first.end()
    second = serve(home)
    try:
        assert (second.party()["client_id"], second.facts["ledger"]) == (
            first.party()["client_id"],
            first.facts["ledger"] | {"url": second.facts["ledger"]["url"]},
        )
        assert read(second, "quarters")[1]["channels"] == readings["channels"]
    finally:
        second.end()


@pytest.mark.requirement("R134")
def test_a_served_sandbox_takes_no_database_but_its_own(tmp_path: Path) -> None:
    """Set by habit, the address would be production's, and a sandbox that is made anew drops what it has."""
    given = environment(tmp_path) | {
        "DATABEHEER_DATABASE_URL": "postgresql://postgres@production.example/postgres"
    }
    done = subprocess.run([*COMMAND], env=given, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "unset DATABEHEER_DATABASE_URL" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.requirement("R134")
def test_a_sandbox_that_was_filled_is_not_thrown_away_by_serving(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.make_secrets("ledger.example/sandbox/filled")
    key = home.operator_key.read_text()
    done = subprocess.run([*COMMAND], env=environment(tmp_path), capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "stays as it is" in done.stderr
    assert home.operator_key.read_text() == key


@pytest.mark.requirement("R134")
def test_what_is_no_sandbox_is_not_served_as_one(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.make_secrets("ledger.example/real")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    done = subprocess.run(
        [*COMMAND, "--anew"], env=environment(tmp_path), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "is no sandbox" in done.stderr
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
