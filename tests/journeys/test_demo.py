"""The demo as a visitor starts it: one program, ready in its own time, three doors, ended by Ctrl-C, kept."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from databeheer.site.home import Home
from databeheer.site.house import free_port
from databeheer.storage.embedded import EmbeddedPostgreSQL
from ledger.note import SigningKey
from ledger.policy import parse_policy
from tests.browser import Watched
from tests.journeys.test_main_job import browser, keep, log_in, open_page
from tests.ledger.foreign import build_go_verifier

pytestmark = pytest.mark.walk

__all__ = ["browser", "open_page"]


@dataclass
class RunningDemo:
    """`databeheer demo --json`, a program of its own, and what it printed when it was ready."""

    process: subprocess.Popen[str]
    facts: dict[str, Any]

    @property
    def url(self) -> str:
        return str(self.facts["url"])

    def end(self) -> int:
        """Press Ctrl-C and wait; what it still says is read away."""
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=60)
        return self.process.returncode


def start(home: Path) -> RunningDemo:
    said = home / "said.txt"
    with said.open("w") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "databeheer", "demo", "--json", "--port", str(free_port())],
            env={**os.environ, "DATABEHEER_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=told,
            text=True,
            start_new_session=True,
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.communicate(timeout=60)
        pytest.fail(f"the demo did not start: {said.read_text()}")
    return RunningDemo(process, json.loads(line))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("demo-home")
    yield path
    EmbeddedPostgreSQL(Home(path / "demo").postgres).remove()


@pytest.fixture(scope="module")
def demo(browser: Browser, home: Path) -> Iterator[RunningDemo]:
    running = start(home)
    yield running
    if running.process.poll() is None:
        assert running.end() == 0


def test_the_demo_says_all_that_a_program_needs_and_is_ready(demo: RunningDemo) -> None:
    with urllib.request.urlopen(f"{demo.url}/health/ready", timeout=10) as answer:
        assert answer.status == 200
    assert {one["name"] for one in demo.facts["logins"]["customers"]} >= {"Maria Verhaegen", "Lotte Claes"}
    assert demo.facts["logins"]["inspector"]["name"]
    parties = {party["role"]: party for party in demo.facts["credentials"]["parties"]}
    assert set(parties) == {"supplier", "energy_service", "dso"}
    for party in parties.values():
        assert {"token_url", "client_id", "client_secret", "subscription_key"} <= party.keys()


def test_a_visitor_sees_three_doors_and_maria_sees_who_read_last_night(
    demo: RunningDemo, open_page: Callable[[], Watched]
) -> None:
    visitor = open_page()
    visitor.page.goto(demo.url)
    for door in ("klant", "energiedienst", "toezichthouder"):
        expect(
            visitor.page.get_by_role("heading", name=f"Ik ben een {door}").or_(
                visitor.page.get_by_role("heading", name=f"Ik ben {door}")
            )
        ).to_be_visible()
    keep(visitor, "demo-start")
    maria = open_page()
    log_in(maria.page, f"{demo.url}/mijn", "Maria")
    expect(maria.page.get_by_role("heading", name="Er wacht een vraag op u")).to_be_visible()
    law = maria.page.locator(".half-law").first
    expect(law).to_contain_text("Leiestroom")
    consent = maria.page.locator(".half-consent").first
    expect(consent).to_contain_text("Bram Energieadvies")
    expect(consent).not_to_contain_text("Leiestroom")
    keep(maria, "demo-maria")
    maria.page.goto(f"{demo.url}/mijn/verbruik")
    keep(maria, "demo-consumption")
    ines = open_page()
    log_in(ines.page, f"{demo.url}/toezicht", "Ines")
    keep(ines, "demo-inspector")
    for name, words in (
        ("Getuigen", "alleen een getuige van het huis zelf ondertekent mee"),
        ("Termijnen", "daarvan van de databeheerder zelf"),
    ):
        expect(ines.page.get_by_role("row", name=name)).to_contain_text(words, ignore_case=True)
    ines.page.goto(f"{demo.url}/toezicht/registers/breach")
    expect(ines.page.get_by_text("Brief met een EAN-code in de verkeerde bus")).to_be_visible()
    hilde = open_page()
    log_in(hilde.page, f"{demo.url}/dienst/rechten", "Hilde Goossens")
    expect(hilde.page.get_by_role("row", name="in het portaal")).to_have_count(1)


def test_els_finds_nothing_until_she_links_her_meter_with_what_her_bill_says(
    demo: RunningDemo, open_page: Callable[[], Watched]
) -> None:
    [story] = [one["story"] for one in demo.facts["logins"]["customers"] if one["name"] == "Els Vandamme"]
    bill = re.search(r"EAN-code (?P<ean>\d{18}), meternummer (?P<meter>\w+)", story)
    assert bill
    els = open_page().page
    log_in(els, f"{demo.url}/mijn", "Els Vandamme")
    els.goto(f"{demo.url}/mijn/aansluiting")
    els.get_by_label("EAN-code").fill(bill["ean"])
    els.get_by_label("Meternummer").fill(bill["meter"])
    els.get_by_role("button", name="Koppelen").click()
    els.goto(f"{demo.url}/mijn")
    expect(els.get_by_role("heading", name="Wilgenstraat 19 bus 2")).to_be_visible()


def test_people_of_a_party_see_its_pages_and_a_newcomer_can_apply(
    demo: RunningDemo, open_page: Callable[[], Watched]
) -> None:
    sofie = open_page()
    log_in(sofie.page, f"{demo.url}/partij", "Sofie")
    expect(sofie.page.get_by_role("heading", name="Zonnewijzer")).to_be_visible()
    expect(sofie.page.get_by_text("Alles is in orde")).to_be_visible()
    sofie.page.goto(f"{demo.url}/partij/gebruik")
    expect(sofie.page.get_by_role("table", name="Oproepen per dag")).to_be_visible()
    yusuf = open_page()
    log_in(yusuf.page, f"{demo.url}/partij", "Yusuf")
    expect(yusuf.page.get_by_role("button", name="Begin de aanvraag")).to_be_visible()


def test_the_story_holds_a_permission_in_every_state(demo: RunningDemo) -> None:
    states: set[str] = set()
    for party in demo.facts["credentials"]["parties"]:
        if party["role"] == "energy_service":
            states |= {permission["state"] for permission in _permissions(party)}
    assert states == {
        "requested",
        "rejected",
        "timed_out",
        "active",
        "revoked",
        "expired",
        "terminated",
        "invalidated",
    }


@pytest.mark.requirement("R27")
def test_a_visitor_sees_what_was_sent_to_maria_and_to_a_partys_program(
    demo: RunningDemo, open_page: Callable[[], Watched]
) -> None:
    visitor = open_page()
    visitor.page.goto(demo.url)
    visitor.page.get_by_role("link", name="Open de postbus van de demo").click()
    asks = "Zonnewijzer vraagt toestemming om uw meetgegevens te lezen"
    email = visitor.page.get_by_role("listitem").filter(has=visitor.page.get_by_role("heading", name=asks))
    email.get_by_text("Lees de e-mail").click()
    expect(email.get_by_text("Meld u daar aan zoals u gewoon bent.")).to_be_visible()
    expect(visitor.page.get_by_text("De handtekening klopt: dit komt van databeheer.").first).to_be_visible()
    expect(visitor.page.get_by_text("De handtekening klopt niet.")).to_have_count(0)
    keep(visitor, "demo-post")


def test_code_that_is_not_ours_verifies_the_demos_whole_ledger(demo: RunningDemo, tmp_path: Path) -> None:
    go = build_go_verifier(tmp_path)
    with urllib.request.urlopen(f"{demo.url}/ledger/vkey", timeout=10) as answer:
        vkey = answer.read().decode().splitlines()[0]
    said = go.run("-key", vkey, f"{demo.url}/ledger")
    assert said.holds, said.text
    other = SigningKey(vkey.partition("+")[0], bytes(32)).vkey
    assert not go.run("-key", other, f"{demo.url}/ledger").holds


def test_the_demos_checkpoint_is_cosigned_by_a_witness_that_is_called_not_independent(
    demo: RunningDemo,
) -> None:
    files: dict[str, bytes] = {}
    for name in ("policy", "checkpoint"):
        with urllib.request.urlopen(f"{demo.url}/ledger/{name}", timeout=10) as answer:
            files[name] = answer.read()
    assert b"NOT independent" in files["policy"]
    witnessed = parse_policy(files["policy"]).check(files["checkpoint"], int(time.time()))
    assert witnessed.checkpoint.size > 0
    assert list(witnessed.times) == ["demo-not-independent"]
    assert demo.facts["ledger"]["witness"]["independent"] is False


def test_a_second_start_tells_of_the_demo_that_runs_and_leaves_it_alone(
    demo: RunningDemo, home: Path
) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "databeheer", "demo", "--json"],
        env={**os.environ, "DATABEHEER_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode == 0, second.stderr
    told = json.loads(second.stdout)
    assert told["url"] == demo.url
    assert told["credentials"] == demo.facts["credentials"]
    with urllib.request.urlopen(f"{demo.url}/health/ready", timeout=10) as answer:
        assert answer.status == 200


def test_a_port_in_use_is_said_before_anything_starts(demo: RunningDemo, tmp_path: Path) -> None:
    port = demo.url.rpartition(":")[2]
    refused = subprocess.run(
        [sys.executable, "-m", "databeheer", "demo", "--port", port],
        env={**os.environ, "DATABEHEER_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert refused.returncode == 1
    assert f"Poort {port} is bezet" in refused.stderr
    assert not (tmp_path / "demo" / "postgres").exists()


def test_the_audit_of_the_demos_house_holds_and_its_status_says_when_it_does_not(
    demo: RunningDemo, home: Path
) -> None:
    def audit() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "databeheer", "ledger", "audit", "--demo"],
            env={**os.environ, "DATABEHEER_HOME": str(home)},
            capture_output=True,
            text=True,
            timeout=120,
        )

    done = audit()
    assert done.returncode == 0, done.stdout + done.stderr
    # The first full bundle: every later checkpoint holds it, however much the running house writes meanwhile.
    published = home / "demo" / "ledger" / "tile" / "entries" / "000"
    before = published.read_bytes()
    published.write_bytes(before[:20] + bytes([before[20] ^ 1]) + before[21:])
    try:
        done = audit()
    finally:
        published.write_bytes(before)
    assert done.returncode == 1
    assert "FAIL" in done.stdout


def test_ctrl_c_twice_in_the_middle_of_the_first_start_ends_everything(tmp_path: Path) -> None:
    starting = subprocess.Popen(
        [sys.executable, "-m", "databeheer", "demo", "--port", str(free_port())],
        env={**os.environ, "DATABEHEER_HOME": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert starting.stderr is not None
    for line in starting.stderr:
        if "1 van 16" in line:
            break
    starting.send_signal(signal.SIGINT)
    starting.send_signal(signal.SIGINT)
    starting.communicate(timeout=60)
    assert starting.returncode == 0
    assert _processes_of(tmp_path) == []
    EmbeddedPostgreSQL(Home(tmp_path / "demo").postgres).remove()


def test_ctrl_c_ends_everything_and_the_next_start_finds_it_again(demo: RunningDemo, home: Path) -> None:
    origin = demo.facts["ledger"]["origin"]
    assert demo.end() == 0
    assert _processes_of(home) == []
    again = start(home)
    try:
        assert again.facts["ledger"]["origin"] == origin
    finally:
        assert again.end() == 0
    assert _processes_of(home) == []


def _permissions(party: dict[str, Any]) -> list[dict[str, Any]]:
    from tests.journeys.test_main_job import PartyProgram

    status, page, _ = PartyProgram(party).get("/permissions", limit="100")
    assert status == 200
    found: list[dict[str, Any]] = page["permissions"]
    return found


def _processes_of(home: Path) -> list[str]:
    """Command lines of processes that still use this home (Linux)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            environment = (entry / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(home) in line or (str(home) in environment and "databeheer" in line):
            found.append(line)
    return found
