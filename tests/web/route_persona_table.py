"""Which answer each persona gets at each page of the site: the table that a test walks.

A new page has no row, and the test says so. A row tells how to call it, with ids of the owner's things, and what each
persona gets: a status, and where a redirect leads (ids as `*`). A form is sent as the owner's own page has it, with a
guard of who sends it. Addresses for programs stand in `route_client_table`; here, a person opens none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.web.portal.visiting import Visitor

OUTSIDERS = (
    "nobody",
    "other_customer",
    "former_occupant",
    "ended_delegate",
    "officer",
    "other_officer",
    "inspector",
    "colleague",
    "partys_token",
    "operators_key",
)
"""In the order in which they try. `officer` acts for a party, `colleague` works at the desk of the data manager; the
last two bring what is no log-in as one."""
INSIDERS = ("co_occupant", "delegate", "owner")
PERSONAS = (*OUTSIDERS, *INSIDERS)
STRANGERS = ("other_customer", "former_occupant", "ended_delegate")
CUSTOMERS = ("owner", "delegate", "co_occupant", *STRANGERS)

Answers = Mapping[str, str]
LOG_IN = "303 /aanmelden"


def _all(answer: str) -> dict[str, str]:
    return dict.fromkeys(PERSONAS, answer)


def _customers(answer: str, others: str | None = None) -> dict[str, str]:
    """`answer` for owner and delegate, `others` for other customers; the rest are sent where they belong."""
    sent = {
        "officer": "303 /partij",
        "other_officer": "303 /partij",
        "inspector": "303 /toezicht",
        "colleague": "303 /dienst",
    }
    found = _all(LOG_IN) | sent | dict.fromkeys(CUSTOMERS, others or answer)
    return found | dict.fromkeys(("owner", "delegate"), answer)


OPEN = _all("200")
MISSING = _all("404")
OWN = _customers("200")
"""A page that every customer has, about himself."""
HERS = _customers("200", "404")
"""A page about something of the owner's: to others it does not exist."""
OFFICERS = (
    _all("403") | dict.fromkeys(("nobody", "partys_token", "operators_key"), LOG_IN) | {"officer": "200"}
)
INSPECTORS = OFFICERS | {"officer": "403", "inspector": "200"}
STAFF = OFFICERS | {"officer": "403", "colleague": "200"}
"""What each role of staff opens stands in `staff_role_table`."""


def own(answer: str, **others: str) -> Answers:
    """A form of every customer's own."""
    return _customers(answer) | others


def hers(answer: str, **others: str) -> Answers:
    """A form about something of the owner's."""
    return HERS | dict.fromkeys(("owner", "delegate"), answer) | others


def seen_together(answer: str = "200", together: str | None = None) -> Answers:
    """What who lives with the owner sees as well: a permission is about the data of both."""
    return hers(answer, co_occupant=together or answer)


def officers(answer: str, other: str | None = None) -> Answers:
    """Of people who act for a party; `other`: of another one."""
    return OFFICERS | {"officer": answer, "other_officer": other or answer}


def colleagues(answer: str) -> Answers:
    return STAFF | {"colleague": answer}


def inspectors(answer: str) -> Answers:
    return INSPECTORS | {"inspector": answer}


@dataclass(frozen=True)
class Things:
    """What there is of the owner's; for each insider some of his own to use up, after outsiders tried."""

    visitor: Visitor
    occupancy: str
    second: str
    left: str
    ean: str
    meter_number: str
    permission: str
    to_doubt: str
    to_withdraw: str
    to_send_on: Mapping[str, Any]
    asked: Mapping[str, Any]
    asked_directly: str
    case: str
    index: int
    meter: str
    port: str
    right: str
    fact: str
    """What in the register she says is wrong."""
    erasure: str
    log_in: str
    representation: str
    invitation: str
    new_invitation: str
    power: str
    offering: str
    """The party that she chooses."""
    program: str
    key: str
    delivery: str
    party: str
    tile: str


Fields = Mapping[str, str]


def nothing(_: Things) -> Fields:
    return {}


def page_form(path: str, end: str = "", **chosen: str) -> Callable[[Things], Fields]:
    """The form on a page of the owner's whose action ends like this, without its guard, and what she fills in."""

    def read(things: Things) -> Fields:
        at = put_in(path, things)
        action = put_in(end, things) or at.partition("?")[0]
        page = things.visitor.get(at)
        assert page.has_form(action), f"no form to {action} on {at}: {page.status} {page.text[:300]}"
        found = page.form(action)
        filled = {name: put_in(value, things) for name, value in chosen.items()}
        return {name: value for name, value in (found.fields | filled).items() if name != "csrf_token"}

    return read


def fields(**chosen: str) -> Callable[[Things], Fields]:
    return lambda things: {name: put_in(value, things) for name, value in chosen.items()}


def put_in(path: str, things: Things) -> str:
    """A path with the ids of things for its names in braces."""
    return path.format(t=things)


@dataclass(frozen=True)
class Row:
    """One page or form. `at`: its path, where the rule has parameters; names in braces are of the owner's things."""

    method: str
    rule: str
    answers: Answers
    at: str = ""
    sends: Callable[[Things], Fields] = nothing
    why: str = field(default="", compare=False)

    @property
    def address(self) -> str:
        return f"{self.method} {self.rule}"

    @property
    def name(self) -> str:
        return f"{self.address} {self.why}".rstrip()

    def path(self, things: Things) -> str:
        return put_in(self.at or self.rule, things)


def get(rule: str, answers: Answers, at: str = "", why: str = "") -> Row:
    return Row("GET", rule, answers, at, why=why)


def post(
    rule: str, answers: Answers, at: str = "", sends: Callable[[Things], Fields] = nothing, why: str = ""
) -> Row:
    return Row("POST", rule, answers, at, sends, why)


P = "/mijn/toestemming/<uuid:permission_id>"
Q = "/mijn/vraag/<uuid:permission_id>"
PORT = "/mijn/poorten/<uuid:occupancy_id>/<uuid:meter_id>/<any(P1, S1):port>"
AT_PORT = "/mijn/poorten/{t.occupancy}/{t.meter}/{t.port}"
SETTINGS = "/mijn/berichten/instellingen"
NO_NOTICE = "0" * 64
NOBODYS = str(UUID(int=0, version=4))
NOT_IN_ANOTHERS_NAME = {"delegate": "403"}
TO_ANSWER = "303 /mijn/vraag/*/antwoord"
ONLY_OFFICERS_PARTY = "303 /partij/aanvraag"

PUBLIC = tuple(
    get(rule, OPEN)
    for rule in (
        "/",
        "/bewaartermijnen",
        "/bewaartermijnen.json",
        "/brief",
        "/deprecations",
        "/ean-code",
        "/favicon.ico",
        "/grondslagen",
        "/grondslagen.json",
        "/health/live",
        "/health/ready",
        "/joins",
        "/joins.json",
        "/joins/necessities.json",
        "/ledger",
        "/ledger/checkpoint",
        "/ledger/vkey",
        "/meetwaarden",
        "/meetwaarden.json",
        "/metrics",
        "/privacy",
        "/privacy.json",
        "/problems",
        "/register",
        "/register.json",
        "/statistieken",
        "/statistieken.json",
    )
)

ROWS = (
    *PUBLIC,
    get("/joins/lawful_joins.note", OPEN),
    get("/joins/lawful_joins.toml", OPEN),
    get("/ledger/growth", MISSING),
    get("/ledger/policy", MISSING),
    get("/ledger/tile/<path:rest>", OPEN, "/ledger/{t.tile}"),
    get("/problems/<slug>", OPEN, "/problems/not-found"),
    get("/static/<path:name>", OPEN, "/static/databeheer.css"),
    get("/statistieken/<uuid:release_id>", MISSING, f"/statistieken/{NOBODYS}"),
    *(
        get(f"/statistieken/<uuid:release_id>{end}", MISSING, f"/statistieken/{NOBODYS}{end}")
        for end in (".csv", ".json", ".tlog-proof", "/report.json")
    ),
    get("/demo/opnieuw", MISSING),
    post("/demo/opnieuw", MISSING),
    # ---- logging in, and letters: for who is nobody here yet ----
    get("/aanmelden", _all("303 http://*/authorize")),
    get("/aanmelden/terug", _all("400")),
    post("/brief", _all("400"), sends=fields(code="K7QX")),
    post(
        "/brief/antwoord",
        _all("400"),
        sends=fields(code="K7QX", decision="grant", notice_sha256=NO_NOTICE),
    ),
    post("/ean-code", _all("400"), sends=fields(meter="1SAG1")),
    post("/brief/bewijs", _all("404"), sends=fields(ticket="a" * 32)),
    # ---- a customer's own pages; the first click of who may act no more tells him so ----
    get("/mijn", own("200", ended_delegate="403")),
    # Nothing was kept of a form that a log-in came in between of.
    get("/mijn/verder", own("303 /mijn")),
    post(
        "/mijn/verder/niet",
        own(
            "303 /mijn",
            officer="303 /mijn",
            other_officer="303 /mijn",
            inspector="303 /mijn",
            colleague="303 /mijn",
        ),
    ),
    # Before she reads: no checkpoint covers what was read just now.
    get("/mijn/bewijzen.zip", HERS, "/mijn/bewijzen.zip?adres={t.occupancy}"),
    *(
        get(rule, own("200", **NOT_IN_ANOTHERS_NAME))
        for rule in ("/mijn/aansluiting", "/mijn/aansluiting/brief", "/mijn/aansluiting/code")
    ),
    *(
        get(rule, OWN)
        for rule in (
            "/mijn/berichten",
            SETTINGS,
            "/mijn/gelezen",
            "/mijn/namens",
            "/mijn/poorten",
            "/mijn/rechten",
            "/mijn/rechten/alles",
            "/mijn/rechten/bezwaar",
            "/mijn/rechten/verbeteren",
            "/mijn/toestemmingen",
            "/mijn/twijfel",
            "/mijn/uitlezing",
            "/mijn/volmacht",
            "/mijn/volmacht/code",
            "/mijn/wissen",
        )
    ),
    get("/mijn/aanmeldingen", OWN),
    get(
        "/mijn/aansluiting/klaar",
        own("200", **dict.fromkeys(("co_occupant", "ended_delegate"), "303 /mijn/aansluiting")),
    ),
    get("/mijn/historiek", own("200", **NOT_IN_ANOTHERS_NAME)),
    get("/mijn/bewijzen", OWN),
    get("/mijn/verbruik", OWN),
    get("/mijn/verbruik/bestand", OWN),
    get("/mijn/bewijs/<int:index>.tlog-proof", HERS, "/mijn/bewijs/{t.index}.tlog-proof"),
    get("/mijn/bewijs/<int:index>.pdf", HERS, "/mijn/bewijs/{t.index}.pdf"),
    get("/mijn/gelezen/<int:index>/waarom", HERS, "/mijn/gelezen/{t.index}/waarom"),
    get("/mijn/gelezen/<int:index>/twijfel", HERS, "/mijn/gelezen/{t.index}/twijfel"),
    # Whoever holds a link reads its question: it names no customer.
    get("/verbruik/dienstverlener", own("200"), "/verbruik/dienstverlener?id={t.asked[link_code]}"),
    # ---- choosing a party: for one's own address ----
    get("/mijn/kiezen", OWN),
    get("/mijn/kiezen/<uuid:party_id>", OWN, "/mijn/kiezen/{t.offering}"),
    get("/mijn/kiezen/<uuid:party_id>/<purpose>", OWN, "/mijn/kiezen/{t.offering}/energy_advice"),
    post("/mijn/kiezen/<uuid:party_id>/<purpose>", own("400"), "/mijn/kiezen/{t.offering}/energy_advice"),
    post(
        "/mijn/kiezen/<uuid:party_id>/<purpose>/toestaan",
        # Hers is shown once more: another text was read. Her address is no choice of others.
        own("400", owner="200", delegate="200"),
        "/mijn/kiezen/{t.offering}/energy_advice/toestaan",
        fields(
            occupancy_id="{t.occupancy}",
            fijn="day",
            richting="afname",
            periode="nieuw",
            duur="jaar",
            notice_sha256=NO_NOTICE,
            nummer=NOBODYS,
        ),
    ),
    # ---- of a business alone: to every other customer there is no such page ----
    get("/mijn/punten", own("404")),
    get("/mijn/punten/bewijzen.zip", own("404"), "/mijn/punten/bewijzen.zip?van=1&tot=2"),
    get("/mijn/punten/intrekken/<uuid:party_id>", own("404"), "/mijn/punten/intrekken/{t.offering}"),
    post(
        "/mijn/punten/intrekken/<uuid:party_id>",
        own("404"),
        "/mijn/punten/intrekken/{t.offering}",
        fields(wat="alles"),
    ),
    post(
        "/mijn/kiezen/<uuid:party_id>/<purpose>/aansluitingen",
        own("404"),
        "/mijn/kiezen/{t.offering}/energy_advice/aansluitingen",
        fields(fijn="day", richting="afname", periode="nieuw", duur="jaar"),
    ),
    post(
        "/mijn/kiezen/<uuid:party_id>/<purpose>/aansluitingen/toestaan",
        own("404"),
        "/mijn/kiezen/{t.offering}/energy_advice/aansluitingen/toestaan",
        fields(
            fijn="day",
            richting="afname",
            periode="nieuw",
            duur="jaar",
            notice_sha256=NO_NOTICE,
            nummer=NOBODYS,
            al="0",
        ),
    ),
    # ---- what is hers ----
    get(P, seen_together(), "/mijn/toestemming/{t.permission}"),
    get(f"{P}/ook", seen_together("200", "303 /mijn/toestemming/*"), "/mijn/toestemming/{t.permission}/ook"),
    get(f"{P}/twijfel", seen_together(), "/mijn/toestemming/{t.permission}/twijfel"),
    get(
        f"{P}/verlengen",
        seen_together("303 /mijn/toestemming/*"),
        "/mijn/toestemming/{t.permission}/verlengen",
    ),
    get(Q, seen_together(), "/mijn/vraag/{t.asked_directly}"),
    get(f"{Q}/antwoord", seen_together(), "/mijn/vraag/{t.permission}/antwoord"),
    get("/mijn/twijfel/<uuid:case_id>", HERS, "/mijn/twijfel/{t.case}"),
    get(f"{PORT}/openen", HERS, f"{AT_PORT}/openen"),
    post(
        f"{P}/ook",
        seen_together(TO_ANSWER, "303 /mijn/toestemming/*"),
        "/mijn/toestemming/{t.permission}/ook",
        page_form("/mijn/toestemming/{t.permission}/ook", occupancy_id="{t.second}"),
    ),
    post(
        f"{P}/verlengen",
        seen_together("303 /mijn/toestemming/*/verlengen"),
        "/mijn/toestemming/{t.permission}/verlengen",
        fields(notice_sha256=NO_NOTICE),
    ),
    post(
        f"{P}/intrekken",
        hers("303 /mijn"),
        "/mijn/toestemming/{t.to_withdraw}/intrekken",
    ),
    post(
        f"{P}/twijfel",
        seen_together("303 /mijn/twijfel/*"),
        "/mijn/toestemming/{t.to_doubt}/twijfel",
        fields(wat="not_given", uitleg="Dit gaf ik nooit."),
    ),
    # Its party is in doubt already.
    post(
        "/mijn/gelezen/<int:index>/twijfel",
        hers("409"),
        "/mijn/gelezen/{t.index}/twijfel",
        fields(wat="not_given", uitleg=""),
    ),
    post(
        "/mijn/twijfel/<uuid:case_id>/intrekken",
        hers("303 /mijn/twijfel/*", **NOT_IN_ANOTHERS_NAME),
        "/mijn/twijfel/{t.case}/intrekken",
    ),
    post(
        Q,
        hers("404"),
        "/mijn/vraag/{t.asked[permission_id]}",
        fields(
            decision="grant",
            notice_sha256=NO_NOTICE,
            occupancy_id="{t.occupancy}",
        ),
        why="without its link",
    ),
    post(
        f"{Q}/doorsturen",
        # A link is good once: the first stranger who has it uses it up.
        hers("200", owner="404", other_customer="200", co_occupant="200"),
        "/mijn/vraag/{t.to_send_on[permission_id]}/doorsturen",
        fields(ean="541448899990000107", link_code="{t.to_send_on[link_code]}"),
    ),
    post(
        Q,
        own(TO_ANSWER, **dict.fromkeys(STRANGERS, "400")),
        "/mijn/vraag/{t.asked[permission_id]}",
        page_form(
            "/verbruik/dienstverlener?id={t.asked[link_code]}",
            "{t.asked[permission_id]}",
            decision="grant",
            occupancy_id="{t.occupancy}",
        ),
        why="with its link, for her address",
    ),
    post(f"{Q}/terugnemen", seen_together(TO_ANSWER), "/mijn/vraag/{t.asked[permission_id]}/terugnemen"),
    post(
        f"{PORT}/openen",
        hers("303 /mijn/poorten"),
        f"{AT_PORT}/openen",
        page_form(f"{AT_PORT}/openen"),
    ),
    post(f"{PORT}/sluiten", hers("303 /mijn/poorten"), f"{AT_PORT}/sluiten"),
    # Nobody's address; where somebody lives, what is asked is a letter or goes another way (its own test).
    post("/mijn/historiek", own("404", **NOT_IN_ANOTHERS_NAME), sends=fields(adres=NOBODYS)),
    post(
        "/mijn/uitlezing",
        hers("303 /mijn/uitlezing"),
        sends=fields(adres="{t.occupancy}", aan="nee"),
    ),
    post(
        "/mijn/verbruik/bestand",
        hers("200"),
        sends=fields(
            adres="{t.occupancy}",
            van="2023-10-29",
            tot="2023-10-29",
            per="quarter_hour",
            vorm="csv",
            taal="nl",
        ),
    ),
    post(
        "/mijn/rechten/<uuid:request_id>/terugnemen",
        hers("303 /mijn/rechten", **NOT_IN_ANOTHERS_NAME),
        "/mijn/rechten/{t.right}/terugnemen",
    ),
    post(
        "/mijn/rechten/verbeteren",
        own("303 /mijn/rechten", **dict.fromkeys((*STRANGERS, "co_occupant"), "400")),
        sends=fields(wat="{t.fact}", adres="{t.occupancy}", uitleg="Dit klopt niet."),
    ),
    post(
        "/mijn/rechten/bezwaar",
        # The owner's is the second: who acts for her objected already.
        own("303 /mijn/rechten", owner="409", **dict.fromkeys((*STRANGERS, "co_occupant"), "400")),
        sends=fields(waartegen="welfare_centre", adres="{t.occupancy}", uitleg="Mijn zus werkt er."),
    ),
    post(
        "/mijn/wissen",
        hers("303 /mijn/wissen", **NOT_IN_ANOTHERS_NAME),
        sends=fields(soort="readings", adres="{t.left}", zeker="ja"),
    ),
    post(
        "/mijn/wissen/<uuid:erasure_id>/terugnemen",
        hers("303 /mijn/wissen", **NOT_IN_ANOTHERS_NAME),
        "/mijn/wissen/{t.erasure}/terugnemen",
    ),
    # ---- every customer's own, sent by each ----
    post("/mijn/rechten/alles", own("200", **NOT_IN_ANOTHERS_NAME)),
    post("/mijn/berichten/gelezen", own("303 /mijn/berichten"), sends=fields(tot=NOBODYS)),
    post(
        f"{SETTINGS}/adres",
        own(f"303 {SETTINGS}", **NOT_IN_ANOTHERS_NAME),
        sends=fields(email="iemand@voorbeeld.be"),
    ),
    post(f"{SETTINGS}/code", own("400", **NOT_IN_ANOTHERS_NAME), sends=fields(code="12345678")),
    post(f"{SETTINGS}/heel", own(f"303 {SETTINGS}", **NOT_IN_ANOTHERS_NAME), sends=fields(heel="nee")),
    post(f"{SETTINGS}/taal", own(f"303 {SETTINGS}", **NOT_IN_ANOTHERS_NAME), sends=fields(taal="en")),
    post(f"{SETTINGS}/uit", own(f"303 {SETTINGS}", **NOT_IN_ANOTHERS_NAME)),
    post("/mijn/aansluiting", own("403"), sends=fields(ean="541448899990000039", meter="{t.meter_number}")),
    post(
        "/mijn/aansluiting/brief",
        own("303 /mijn/aansluiting/code", **NOT_IN_ANOTHERS_NAME),
        sends=fields(ean="541448899990000039"),
    ),
    post("/mijn/aansluiting/code", own("400", **NOT_IN_ANOTHERS_NAME), sends=fields(code="K7QX")),
    # ---- a power of attorney; who acts for her gives none in her name ----
    get("/mijn/volmacht/geven", own("200", delegate="303 /mijn/volmacht")),
    post("/mijn/volmacht/nakijken", own("400", delegate="303 /mijn/volmacht"), sends=fields(naam="Wim")),
    post("/mijn/volmacht/code", own("400"), sends=fields(code="K7QX")),
    post("/mijn/volmacht/aannemen", own("404", **NOT_IN_ANOTHERS_NAME), sends=fields(code="K7QX")),
    post(
        "/mijn/volmacht/geven",
        # A court appointed somebody for her: only that one decides this.
        hers("409", **NOT_IN_ANOTHERS_NAME),
        sends=fields(
            invitation_id="{t.new_invitation}",
            naam="Wim",
            adressen="{t.occupancy}",
            wat="beslissen",
            duur="30-dagen",
        ),
    ),
    post(
        "/mijn/volmacht/uitnodiging/<uuid:invitation_id>/intrekken",
        hers("303 /mijn/volmacht", delegate="404"),
        "/mijn/volmacht/uitnodiging/{t.invitation}/intrekken",
    ),
    post(
        "/mijn/volmacht/<uuid:representation_id>/stoppen",
        hers("303 /mijn/volmacht", delegate="404"),
        "/mijn/volmacht/{t.power}/stoppen",
    ),
    # ---- a party's pages ----
    *(
        get(rule, officers("200", ONLY_OFFICERS_PARTY))
        for rule in (
            "/partij",
            "/partij/bewijs",
            "/partij/bewijs/indienen",
            "/partij/gebruik",
            "/partij/proef",
            "/partij/sleutels",
            "/partij/webhooks",
        )
    ),
    get("/partij/aanvraag", officers("200")),
    post("/partij/aanvraag", officers("400"), sends=fields(naam="")),
    post(
        "/partij/bewijs/<any(contract, dpia, overzicht, contact):part>",
        officers("303 /partij/bewijs", "404"),
        "/partij/bewijs/overzicht",
        fields(adres="https://zon.example/overzicht"),
    ),
    post("/partij/bewijs/indienen", officers("303 /partij/bewijs", "404")),
    post("/partij/kies", officers("303 /partij", "404"), sends=fields(partij="{t.party}")),
    post("/partij/proef", officers("200", ONLY_OFFICERS_PARTY), sends=fields(programma="{t.program}")),
    post(
        "/partij/sleutels/sleutel",
        officers("400", "404"),
        sends=fields(programma="{t.program}", sleutel="{{}}"),
    ),
    post("/partij/sleutels/programma", officers("400", "404"), sends=fields(api="own", sleutel="{{}}")),
    post(
        "/partij/sleutels/einde",
        officers("303 /partij/sleutels", "404"),
        sends=fields(sleutel="{t.key}", zeker="ja"),
        why="of a key",
    ),
    post(
        "/partij/sleutels/einde",
        officers("303 /partij/sleutels", "404"),
        sends=fields(programma="{t.program}", zeker="ja"),
        why="of a program",
    ),
    post("/partij/webhooks/proef", officers("303 /partij/webhooks", "404")),
    post("/partij/webhooks/opnieuw", officers("409", "404"), sends=fields(bericht="{t.delivery}")),
    post("/partij/webhooks", officers("400", ONLY_OFFICERS_PARTY), sends=fields(adres="geen")),
    post("/partij/webhooks/weg", officers("303 /partij/webhooks", "404"), sends=fields(zeker="ja")),
    # ---- the inspector's pages ----
    *(
        get(rule, INSPECTORS)
        for rule in (
            "/toezicht",
            "/toezicht/berichten",
            "/toezicht/cijfers.json",
            "/toezicht/inzage",
            "/toezicht/klachten",
            "/toezicht/koppelingen",
            "/toezicht/logboek",
            "/toezicht/documenten",
            "/toezicht/medewerkers",
            "/toezicht/registers",
            "/toezicht/termijnen",
            "/toezicht/termijnen.json",
            "/toezicht/twijfel",
        )
    ),
    get("/toezicht/registers/<register>", INSPECTORS, "/toezicht/registers/breach"),
    get("/toezicht/registers/<register>.json", INSPECTORS, "/toezicht/registers/breach.json"),
    get("/toezicht/registers/<register>.csv", INSPECTORS, "/toezicht/registers/breach.csv"),
    get(
        "/toezicht/registers/stuk/<uuid:record_id>", inspectors("404"), f"/toezicht/registers/stuk/{NOBODYS}"
    ),
    post("/toezicht/documenten", inspectors("400"), sends=fields(soort="evidence", van="2023-01-01")),
    get("/toezicht/documenten/<uuid:document_id>", inspectors("404"), f"/toezicht/documenten/{NOBODYS}"),
    get(
        "/toezicht/documenten/<uuid:document_id>.json",
        inspectors("404"),
        f"/toezicht/documenten/{NOBODYS}.json",
    ),
    get("/toezicht/klachten/<uuid:complaint_id>", inspectors("404"), f"/toezicht/klachten/{NOBODYS}"),
    post("/toezicht/klachten", inspectors("400"), sends=fields(dossier="x")),
    post(
        "/toezicht/klachten/<uuid:complaint_id>/bewijs",
        inspectors("404"),
        f"/toezicht/klachten/{NOBODYS}/bewijs",
    ),
    post(
        "/toezicht/klachten/<uuid:complaint_id>/sluiten",
        inspectors("404"),
        f"/toezicht/klachten/{NOBODYS}/sluiten",
        sends=fields(uitkomst="founded"),
    ),
    post("/toezicht/inzage", inspectors("400"), sends=fields(van="2023-10-01")),
    post("/toezicht/koppelingen", inspectors("400"), sends=fields(wish="none")),
    post(
        "/toezicht/koppelingen/antwoord",
        inspectors("404"),
        sends=fields(vraag=NOBODYS, antwoord="akkoord"),
    ),
    post(
        "/toezicht/koppelingen/noodzaak",
        inspectors("404"),
        sends=fields(nummer="necessity/nobodys-1", oordeel="accepts", woorden="Geen bezwaar"),
    ),
    post("/toezicht/twijfel", inspectors("400"), sends=fields(ean="{t.ean}")),
    # ---- the pages of the house's own people ----
    *(
        get(rule, STAFF)
        for rule in ("/dienst", "/dienst/dossiers/nieuw", "/dienst/medewerkers", "/dienst/rijksregister")
    ),
    post("/dienst/dossiers/nieuw", colleagues("400"), sends=fields(soort="question", ean="{t.ean}")),
    post("/dienst/dossiers/kijk", colleagues("403"), sends=fields(dossier="Z2026-1")),
    post("/dienst/dossiers/sluit", colleagues("404"), sends=fields(dossier="Z2026-1")),
    get("/dienst/loket", STAFF),
    get("/dienst/loket/opnames", STAFF),
    get("/dienst/loket/ocmw", STAFF),
    post("/dienst/loket/ocmw", colleagues("404"), sends=fields(ocmw=NOBODYS)),
    get("/dienst/loket/<reference>", colleagues("403"), "/dienst/loket/Z1"),
    post("/dienst/loket", colleagues("400"), sends=fields(weg="visit", wie="customer", waarover="factuur")),
    post("/dienst/loket/opnames", colleagues("409"), sends=fields(contact="Z1", waarom="rules")),
    *(
        post(f"/dienst/loket/<reference>/{act}", colleagues("403"), f"/dienst/loket/Z1/{act}", sent)
        for act, sent in (
            ("wie", fields(meter="1SAG9", naam="Lotte Janssens", ean="{t.ean}")),
            ("kijk", nothing),
            ("ean", fields(meters="1SAG9")),
            ("leverancier", fields(ean="{t.ean}")),
            ("verbruik", nothing),
            ("dossier", fields(eenmaal=NOBODYS, soort="question", waarvoor="belt terug")),
            ("sluit", nothing),
            ("geven", fields(toestemming=NOBODYS, scan="ab" * 32)),
            ("intrekken", fields(toestemming=NOBODYS, scan="ab" * 32)),
            ("recht", fields(vraag="copy", scan="ab" * 32)),
            ("ontgrendel", fields(ean="{t.ean}", scan="ab" * 32)),
            ("bewaar", fields(plicht="gas_smell")),
        )
    ),
    get("/dienst/rechten", colleagues("403")),
    get("/dienst/rechten/<uuid:request_id>", colleagues("403"), f"/dienst/rechten/{NOBODYS}"),
    *(
        post(
            f"/dienst/rechten/<uuid:request_id>/{act}",
            colleagues("403"),
            f"/dienst/rechten/{NOBODYS}/{act}",
            sends,
        )
        for act, sends in (
            ("antwoord", fields(besluit="accepted", woorden="Goed zo")),
            ("uitstel", fields(waarom="Het duurt")),
        )
    ),
    get("/dienst/wie-keek", STAFF),
    post("/dienst/medewerkers", colleagues("400"), sends=fields(medewerker=NOBODYS, rol="desk")),
    post("/dienst/medewerkers/goedkeuren", colleagues("404"), sends=fields(rol=NOBODYS)),
    post("/dienst/medewerkers/bevestigen", colleagues("404"), sends=fields(rol=NOBODYS)),
    post(
        "/dienst/rijksregister",
        colleagues("404"),
        sends=fields(eenmaal=NOBODYS, dossier="Z1", waarom="nodig", naam="Petra"),
    ),
    post("/dienst/rijksregister/beslis", colleagues("404"), sends=fields(raadpleging=NOBODYS, mag="ja")),
    post("/dienst/rijksregister/nagekeken", colleagues("303 /dienst/rijksregister"), sends=fields(tot="1")),
    post("/dienst/medewerkers/einde", colleagues("404"), sends=fields(rol=NOBODYS)),
    get("/dienst/medewerkers/nieuw", colleagues("403")),
    post("/dienst/medewerkers/nieuw", colleagues("403"), sends=fields(nummer="D-1", naam="Nieuw")),
    get("/dienst/medewerkers/vertrokken", STAFF),
    post("/dienst/medewerkers/vertrokken", colleagues("400"), sends=fields(wie="D-0011")),
    get("/dienst/dossiers/geef-door", colleagues("404"), "/dienst/dossiers/geef-door?dossier=Z2026-1"),
    post("/dienst/dossiers/geef-door", colleagues("404"), sends=fields(dossier="Z2026-1", aan="team:huis")),
    get("/dienst/beheer", colleagues("403")),
    post("/dienst/beheer", colleagues("403"), sends=fields(dienst="linking", doe="sluit", reden="zomaar")),
    get("/dienst/toestellen", colleagues("403")),
    post("/dienst/toestellen", colleagues("403"), sends=fields(naam="x", afdruk="A" * 43)),
    post("/dienst/toestellen/einde", colleagues("403"), sends=fields(toestel=NOBODYS)),
    get("/dienst/documenten", STAFF),
    post("/dienst/documenten", colleagues("400"), sends=fields(soort="evidence", van="2023-01-01")),
    get("/dienst/documenten/<uuid:document_id>", colleagues("404"), f"/dienst/documenten/{NOBODYS}"),
    get("/dienst/registers", STAFF),
    get("/dienst/registers/<register>", STAFF, "/dienst/registers/publication"),
    get("/dienst/registers/<register>/nieuw", STAFF, "/dienst/registers/publication/nieuw"),
    post(
        "/dienst/registers/<register>/nieuw",
        colleagues("400"),
        "/dienst/registers/publication/nieuw",
        fields(title="Een figuur"),
    ),
    get("/dienst/registers/stuk/<uuid:record_id>", colleagues("404"), f"/dienst/registers/stuk/{NOBODYS}"),
    post(
        "/dienst/registers/stuk/<uuid:record_id>/beslissen",
        colleagues("404"),
        f"/dienst/registers/stuk/{NOBODYS}/beslissen",
        fields(versie="1", doe="goedkeuren"),
    ),
    post(
        "/dienst/registers/stuk/<uuid:record_id>/sluiten",
        colleagues("404"),
        f"/dienst/registers/stuk/{NOBODYS}/sluiten",
        fields(hoe="dropped", waarom="Het mag weg"),
    ),
    # ---- in whose name, and which log-in: last, for they change who one is ----
    post(
        "/mijn/namens/<uuid:representation_id>",
        hers("404", delegate="303 /mijn"),
        "/mijn/namens/{t.representation}",
    ),
    post(
        "/mijn/aanmeldingen/<uuid:session_id>/stoppen",
        own("303 /mijn/aanmeldingen"),
        "/mijn/aanmeldingen/{t.log_in}/stoppen",
    ),
    post("/mijn/namens/uzelf", own("303 /mijn/namens")),
    post("/mijn/aanmeldingen/andere-stoppen", own("303 /mijn/aanmeldingen")),
    post("/afmelden", _all("303 /")),
)
"""In the order of the walk: a thing is read before it is used up, and who one is changes last."""

DEMO_ONLY = {
    "GET /demo/dienst",
    "POST /demo/dienst/lees",
    "POST /demo/dienst/vraag",
    "GET /demo/postbus",
    "GET /toezicht/knoeien",
    "POST /toezicht/knoeien",
}
"""What a site in earnest does not have at all."""
