"""Documents that are made of what the house knows: each a version, with its label, of what there is and no more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.governance.documents import KINDS
from tests.databeheer.door.governance.test_processors import number
from tests.databeheer.door.governance.test_records import days, refused
from tests.databeheer.door.test_clocks import bodies, derived, ends, standing
from tests.governance import ELS, agreed, close, go_live, write
from tests.house import TheHouse


def made(house: TheHouse, kind: str, **changes: Any) -> dict[str, Any]:
    """Make a document of the last month, and open it: its tables by their title."""
    period = {"first": days(house, -30), "last": days(house, 0)} | changes
    done = house.operator("governance.document.make", kind=kind, by=ELS, **period)
    opened = house.operator("governance.document.open", document_id=done["document_id"])
    assert opened["content"]["label"] == KINDS[kind].label
    assert opened["document"]["version"] == done["version"]
    return {section["title"]: section["rows"] for section in opened["content"]["sections"]}


@pytest.mark.requirement("R142")
def test_the_record_of_processing_is_made_of_grounds_parties_terms_and_processors(kept: TheHouse) -> None:
    processor = kept.party("Rekencentrum Register", "processor", papers=False)
    go_live(kept, processor, number=number())
    agreed(kept, "contact_point", for_people="privacy@huis.example")
    tables = made(kept, "processing_record")
    assert len(tables["Doelen, gronden en ontvangers"]) > 20
    assert any("Rekencentrum Register" in row[-1] for row in tables["Doelen, gronden en ontvangers"])
    assert [row[0] for row in tables["Verwerkers en hun subverwerkers"]] == ["Rekencentrum Register"]
    assert tables["Bewaartermijnen"]
    assert ("de databeheerder", "privacy@huis.example") in {tuple(row[:2]) for row in tables["Contactpunten"]}


@pytest.mark.requirement("R148", "R149")
def test_the_file_of_measures_is_a_version_a_year_that_its_clock_waits_for(kept: TheHouse) -> None:
    measure = write(kept, "measure", title="Vier ogen")
    running = ends(kept, "measures_file")
    test = agreed(kept, "measure_test", measures=[measure["record_id"]])
    finding = write(kept, "finding", within=test, title="Een zwak punt")
    close(kept, write(kept, "action", within=finding["record_id"], title="Slot erop"), "done")
    close(kept, finding, "solved")
    first = made(kept, "measures_file")
    assert any("Vier ogen" in row[0] for row in first["Maatregelen"])
    (row,) = [row for row in first["Bevindingen en wat ze veranderden"] if "Een zwak punt" in row[0]]
    assert (row[3], "Slot erop" in row[4]) == ("opgelost", True)
    assert ends(kept, "measures_file") == [*running[:-1], (True, False), (False, False)]
    made(kept, "measures_file")
    versions = [one["version"] for one in kept.operator("governance.document.list")["documents"]]
    assert {1, 2} <= set(versions)
    kept.clock.advance(timedelta(days=367))
    report = kept.client.call("clocks.report", Proof.session(kept.inspector()))
    assert "measures_file" in {one["kind"] for one in report["overdue"]}
    assert derived(kept) == standing(kept)


@pytest.mark.requirement("R143", "R189")
def test_the_inspector_asks_a_report_or_the_evidence_of_a_period_at_any_time(kept: TheHouse) -> None:
    agreed(kept, "appointment", name="Carla Coördinator")
    write(kept, "breach", title="Verloren laptop")
    inspector = Proof.session(kept.inspector())
    period = {"first": days(kept, -400), "last": days(kept, 0)}
    done = kept.client.call("governance.document.make", inspector, kind="confidentiality_report", **period)
    told = kept.client.call("governance.document.open", inspector, document_id=done["document_id"])["content"]
    tables = {section["title"]: section["rows"] for section in told["sections"]}
    assert tables["Coördinator"][0][0] == "Carla Coördinator"
    assert len(tables["Inbreuken"]) == 1
    evidence = made(kept, "evidence", **period)
    assert any(row[0] == "Inbreuken" for row in evidence["Wat in de registers geschreven is"])
    assert not made(kept, "evidence", first="2020-01-01", last="2020-12-31")[
        "Wat in de registers geschreven is"
    ]
    (entry,) = [one for one in bodies(kept) if one["event"] == "confidentiality_report.made"]
    assert (entry["asker"], entry["document"]) == ("inspector", done["document_id"])


@pytest.mark.requirement("R185")
def test_the_list_of_software_names_each_package_with_its_version(kept: TheHouse) -> None:
    packages = {row[0].lower(): row[1] for row in made(kept, "software_list")["Software die hier draait"]}
    assert packages["flask"].startswith("3.")


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "gossip"},
        {"first": "2999-01-01", "last": "2999-12-31"},
        {"first": "2023-12-31", "last": "2023-01-01"},
        {"first": "2015-01-01", "last": "2023-01-01"},
        {"first": "yesterday"},
        {"surprise": 1},
        {"by": None},
    ],
)
def test_a_document_of_no_kind_or_no_period_is_not_made(kept: TheHouse, wrong: dict[str, Any]) -> None:
    good = {"kind": "evidence", "first": "2023-01-01", "last": "2023-12-31", "by": ELS}
    assert refused(kept, "governance.document.make", **(good | wrong))[0] == "malformed-request"


def test_outsiders_and_other_roles_make_and_open_nothing(kept: TheHouse) -> None:
    secret = kept.operator(
        "governance.document.make", kind="evidence", first=days(kept, -9), last=days(kept, 0), by=ELS
    )["document_id"]
    joris, maria = kept.party("Joris", "energy_service"), kept.customer("maria", "Maria")
    desk = kept.colleague("dirk", "desk")
    femke = kept.colleague("femke", "security_officer")
    asked = {"kind": "evidence", "first": "2023-01-01", "last": day_of(kept.clock.now()).isoformat()}
    for proof in (Proof.token(joris.token), Proof.session(maria.session), Proof("none", "")):
        for command, arguments in (
            ("governance.document.make", asked),
            ("governance.document.list", {}),
            ("governance.document.open", {"document_id": secret}),
        ):
            assert _refusal(kept, proof, command, arguments) == "unauthenticated"
    for colleague in (desk, femke):
        proof = Proof.session(colleague.session)
        assert _refusal(kept, proof, "governance.document.make", asked) == "role-needed"
        assert _refusal(kept, proof, "governance.document.open", {"document_id": secret}) == "role-needed"
    listed = femke.call("governance.document.list")
    assert "evidence" not in {*listed["kinds"], *(one["kind"] for one in listed["documents"])}
    femke.call("governance.document.make", **(asked | {"kind": "software_list"}))


def _refusal(house: TheHouse, proof: Proof, command: str, arguments: dict[str, Any]) -> str:
    with pytest.raises(DoorRefusedError) as error:
        house.client.call(command, proof, **arguments)
    return error.value.code
