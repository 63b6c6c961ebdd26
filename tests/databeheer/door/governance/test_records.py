"""Records of every register: read strictly, counting once a second person agreed, each step in the ledger."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.governance.registers import shipped
from tests.databeheer.door.test_clocks import all_clocks, bodies, derived, standing
from tests.doors import query
from tests.governance import ELS, HASH, JAN, agreed, approve, close, said, shown, write
from tests.house import Colleague, Party, TheHouse


def refused(house: TheHouse, command: str, **arguments: Any) -> tuple[str, str]:
    """Give a command that is refused and changes nothing; returns the code and why."""
    before = state(house)
    with pytest.raises(DoorRefusedError) as error:
        house.operator(command, **arguments)
    assert state(house) == before
    return error.value.code, str(error.value)


def state(house: TheHouse) -> list[tuple[Any, ...]]:
    return [
        *query(house, "SELECT size FROM ledger.head"),
        *query(house, "SELECT record_id, outcome FROM governance.record ORDER BY 1"),
        *query(house, "SELECT record_id, version, outcome FROM governance.version ORDER BY 1, 2"),
        *query(house, "SELECT clock_no, met_at, due_at FROM clocks.clock ORDER BY 1"),
    ]


def risk(house: TheHouse, **changes: Any) -> dict[str, Any]:
    return {"register": "risk", "said": said("risk", house.clock.now(), **changes), "by": ELS}


def days(house: TheHouse, number: int) -> str:
    return (day_of(house.clock.now()) + timedelta(days=number)).isoformat()


@pytest.mark.requirement("R117")
def test_a_risk_is_looked_at_again_in_time_and_each_version_stays(kept: TheHouse) -> None:
    written = write(kept, "risk", title="Iemand raadt een code")
    again = write(kept, "risk", record_id=written["record_id"], title="Iemand raadt een code", likelihood=2)
    assert (again["record_id"], again["version"]) == (written["record_id"], 2)
    record = shown(kept, written["record_id"])
    assert [one["said"]["likelihood"] for one in record["versions"]] == [1, 2]
    assert (record["state"], record["says"]["likelihood"]) == ("in_force", 2)
    mine = [one for one in all_clocks(kept, "record_due") if str(one.about) == written["record_id"]]
    assert [one.met_at is not None for one in mine] == [True, False]
    close(kept, written, "gone")
    assert shown(kept, written["record_id"])["state"] == "closed"
    assert derived(kept) == standing(kept)


@pytest.mark.requirement("R117")
def test_a_review_that_nobody_did_shows_among_the_missed_terms(kept: TheHouse) -> None:
    write(kept, "risk", review_on=days(kept, 1))
    kept.clock.advance(timedelta(days=3))
    report = kept.client.call("clocks.report", Proof.session(kept.inspector()))
    assert "record_due" in {one["kind"] for one in report["overdue"]}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"title": ""}, "title"),
        ({"title": None}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\nb"}, "title"),
        ({"title": "a\u202eb"}, "title"),
        ({"title": 5}, "title"),
        ({"description": "x" * 4001}, "description"),
        ({"likelihood": 0}, "likelihood"),
        ({"likelihood": 5}, "likelihood"),
        ({"likelihood": "2"}, "likelihood"),
        ({"likelihood": True}, "likelihood"),
        ({"review_on": "2020-01-01"}, "review_on"),
        ({"review_on": "tomorrow"}, "review_on"),
        ({"review_on": "2999-01-01"}, "review_on"),
        ({"surprise": "x"}, "surprise"),
    ],
)
def test_a_version_that_is_wrong_is_refused_by_the_name_of_its_field(
    kept: TheHouse, changes: dict[str, Any], why: str
) -> None:
    code, words = refused(kept, "governance.write", **risk(kept, **changes))
    assert (code, why in words) == ("malformed-request", True), words


@pytest.mark.parametrize("register", ["Risk", "", "no_such", "x" * 41])
def test_a_register_that_is_not_there_is_refused(kept: TheHouse, register: str) -> None:
    assert refused(kept, "governance.write", **(risk(kept) | {"register": register}))[0] in (
        "not-found",
        "malformed-request",
    )


def test_whoever_does_not_say_who_he_is_writes_nothing(kept: TheHouse) -> None:
    assert "by" in refused(kept, "governance.write", **(risk(kept) | {"by": None}))[1]


def test_a_record_stands_where_its_register_says(kept: TheHouse) -> None:
    processor = kept.party("Rekencentrum A", "processor", papers=False)
    house_only = {"register": "measure", "said": said("measure", kept.clock.now()), "by": ELS}
    for wrong in (
        house_only | {"party_id": processor.party_id},
        house_only | {"within": str(uuid4())},
        {"register": "finding", "said": said("finding", kept.clock.now()), "by": ELS},
        {"register": "assessment", "said": said("assessment", kept.clock.now()), "by": ELS},
        risk(kept) | {"party_id": str(uuid4())},
        risk(kept) | {"record_id": str(uuid4())},
    ):
        refused(kept, "governance.write", **wrong)
    other = write(kept, "process")
    assert (
        "another register" in refused(kept, "governance.write", **risk(kept), record_id=other["record_id"])[1]
    )
    inside = {"register": "finding", "said": said("finding", kept.clock.now()), "by": ELS}
    assert "measure_test" in refused(kept, "governance.write", **inside, within=other["record_id"])[1]


def test_what_waits_counts_for_nothing_until_somebody_else_agreed(kept: TheHouse) -> None:
    written = write(kept, "questionnaire")
    assert (shown(kept, written["record_id"])["state"], shown(kept, written["record_id"])["says"]) == (
        "waiting",
        None,
    )
    decision = {"record_id": written["record_id"], "version": 1}
    for same in (ELS, ELS.lower(), f" {ELS} ", ELS.replace("-", "")):
        assert "four eyes" in refused(kept, "governance.approve", **decision, by=same)[1]
    assert "does not wait" in refused(kept, "governance.approve", **(decision | {"version": 2}), by=JAN)[1]
    another = {"register": "questionnaire", "said": said("questionnaire", kept.clock.now()), "by": JAN}
    assert "waits" in refused(kept, "governance.write", **another, record_id=written["record_id"])[1]
    approve(kept, written)
    assert shown(kept, written["record_id"])["state"] == "in_force"
    assert "does not wait" in refused(kept, "governance.approve", **decision, by=JAN)[1]


def test_what_is_refused_does_not_count_and_says_why(kept: TheHouse) -> None:
    written = write(kept, "questionnaire")
    kept.operator("governance.refuse", record_id=written["record_id"], version=1, by=JAN, reason="Te weinig")
    record = shown(kept, written["record_id"])
    assert (record["state"], record["versions"][0]["reason"]) == ("refused", "Te weinig")
    change = said("change", kept.clock.now(), questionnaire=written["record_id"], what="process_change")
    assert "does not count" in refused(kept, "governance.write", register="change", said=change, by=ELS)[1]
    again = write(kept, "questionnaire", record_id=written["record_id"])
    approve(kept, again)
    assert shown(kept, written["record_id"])["state"] == "in_force"


def test_a_record_is_closed_once_and_for_good(kept: TheHouse) -> None:
    written = write(kept, "risk")
    end = {"record_id": written["record_id"], "by": ELS, "words": "Weg."}
    assert "gone" in refused(kept, "governance.close", **end, outcome="forgotten")[1]
    close(kept, written, "gone")
    refused(kept, "governance.close", **end, outcome="gone")
    refused(kept, "governance.write", **risk(kept), record_id=written["record_id"])
    assessment = write(kept, "questionnaire")
    refused(kept, "governance.close", **(end | {"record_id": assessment["record_id"]}), outcome="gone")


def test_every_step_is_an_entry_of_the_ledger_that_says_the_hash_and_no_word(kept: TheHouse) -> None:
    written = write(kept, "questionnaire", title="Een geheim plan")
    approve(kept, written)
    told = [one for one in bodies(kept) if one.get("record") == written["record_id"]]
    assert [one["event"] for one in told] == ["questionnaire.written", "questionnaire.approved"]
    assert told[0]["index"] == written["index"]
    assert "geheim" not in str(told)


def test_the_database_alone_says_nothing_of_what_is_written(kept: TheHouse) -> None:
    write(kept, "risk", title="Een geheim plan")
    rows = query(kept, "SELECT said_sealed FROM governance.version")
    assert all(b"geheim" not in bytes(sealed) for (sealed,) in rows)


def test_a_version_that_was_moved_does_not_open(kept: TheHouse) -> None:
    written = write(kept, "risk", title="Nieuw")
    old = write(kept, "risk", record_id=written["record_id"], title="Ouder")
    swap = (
        "UPDATE governance.version v SET said_sealed = o.said_sealed FROM governance.version o"
        f" WHERE v.record_id = '{written['record_id']}' AND o.record_id = v.record_id AND o.version = 3 - v.version"
    )
    with kept.engine("superuser").begin() as connection:
        connection.exec_driver_sql(swap)
    with pytest.raises(DoorRefusedError):
        shown(kept, old["record_id"])
    with kept.engine("superuser").begin() as connection:
        connection.exec_driver_sql(swap)


def test_outsiders_neither_read_nor_write(kept: TheHouse) -> None:
    written = write(kept, "questionnaire")
    joris = kept.party("Joris Outsider", "energy_service")
    maria = kept.customer("maria", "Maria")
    proofs = (
        Proof.token(joris.token),
        Proof.session(maria.session),
        Proof.session(kept.inspector()),
        Proof("none", ""),
    )
    for proof in proofs:
        for command, arguments in (
            ("governance.write", risk(kept) | {"by": None}),
            ("governance.approve", {"record_id": written["record_id"], "version": 1}),
            ("governance.close", {"record_id": written["record_id"], "outcome": "gone", "words": "x"}),
        ):
            with pytest.raises(DoorRefusedError) as error:
                kept.client.call(command, proof, **arguments)
            assert error.value.code == "unauthenticated"
    for proof in (*proofs[:2], proofs[3]):
        for command, arguments in (
            ("governance.list", {}),
            ("governance.list", {"register": "risk"}),
            ("governance.show", {"record_id": written["record_id"]}),
            ("governance.export", {"register": "risk"}),
            ("governance.tests", {}),
        ):
            with pytest.raises(DoorRefusedError) as error:
                kept.client.call(command, proof, **arguments)
            assert error.value.code == "unauthenticated"


@pytest.fixture(scope="module")
def officers(kept: TheHouse) -> tuple[Colleague, Colleague]:
    """Two officers of privacy, of whom the first has a second account at the machine, too."""
    return kept.colleague("petra", "privacy_officer"), kept.colleague("pieter", "privacy_officer")


@pytest.mark.requirement("R118", "R155", "R156", "R162")
def test_staff_write_and_approve_what_their_role_writes_and_nobody_his_own(
    kept: TheHouse, officers: tuple[Colleague, Colleague]
) -> None:
    petra, pieter = officers
    given = {"register": "questionnaire", "said": said("questionnaire", kept.clock.now())}
    written = petra.call("governance.write", **given)
    decision = {"record_id": written["record_id"], "version": 1}
    assert _code(petra.call, "governance.approve", **decision) == "conflict"
    # The operator's key under another number, or under her own: neither is a second pair of eyes.
    for number in (JAN, petra.employee):
        assert "four eyes" in refused(kept, "governance.approve", **decision, by=number)[1]
    assert _code(pieter.call, "governance.approve", **decision, by=JAN) == "malformed-request"
    pieter.call("governance.approve", **decision)
    (version,) = petra.call("governance.show", record_id=written["record_id"])["record"]["versions"]
    assert (version["by"], version["decided_by"]) == ("Petra", "Pieter")
    deeds = query(kept, f"SELECT event FROM staff.deed WHERE account_id = '{pieter.account_id}'")
    assert ("questionnaire.approved",) in deeds


@pytest.mark.requirement("R154", "R155", "R162")
def test_a_role_reads_and_writes_its_own_topics_and_no_other(
    kept: TheHouse, officers: tuple[Colleague, Colleague]
) -> None:
    petra, _ = officers
    breach = write(kept, "breach")
    breaches = {"register": "breach", "said": said("breach", kept.clock.now())}
    measures = {"register": "measure", "said": said("measure", kept.clock.now())}
    reader = kept.colleague("rik", "privacy_officer", writes=False)
    desk = kept.colleague("dirk", "desk")
    femke = kept.colleague("femke", "security_officer")
    before = state(kept)
    assert _code(petra.call, "governance.write", **measures) == "role-needed"
    assert _code(femke.call, "governance.write", **risk(kept) | {"by": None}) == "role-needed"
    assert _code(reader.call, "governance.write", **breaches) == "role-needed"
    assert reader.call("governance.show", record_id=breach["record_id"])["record"]["may_write"] is False
    for command, arguments in (
        ("governance.list", {}),
        ("governance.list", {"register": "breach"}),
        ("governance.show", {"record_id": breach["record_id"]}),
        ("governance.export", {"register": "breach"}),
        ("governance.tests", {}),
        ("governance.write", breaches),
    ):
        assert _code(desk.call, command, **arguments) == "role-needed"
    assert _code(femke.call, "governance.list", register="risk") == "role-needed"
    assert {one["register"] for one in femke.call("governance.list")["registers"]} >= {"breach", "measure"}
    assert state(kept) == before
    femke.call("governance.write", **breaches)
    femke.call("governance.write", **measures)


def _code(act: Any, *given: Any, **arguments: Any) -> str:
    with pytest.raises(DoorRefusedError) as error:
        act(*given, **arguments)
    return error.value.code


def test_the_inspector_reads_every_register_whole(kept: TheHouse) -> None:
    inspector = Proof.session(kept.inspector())
    listed = kept.client.call("governance.list", inspector)["registers"]
    assert [one["register"] for one in listed] == list(shipped().by_code)
    risks = kept.client.call("governance.list", inspector, register="risk")["records"]
    assert risks
    assert not any(one["may_write"] for one in risks)
    exported = kept.client.call("governance.export", inspector, register="risk")
    assert (exported["label"], len(exported["records"])) == ("C3", len(risks))


# --- impact assessments, changes, AI ----------------------------------------------------------------------


@pytest.mark.requirement("R118")
@pytest.mark.parametrize(
    "missing", ["it_expert", "security_expert", "privacy_expert", "legal_expert", "project_manager"]
)
def test_an_assessment_names_somebody_of_each_of_the_five_disciplines(kept: TheHouse, missing: str) -> None:
    party = _some_party(kept)
    wrong = said("assessment", kept.clock.now(), **{missing: None})
    words = refused(kept, "governance.write", register="assessment", party_id=party, said=wrong, by=ELS)[1]
    assert missing in words


@pytest.mark.requirement("R119")
@pytest.mark.parametrize(
    "missing", ["processing", "necessity", "risks", "measures", "officer_advice", "security_requirements"]
)
def test_an_assessment_has_what_article_35_asks_and_the_officers_advice(kept: TheHouse, missing: str) -> None:
    party = _some_party(kept)
    wrong = said("assessment", kept.clock.now(), **{missing: ""})
    words = refused(kept, "governance.write", register="assessment", party_id=party, said=wrong, by=ELS)[1]
    assert missing in words


@pytest.mark.requirement("R114", "R115", "R116")
def test_an_assessment_lapses_access_stops_a_new_one_is_approved_and_access_resumes(
    house: TheHouse, granted: dict[str, Any], bram: Party
) -> None:
    permission = granted["permission_id"]

    def reads() -> str:
        bram.token = house.token(bram.client_id, bram.client_secret)
        try:
            return "read" if bram.read(permission)["channels"] else "nothing"
        except DoorRefusedError as error:
            return str(error.reason)

    assert reads() == "read"
    house.clock.advance(timedelta(days=732))
    house.operator(
        "registry.overview.check", party_id=bram.party_id, url="https://party.example/privacy", reachable=True
    )
    assert reads() == "no_dpia"
    assert [(one["party"], one["by"]) for one in lapsed(house)] == [("Bram Energieadvies", None)]
    written = write(house, "assessment", party_id=bram.party_id)
    assert reads() == "no_dpia"
    approve(house, written)
    assert reads() == "read"
    breach = write(
        house, "breach", party_id=bram.party_id, aware_at=said("breach", house.clock.now())["detected_at"]
    )
    agreed(house, "breach_assessment", within=breach["record_id"], risk="high", far_reaching=True)
    assert reads() == "no_dpia"
    record = shown(house, written["record_id"])
    assert (record["state"], record["validity"]["by"]) == ("lapsed", "unforeseen_breach")
    assert [(one["party"], one["by"]) for one in lapsed(house)] == [
        ("Bram Energieadvies", "unforeseen_breach")
    ]
    inspector = Proof.session(house.inspector())
    assert house.client.call("oversight.summary", inspector)["state"]["lapsed_assessments"] == 1
    house.clock.advance(timedelta(days=1))
    agreed(house, "assessment", party_id=bram.party_id, reference="After the breach")
    assert reads() == "read"
    assert lapsed(house) == []
    assert shown(house, written["record_id"])["state"] == "lapsed"


@pytest.mark.requirement("R116")
def test_an_assessment_that_cannot_count_is_refused_when_it_is_written_and_not_at_the_second_person(
    kept: TheHouse,
) -> None:
    party = kept.party("Zonnewijzer", "energy_service", papers=False).party_id
    old = agreed(kept, "assessment", party_id=party, reference="GEB 1")
    until = shown(kept, old)["validity"]
    assert (shown(kept, old)["state"], until["by"]) == ("in_force", None)
    writing = {"register": "assessment", "party_id": party, "by": ELS}
    taken = said("assessment", kept.clock.now(), reference="GEB 1")
    assert "this reference" in refused(kept, "governance.write", **writing, said=taken)[1]
    waiting = write(kept, "assessment", party_id=party, reference="GEB 2")
    kept.operator("registry.dpia.stale", party_id=party, trigger="use_changed")
    today, tomorrow = days(kept, 0), days(kept, 1)
    same_day = said("assessment", kept.clock.now(), reference="GEB 3")
    words = refused(kept, "governance.write", **writing, said=same_day)[1]
    assert f"use_changed of {today}; an assessment counts that is dated {tomorrow} or later" in words
    decision = {"record_id": waiting["record_id"], "version": 1, "by": JAN}
    assert "use_changed" in refused(kept, "governance.approve", **decision)[1]
    assert "Zonnewijzer" in {one["party"] for one in lapsed(kept)}
    kept.clock.advance(timedelta(days=1))
    agreed(kept, "assessment", party_id=party, reference="GEB 3")
    assert "Zonnewijzer" not in {one["party"] for one in lapsed(kept)}


@pytest.mark.requirement("R116")
def test_evidence_says_since_when_an_assessment_counts_no_more(kept: TheHouse) -> None:
    party = kept.party("Maanwijzer", "energy_service", papers=False).party_id
    agreed(kept, "assessment", party_id=party)
    today = days(kept, 0)
    period = {"kind": "evidence", "first": days(kept, -1), "last": today}
    kept.operator("registry.dpia.stale", party_id=party, trigger="new_categories")
    inspector = Proof.session(kept.inspector())
    made = kept.client.call("governance.document.make", inspector, **period)
    content = kept.client.call("governance.document.open", inspector, document_id=made["document_id"])[
        "content"
    ]
    rows = [row for one in content["sections"] for row in one["rows"] if "Maanwijzer" in row]
    assert [row[6] for row in rows if row[0] == "Effectbeoordelingen"] == [f"niet meer sinds {today}"]


def test_what_waits_is_told_to_who_may_decide_it_and_not_to_who_wrote_it(kept: TheHouse) -> None:
    hilde, pieter = kept.colleague("nele", "privacy_officer"), kept.colleague("piet", "privacy_officer")
    other = kept.colleague("sofie", "security_officer")
    questionnaire = said("questionnaire", kept.clock.now(), title="Een nieuw scherm")
    written = hilde.call("governance.write", register="questionnaire", said=questionnaire)["record_id"]

    def waits(one: Colleague) -> bool:
        return written in {each["record_id"] for each in one.call("governance.list")["to_decide"]}

    assert (waits(hilde), waits(pieter), waits(other)) == (False, True, False)
    assert kept.operator("governance.list")["to_decide"] == []
    pieter.call("governance.approve", record_id=written, version=1)
    assert not waits(pieter)


def lapsed(house: TheHouse) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = house.operator("governance.list")["lapsed_assessments"]
    return found


@pytest.mark.requirement("R120")
def test_a_change_without_a_questionnaire_of_its_own_is_refused(kept: TheHouse) -> None:
    questionnaire = agreed(kept, "questionnaire")
    change: dict[str, Any] = {"register": "change", "by": ELS}

    def refusal(**changes: Any) -> str:
        wrong = said("change", kept.clock.now(), **({"what": "process_change"} | changes))
        return refused(kept, "governance.write", **change, said=wrong)[1]

    assert "questionnaire" in refusal()
    assert "no such record" in refusal(questionnaire=str(uuid4()))
    assert "a record of questionnaire" in refusal(questionnaire=agreed(kept, "risk"))
    agreed(kept, "change", what="process_change", questionnaire=questionnaire)
    assert "another change" in refusal(questionnaire=questionnaire)
    asking = agreed(kept, "questionnaire", needs_assessment=True)
    assert "assessment" in refusal(questionnaire=asking)


@pytest.mark.requirement("R121")
def test_a_new_processing_has_an_analysis_of_its_risks_that_is_reviewed_within_three_years(
    kept: TheHouse,
) -> None:
    questionnaire = agreed(kept, "questionnaire")
    new = said("change", kept.clock.now(), questionnaire=questionnaire)
    assert "process" in refused(kept, "governance.write", register="change", said=new, by=ELS)[1]
    process = agreed(kept, "process", analysed_on="2023-02-28")
    (clock,) = (one for one in all_clocks(kept, "process_review") if str(one.about) == process)
    assert day_of(clock.due_at).isoformat() == "2026-03-01"
    agreed(kept, "change", questionnaire=questionnaire, process=process)


@pytest.mark.requirement("R122")
def test_ai_is_used_after_a_questionnaire_and_a_check_and_what_is_prohibited_never(kept: TheHouse) -> None:
    questionnaire = agreed(kept, "questionnaire")
    for wrong in (
        {},
        {"questionnaire": questionnaire, "check": ""},
        {"questionnaire": questionnaire, "ai_act_class": ""},
    ):
        refused(
            kept,
            "governance.write",
            register="ai_system",
            said=said("ai_system", kept.clock.now(), **wrong),
            by=ELS,
        )
    prohibited = said("ai_system", kept.clock.now(), questionnaire=questionnaire, ai_act_class="prohibited")
    assert "prohibited" in refused(kept, "governance.write", register="ai_system", said=prohibited, by=ELS)[1]
    later = said("ai_system", kept.clock.now(), questionnaire=questionnaire, checked_on=days(kept, 1))
    assert "checked_on" in refused(kept, "governance.write", register="ai_system", said=later, by=ELS)[1]
    agreed(kept, "ai_system", questionnaire=questionnaire)


# --- what the house keeps current -------------------------------------------------------------------------


@pytest.mark.requirement("R202")
def test_a_document_of_the_evidence_file_has_a_day_on_which_it_expires(kept: TheHouse) -> None:
    document = agreed(kept, "evidence_document", area="autonomy", expires_on=days(kept, 10))
    (clock,) = (one for one in all_clocks(kept, "record_due") if str(one.about) == document)
    assert day_of(clock.due_at).isoformat() == days(kept, 11)
    over = said("evidence_document", kept.clock.now(), expires_on=days(kept, 0))
    refused(kept, "governance.write", register="evidence_document", said=over, by=ELS)


@pytest.mark.requirement("R203")
def test_an_exit_plan_is_reported_on_within_half_a_year(kept: TheHouse) -> None:
    agreed(kept, "exit_plan", report_on=days(kept, 180))
    late = said("exit_plan", kept.clock.now(), report_on=days(kept, 190))
    assert "6 months" in refused(kept, "governance.write", register="exit_plan", said=late, by=ELS)[1]


@pytest.mark.requirement("R204")
def test_a_recovery_plan_rests_on_a_drill_whose_measured_time_stayed_within_it(kept: TheHouse) -> None:
    measures = [agreed(kept, "measure")]
    plan = {"register": "recovery_plan", "by": ELS}
    for wrong in (
        {"what": "audit", "minutes": 5},
        {"what": "recovery"},
        {"what": "recovery", "minutes": 61},
    ):
        drill = agreed(kept, "measure_test", measures=measures, **wrong)
        given = said("recovery_plan", kept.clock.now(), drill=drill, longest_minutes=60)
        assert "drill" in refused(kept, "governance.write", **plan, said=given)[1]
    drill = agreed(kept, "measure_test", measures=measures, what="recovery", minutes=60)
    agreed(kept, "recovery_plan", drill=drill, longest_minutes=60)


@pytest.mark.requirement("R205")
def test_a_publication_is_reviewed_by_two_and_one_that_favours_somebody_is_refused(kept: TheHouse) -> None:
    favours = said("publication", kept.clock.now(), favours_nobody=False)
    assert (
        "favours_nobody" in refused(kept, "governance.write", register="publication", said=favours, by=ELS)[1]
    )
    written = write(kept, "publication")
    end = {"record_id": written["record_id"], "outcome": "published", "words": "x", "by": JAN}
    refused(kept, "governance.close", **end)
    approve(kept, written)
    close(kept, written, "published")


@pytest.mark.requirement("R143")
def test_one_coordinator_is_named_by_two_people(kept: TheHouse) -> None:
    agreed(kept, "appointment")
    second = said("appointment", kept.clock.now())
    assert "one already" in refused(kept, "governance.write", register="appointment", said=second, by=ELS)[1]


@pytest.mark.requirement("R139")
def test_each_party_and_the_house_has_a_contact_for_people_and_one_for_the_authority(kept: TheHouse) -> None:
    for place in ({}, {"party_id": _some_party(kept)}):
        for missing in ("for_people", "for_authority"):
            lacks = said("contact_point", kept.clock.now(), **{missing: None})
            refused(kept, "governance.write", register="contact_point", said=lacks, by=ELS, **place)
        agreed(kept, "contact_point", **place)
        again = said("contact_point", kept.clock.now())
        assert (
            "one already"
            in refused(kept, "governance.write", register="contact_point", said=again, by=ELS, **place)[1]
        )

    reach = "SELECT contact_people, contact_authority FROM registry.party WHERE party_id = '{}'"
    assert query(kept, reach.format(_some_party(kept))) == [
        ("for_people of contact_point", "for_authority of contact_point")
    ]


_PARTIES: dict[int, str] = {}


def _some_party(house: TheHouse) -> str:
    if id(house) not in _PARTIES:
        _PARTIES[id(house)] = house.party("Partij van de tests", "energy_service", papers=False).party_id
    return _PARTIES[id(house)]


def test_hashes_of_files_are_hashes(kept: TheHouse) -> None:
    for wrong in (HASH.upper(), HASH[:-1], f"{HASH}\n", "0x" + HASH[2:]):
        given = said("process", kept.clock.now(), file_sha256=wrong)
        assert "file_sha256" in refused(kept, "governance.write", register="process", said=given, by=ELS)[1]
