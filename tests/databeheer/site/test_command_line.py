"""The command line as an operator uses it: a program of its own, an own home, real exports."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from databeheer.cli import main
from databeheer.site.home import Home
from databeheer.site.house import running
from databeheer.site.storytelling import file_assessment
from databeheer.storage.embedded import EmbeddedPostgreSQL
from tests.databeheer.metering.builders import Row, day_rows, english, real_files
from tests.databeheer.metering.head_end import Sent, profile

# The totals of the shared folder's README, to the last digit.
TOTALS = {
    "541448899990000015": {
        ("Afname Dag", "kWh"): "13.503",
        ("Afname Nacht", "kWh"): "0.014",
        ("Injectie Dag", "kWh"): "0.000",
        ("Injectie Nacht", "kWh"): "0.000",
    },
    "541448899990000022": {("Afname", "kWh"): "150.688", ("Afname", "m³"): "13.291"},
    "541448899990000039": {
        ("Offtake Day", "kWh"): "398.464",
        ("Offtake Night", "kWh"): "406.627",
        ("Injection Day", "kWh"): "77.942",
        ("Injection Night", "kWh"): "25.975",
    },
    "541448899990000046": {("Offtake", "kWh"): "3150.457", ("Offtake", "m³"): "278.753"},
}
NO_CHANGE = {"new_channel_days": 0, "corrected_channel_days": 0}


@dataclass
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


@dataclass
class Operator:
    """Somebody at a terminal, with a home of his own; `as_program` starts a process for each command."""

    home: Path
    as_program: bool

    def run(self, *arguments: str | Path) -> Done:
        words = [str(argument) for argument in arguments]
        if self.as_program:
            done = subprocess.run(
                [sys.executable, "-m", "databeheer", *words],
                env={**os.environ, "DATABEHEER_HOME": str(self.home)},
                capture_output=True,
                text=True,
                timeout=120,
            )
            return Done(done.returncode, done.stdout, done.stderr)
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setenv("DATABEHEER_HOME", str(self.home))
            status = main(words)
        return Done(status, out.getvalue(), err.getvalue())

    def commands(self, command: str, **arguments: Any) -> Any:
        """Give the door a command, as the operator."""
        done = self.run("operator", command, *(f"{name}={_spelled(one)}" for name, one in arguments.items()))
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def reports(self, *arguments: str | Path) -> list[dict[str, Any]]:
        done = self.run("ingest", "--json", *arguments)
        assert done.returncode == 0, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found


def _spelled(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """Somebody beside a house that runs: his commands use it and leave it running."""
    home = Home(tmp_path_factory.mktemp("home"))
    with running(home, may_make=True):
        yield Operator(home.path, as_program=False)
    EmbeddedPostgreSQL(home.postgres).remove()


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Operator]:
    """Somebody with nothing running: each command starts what it needs and ends it."""
    home = Home(tmp_path / "home")
    yield Operator(home.path, as_program=True)
    if home.postgres.exists():
        EmbeddedPostgreSQL(home.postgres).remove()


def test_clocks_are_printed_for_people_and_for_programs(operator: Operator) -> None:
    command = ("operator", "registry.party.add", "name=Late Dienst", "role=energy_service", "about=x")
    party = json.loads(operator.run(*command).stdout)["party_id"]
    file_assessment(operator.commands, party, "DPIA-1", date(2020, 2, 29))
    done = operator.run("clocks", "--json", "--months", "3")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["format"], len(report["months"])) == ("databeheer clocks 1", 3)
    [late] = [one for one in report["overdue"] if one["party"]["name"] == "Late Dienst"]
    assert (late["kind"], late["due_at"]) == ("dpia_validity", "2022-02-27T23:00:00Z")
    said = operator.run("clocks").stdout
    assert "2022-02-28 00:00  dpia_validity  Late Dienst" in said
    assert operator.run("clocks", "--months", "0").returncode == 2


def test_clocks_of_a_house_that_is_not_there(tmp_path: Path) -> None:
    done = Operator(tmp_path / "nowhere", as_program=False).run("clocks")
    assert done.returncode == 1
    assert "there is no house" in done.stderr
    assert not (tmp_path / "nowhere").exists()


def real_exports() -> list[Path]:
    return sorted(real_files().glob("*.csv"))


def written(folder: Path, content: bytes, name: str = "export.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def ean_of(report: dict[str, Any]) -> str:
    return next(ean for ean in TOTALS if ean in report["file"])


def test_the_real_exports_give_their_totals_to_the_last_digit_and_a_second_run_changes_nothing(
    alone: Operator,
) -> None:
    first = alone.reports("--register", *real_exports())
    assert len(first) == 4
    for report in first:
        totals = {(one["register"], one["unit"]): one["total"] for one in report["totals"]}
        assert totals == TOTALS[ean_of(report)]
        assert report["changed"]["new_channel_days"] > 0
    clock_change = {ean_of(report): report["slots_on_unusual_days"] for report in first}
    assert clock_change["541448899990000039"] == {"2023-10-29": 100}
    assert clock_change["541448899990000046"] == {"2023-10-29": 25}
    again = alone.reports(*real_exports())
    for report in again:
        assert {name: report["changed"][name] for name in NO_CHANGE} == NO_CHANGE
        assert report["ledger_index"] is None


def test_a_run_for_people_says_what_it_read_and_that_nothing_changed(
    operator: Operator, tmp_path: Path
) -> None:
    export = written(tmp_path, english(*day_rows(date(2024, 5, 6), row=Row(ean='="541448899990000053"'))))
    done = operator.run("ingest", "--register", export)
    assert done.returncode == 0, done.stderr
    assert "96 rows, 1 days, 2024-05-06 to 2024-05-06" in done.stdout
    assert "Offtake Day" in done.stdout
    assert "stored: 1 new channel-days" in done.stdout
    assert "no change" in operator.run("ingest", export).stdout


def test_an_unknown_access_point_is_refused_with_the_command_that_registers_it(
    operator: Operator, tmp_path: Path
) -> None:
    known = written(tmp_path, english(*day_rows(date(2024, 5, 7), row=Row(ean='="541448899990000053"'))))
    operator.reports("--register", known)
    corrected = written(
        tmp_path,
        english(*day_rows(date(2024, 5, 8), row=Row(ean='="541448899990000053"'))),
        "known.csv",
    )
    unknown = written(
        tmp_path, english(*day_rows(date(2024, 5, 8), row=Row(ean='="541448899990000060"'))), "new.csv"
    )
    done = operator.run("ingest", corrected, unknown)
    assert done.returncode == 2
    assert "databeheer ingest --register" in done.stderr
    assert "541448899990000060" not in done.stderr
    # Not even the file before it was stored.
    assert operator.reports(corrected)[0]["changed"]["new_channel_days"] == 1


def test_a_corrected_file_makes_a_new_version(operator: Operator, tmp_path: Path) -> None:
    rows = day_rows(date(2024, 5, 9), row=Row(ean='="541448899990000053"'))
    operator.reports("--register", written(tmp_path, english(*rows)))
    rows[40] = rows[40].but(volume="0,999")
    (report,) = operator.reports(written(tmp_path, english(*rows)))
    assert report["changed"]["corrected_channel_days"] == 1
    assert report["changed"]["new_channel_days"] == 0


@pytest.mark.parametrize(
    ("day", "fault", "words"),
    [
        (1, {"ean": '="541448899990000038"'}, "check digit"),
        (2, {"volume": "0.173"}, "comma"),
        (3, {"volume": "-0,173"}, "negative"),
        (4, {"unit": "MWh"}, "unit"),
        (5, {"end_time": "00:15:00"}, "before"),
    ],
)
def test_a_bad_file_names_line_column_and_remedy_and_nothing_of_any_file_is_stored(
    operator: Operator, tmp_path: Path, day: int, fault: dict[str, str], words: str
) -> None:
    good_rows = day_rows(date(2024, 6, day), row=Row(ean='="541448899990000053"'))
    good = written(tmp_path, english(*good_rows), "good.csv")
    bad_rows = day_rows(date(2024, 6, day))
    bad_rows[2] = bad_rows[2].but(**fault)
    bad = written(tmp_path, english(*bad_rows), "bad.csv")
    done = operator.run("ingest", "--register", good, bad)
    assert done.returncode == 2
    assert "bad.csv, line 4" in done.stderr
    assert "column" in done.stderr
    assert words in done.stderr.lower()
    assert len(done.stderr.strip().splitlines()) == 1
    assert operator.reports("--register", good)[0]["changed"]["new_channel_days"] == 1


def test_a_file_that_is_not_there_is_an_error_and_not_a_traceback(alone: Operator) -> None:
    done = alone.run("ingest", "nowhere.csv")
    assert done.returncode == 2
    assert "nowhere.csv" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wished_decision_is_explained_in_the_customers_words(operator: Operator) -> None:
    added = json.loads(
        operator.run("operator", "registry.party.add", "name=Wind", "role=energy_service").stdout
    )
    wish = ("explain", "--party", added["party_id"], "--from", "2024-06-01", "--until", "2024-06-08")
    done = operator.run(*wish, "--ean", "541448899990000039")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        "Van 1 juni 2024 tot en met 7 juni 2024: geweigerd. "
        "Er is geen wettelijke grond of toestemming voor deze gegevens.\ncatalogue "
    )
    told = json.loads(operator.run(*wish, "--ean", "541448899990000039", "--json").stdout)
    again = operator.run("explain", "--entry", str(told["index"]), "--lang", "en")
    assert again.stdout.startswith("From 1 June 2024 up to and including 7 June 2024: refused.")
    assert operator.run(*wish).returncode == 2
    assert operator.run("explain").returncode == 2
    assert operator.run("explain", "--entry", "0").returncode == 1


def test_the_operator_reaches_the_door_and_is_told_what_is_wrong(operator: Operator) -> None:
    added = operator.run("operator", "registry.party.add", "name=Zon", "role=energy_service")
    assert added.returncode == 0, added.stderr
    assert json.loads(added.stdout)["party_id"]
    wrong = operator.run("operator", "registry.party.add", "name=Zon", "role=king")
    assert wrong.returncode == 1
    assert "role" in wrong.stderr
    assert operator.run("operator", "registry.party.add", "name").returncode == 2


NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--from", "bla", "a time looks like 2026-11-20T23:00:00Z. Write a day as 2026-11-20"),
        ("--from", "2026-1-001", "a day looks like 2026-11-20. Write a day as 2026-11-20"),
        ("--from", "2026-11-31", "there is no such day in the calendar; a day looks like 2026-11-20"),
        ("--from", "1900-01-01", "a day lies between the years 1990 and 2100"),
        ("--from", "2026-11-01T00:00:00", "a time needs its offset from UTC"),
        ("--until", "1 november", "or a moment with its offset as 2026-11-20T00:00:00+01:00"),
        ("--until", "2026-11-01", "--until lies after --from"),
        ("--party", "Zon", "'Zon' is not a valid UUID"),
        ("--permission", "17", "'17' is not a valid UUID"),
    ],
)
def test_a_wrong_option_of_explain_is_named_with_the_form_that_it_takes(
    tmp_path: Path, option: str, value: str, said: str
) -> None:
    given = {"--party": NOBODY, "--permission": NOBODY, "--from": "2026-11-01", "--until": "2026-11-02"}
    words = [word for pair in (given | {option: value}).items() for word in pair]
    done = Operator(tmp_path / "home", as_program=False).run("explain", *words)
    assert done.returncode == 2
    assert option in done.stderr
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


ON_A_HOUSE: list[list[str]] = [
    ["explain", "--entry", "1"],
    ["explain", "--party", NOBODY, "--ean", "y", "--from", "2026-11-01", "--until", "2026-11-02"],
    ["operator", "erasure.list"],
    ["operator", "registry.party.add", "name=Zon", "role=energy_service"],
    ["ledger", "audit"],
    ["ledger", "restore"],
    ["database", "dump", "x.dump"],
    ["database", "load", "x.dump"],
]


@pytest.mark.parametrize("command", ON_A_HOUSE, ids=lambda words: " ".join(words[:2]))
@pytest.mark.parametrize("demo", [False, True])
def test_a_command_on_a_house_makes_none_where_there_is_none_and_says_what_to_do(
    tmp_path: Path, command: list[str], demo: bool
) -> None:
    nobody = Operator(tmp_path / "home", as_program=False)
    done = nobody.run(*command, *(["--demo"] if demo else []))
    assert done.returncode == 1
    assert f"there is no house in {tmp_path / 'home'}" in done.stderr
    for words in ("nothing was made or changed", "DATABEHEER_HOME", "--demo", "databeheer ingest --register"):
        assert words in done.stderr
    assert list(tmp_path.iterdir()) == [], "not even its folder"


def test_explaining_an_entry_that_is_no_decision_names_what_it_is(operator: Operator) -> None:
    done = operator.run("explain", "--entry", "0")
    assert done.returncode == 1
    assert "entry 0 is no decision about data: it records operator.added" in done.stderr
    done = operator.run("explain", "--entry", "999999")
    assert "there is no entry 999999: the ledger has" in done.stderr


def test_a_batch_of_a_head_end_is_taken_once_and_a_refused_one_leaves_its_report(
    operator: Operator, tmp_path: Path
) -> None:
    ean, meter, day = "541448899990000077", "1SAG0000000077", date(2024, 5, 13)
    operator.run("operator", "registry.access_point.register", f"ean={ean}", "commodity=electricity")
    installed = operator.run(
        "operator",
        "registry.meter.install",
        f"ean={ean}",
        f"meter={meter}",
        "digital=true",
        "from_day=2024-01-01",
    )
    assert installed.returncode == 0, installed.stderr
    # A vacancy: nobody asked for its quarter-hours.
    registers = profile(meter, day, [], slot_minutes=1440, register_end=1_005_000)
    plain = Sent([registers], "good").write(tmp_path / "plain")
    assert "unknown-sender" in operator.run("batch", "take", plain).stdout
    public, good, bad = operator.run("batch", "key").stdout.strip(), tmp_path / "good", tmp_path / "bad"
    Sent([registers, profile("1SAG0000000099", day)], "bad").write(tmp_path / "wrong")
    for source, sealed in ((plain, good), (tmp_path / "wrong", bad)):
        own = tmp_path / "head-end.key"
        done = operator.run("batch", "seal", source, sealed, "--to", public, "--key", own)
        assert operator.run("batch", "sender", "head-end-1", done.stdout.strip()).returncode == 0
    assert "not-signed" in operator.run("batch", "take", plain).stdout
    refused = operator.run("batch", "take", bad)
    assert refused.returncode == 1
    assert "unknown-device: row 2:" in refused.stdout
    taken = operator.run("batch", "take", good / "manifest.json", "--json")
    assert (taken.returncode, json.loads(taken.stdout)["taken"]["new"]) == (0, 1)
    assert "no change" in operator.run("batch", "take", good).stdout
    assert operator.run("batch", "report", "bad").stdout == refused.stdout
    assert operator.run("batch", "report", "other").returncode == 2
    assert operator.run("batch", "report", "../keys").returncode == 2
