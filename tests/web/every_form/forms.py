"""Every form of the site, and what it answers when it is sent well, twice, and badly: the table that a test walks.

A new form has no row, and the test says so. Where a form is and what it carries stands in `route_persona_table`, where
each persona sends it; a row here may say otherwise. Whether strangers reach it is that table's to show.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.web import route_persona_table
from tests.web.route_persona_table import AT_PORT, PORT, SETTINGS, P, Q, Things, fields, page_form, put_in

NASTY = '<script>alert("x")</script> \' & é 🙂'
"""What stands in every text of a visitor's own: it is shown as he wrote it, and no browser runs it."""

_ROWS = {row.name: row for row in route_persona_table.ROWS if row.method == "POST"}


@dataclass(frozen=True)
class Form:
    """One form. `done` and `twice`: the answers to a first and a second press; None where the form is not sent well.

    `texts`: what its visitor types; left empty, too long or full of strange signs, the page comes back, names the field
    and keeps the rest. `choices`: what he must choose; nothing chosen, likewise. `optional`: fields that may be left
    out. `free`: texts in which anything may stand that can be read. `several`: fields of which
    several may be chosen. `is_lenient`: whatever it holds, it is done. `each_time`: it is done
    as often as it is sent, and written down each time. `kept`: texts that come back when another field
    is wrong.
    """

    rule: str
    done: str | None
    twice: str | None
    who: str = "owner"
    texts: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    several: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    sends: Callable[[Things], Mapping[str, str]] | None = None
    is_lenient: bool = False
    each_time: bool = False
    at: str = ""
    why: str = ""
    """Which of the rows of the other table, where it has several."""

    def path(self, things: Things) -> str:
        row = self._row
        return route_persona_table.put_in(self.at or row.at or row.rule, things)

    def filled(self, things: Things) -> dict[str, str]:
        """The form as it is filled in well."""
        return dict((self.sends or self._row.sends)(things))

    @property
    def _row(self) -> route_persona_table.Row:
        return _ROWS[f"POST {self.rule} {self.why}".rstrip()]


def button(rule: str, done: str, twice: str, **more: Any) -> Form:
    """A form without anything to fill in."""
    return Form(rule, done, twice, **more)


def explained(rule: str, done: str, **more: Any) -> Form:
    """A form in which its visitor explains something in his own words; done once."""
    own: dict[str, Any] = dict.fromkeys(("texts", "free", "kept"), ("uitleg",))
    return Form(rule, done, "409", **own, **more)


def doubt(rule: str, done: str) -> Form:
    """What is wrong with a permission or a read; in his own words where he likes."""
    wrong = fields(wat="not_given", uitleg=NASTY)
    return explained(rule, done, choices=("wat",), optional=("uitleg",), sends=wrong)


RECTIFY = {"wat": "meter", "adres": "{t.occupancy}", "uitleg": NASTY}
CHOSEN = {
    "occupancy_id": "{t.occupancy}",
    "fijn": "day",
    "richting": "afname",
    "periode": "nieuw",
    "duur": "jaar",
}
KIEZEN = "/mijn/kiezen/<uuid:party_id>/<purpose>"
PICK = "/mijn/kiezen/{t.offering}/energy_advice/aansluitingen"
TERMS = {name: said for name, said in CHOSEN.items() if name != "occupancy_id"}
DEED = "303 /partij/sleutels"


def picked(things: Things) -> dict[str, str]:
    """All points of a business, chosen in the list, and on to what is shown once more."""
    every = _answered(things, PICK, TERMS | {"doe": "alles"})["gekozen"]
    return TERMS | {"gekozen": every, "zoek": "", "doe": "na"}


def checked(things: Things) -> dict[str, str]:
    """The page on which a business confirms for all of its points."""
    return _answered(things, f"{PICK}/toestaan", picked(things))


def _answered(things: Things, end: str, sent: Mapping[str, str]) -> dict[str, str]:
    """The form that comes with the answer to a choice of points, without its guard."""
    guard = things.visitor.get("/brief").form("/brief").fields["csrf_token"]
    page = things.visitor.send(put_in(PICK, things), {**sent, "csrf_token": guard})
    return {
        name: said for name, said in page.form(put_in(end, things)).fields.items() if name != "csrf_token"
    }


FORMS = (
    # ---- without a log-in ----
    Form("/brief", None, None, texts=("code",)),
    Form("/brief/antwoord", None, None),
    Form("/brief/bewijs", None, None),
    Form(
        "/ean-code",
        "200",
        "200",
        who="nobody",
        texts=("meter", "name", "street", "postcode", "mobile"),
        optional=("mobile",),
        free=("meter", "name", "street"),
        kept=("meter", "name", "street", "postcode"),
        sends=fields(meter="1SAG1", name="Rosa <b>", street="Molenstraat 7", postcode="9000", mobile=""),
        each_time=True,
    ),
    # ---- granting, and ending it ----
    Form(
        KIEZEN,
        "200",
        "200",
        choices=("occupancy_id", "fijn", "richting", "periode", "duur"),
        sends=fields(**CHOSEN),
    ),
    Form(f"{KIEZEN}/toestaan", "200", "200"),
    Form(f"{P}/ook", "303 /mijn/vraag/*/antwoord", "303 /mijn/toestemming/*", choices=("occupancy_id",)),
    Form(f"{P}/verlengen", "303 /mijn/toestemming/*/verlengen", "303 /mijn/toestemming/*/verlengen"),
    Form(
        Q,
        "303 /mijn/vraag/*/antwoord",
        "409",
        choices=("occupancy_id",),
        why="with its link, for her address",
    ),
    button(f"{Q}/terugnemen", "303 /mijn/vraag/*/antwoord", "409"),
    Form(f"{Q}/doorsturen", None, None, texts=("ean",)),
    doubt(f"{P}/twijfel", "303 /mijn/twijfel/*"),
    doubt("/mijn/gelezen/<int:index>/twijfel", "409"),
    button("/mijn/twijfel/<uuid:case_id>/intrekken", "303 /mijn/twijfel/*", "409"),
    button(f"{P}/intrekken", "303 /mijn", "409"),
    # ---- a business, for many of its points ----
    Form(
        f"{KIEZEN}/aansluitingen",
        "200",
        "200",
        who="business",
        choices=("fijn", "richting", "periode", "duur"),
        optional=("zoek", "doe"),
        free=("zoek",),
        sends=picked,
    ),
    Form(f"{KIEZEN}/aansluitingen/toestaan", "303 /mijn/punten", "200", who="business", sends=checked),
    # The second time there is nothing left.
    button("/mijn/punten/intrekken/<uuid:party_id>", "303 /mijn/punten", "303 /mijn/punten", who="business"),
    # ---- meters ----
    Form(
        f"{PORT}/openen",
        "303 /mijn/poorten",
        "303 /mijn/poorten",
        sends=page_form(f"{AT_PORT}/openen"),
        at=f"{AT_PORT}/openen",
    ),
    button(f"{PORT}/sluiten", "303 /mijn/poorten", "303 /mijn/poorten"),
    Form("/mijn/uitlezing", "303 /mijn/uitlezing", "303 /mijn/uitlezing"),
    Form("/mijn/verbruik/bestand", "200", "200", texts=("van", "tot")),
    # Her meters are read finely, so her history is in the portal: no letter goes.
    Form("/mijn/historiek", "409", "409", sends=fields(adres="{t.second}")),
    # ---- rights ----
    explained(
        "/mijn/rechten/verbeteren",
        "303 /mijn/rechten",
        choices=("wat",),
        optional=("adres",),
        sends=fields(**RECTIFY),
    ),
    explained(
        "/mijn/rechten/bezwaar",
        "303 /mijn/rechten",
        choices=("waartegen", "adres"),
        sends=fields(waartegen="welfare_centre", adres="{t.occupancy}", uitleg=NASTY),
    ),
    button("/mijn/rechten/<uuid:request_id>/terugnemen", "303 /mijn/rechten", "409"),
    button("/mijn/rechten/alles", "200", "200", each_time=True),
    Form("/mijn/wissen", "303 /mijn/wissen", "409", choices=("zeker",), optional=("adres",)),
    button("/mijn/wissen/<uuid:erasure_id>/terugnemen", "303 /mijn/wissen", "409"),
    # ---- messages and settings ----
    Form("/mijn/berichten/gelezen", "303 /mijn/berichten", "303 /mijn/berichten"),
    Form(f"{SETTINGS}/adres", f"303 {SETTINGS}", f"303 {SETTINGS}", texts=("email",), kept=("email",)),
    Form(f"{SETTINGS}/code", "400", "400", texts=("code",), sends=fields(code="12345678")),
    Form(f"{SETTINGS}/heel", f"303 {SETTINGS}", f"303 {SETTINGS}"),
    Form(f"{SETTINGS}/taal", f"303 {SETTINGS}", f"303 {SETTINGS}"),
    button(f"{SETTINGS}/uit", f"303 {SETTINGS}", f"303 {SETTINGS}"),
    # ---- linking ----
    Form(
        "/mijn/aansluiting",
        "403",
        "403",
        texts=("ean", "meter"),
        free=("meter",),
        kept=("ean", "meter"),
        each_time=True,
    ),
    Form(
        "/mijn/aansluiting/brief", "303 /mijn/aansluiting/code", "303 /mijn/aansluiting/code", texts=("ean",)
    ),
    Form("/mijn/aansluiting/code", "400", "400", texts=("code",)),
    # ---- a power of attorney ----
    Form(
        "/mijn/volmacht/nakijken",
        "200",
        "200",
        texts=("naam",),
        choices=("adres", "wat", "duur"),
        several=("adres",),
        free=("naam",),
        kept=("naam",),
        sends=fields(naam="<script>Wim</script>", adres="{t.occupancy}", wat="beslissen", duur="30-dagen"),
    ),
    # A court appointed somebody for her: only that one decides this.
    Form("/mijn/volmacht/geven", "409", "409", free=("naam",)),
    Form("/mijn/volmacht/code", "400", "400", texts=("code",)),
    Form("/mijn/volmacht/aannemen", "404", "404"),
    button("/mijn/volmacht/uitnodiging/<uuid:invitation_id>/intrekken", "303 /mijn/volmacht", "409"),
    button("/mijn/volmacht/<uuid:representation_id>/stoppen", "303 /mijn/volmacht", "409"),
    # ---- a party's pages ----
    Form(
        "/partij/aanvraag",
        "303 /partij",
        "409",
        who="officer",
        texts=("naam",),
        choices=("rol",),
        optional=("website", "over"),
        free=("naam", "over"),
        kept=("naam", "over"),
        sends=fields(naam=NASTY, rol="supplier", website="", over=NASTY),
    ),
    Form(
        "/partij/bewijs/<any(contract, dpia, overzicht, contact):part>",
        "303 /partij/bewijs",
        "303 /partij/bewijs",
        who="officer",
        texts=("adres",),
        kept=("adres",),
    ),
    button("/partij/bewijs/indienen", "303 /partij/bewijs", "303 /partij/bewijs", who="officer"),
    Form("/partij/kies", "303 /partij", "303 /partij", who="officer"),
    Form("/partij/proef", "200", "200", who="officer"),
    Form("/partij/sleutels/sleutel", "400", "400", who="officer", texts=("sleutel",)),
    Form("/partij/sleutels/programma", "400", "400", who="officer", texts=("sleutel",)),
    Form("/partij/sleutels/einde", DEED, "404", who="officer", why="of a key", optional=("zeker",)),
    button("/partij/webhooks/proef", "303 /partij/webhooks", "303 /partij/webhooks", who="officer"),
    Form("/partij/webhooks/opnieuw", "409", "409", who="officer"),
    Form("/partij/webhooks", "400", "400", who="officer", texts=("adres",), kept=("adres",)),
    Form("/partij/webhooks/weg", "303 /partij/webhooks", "404", who="officer", optional=("zeker",)),
    # ---- the pages of the house's own people ----
    Form(
        "/dienst/dossiers/nieuw",
        "303 /dienst",
        "303 /dienst",
        who="colleague",
        texts=("waarvoor",),
        choices=("soort",),
        free=("waarvoor",),
        kept=("waarvoor",),
        sends=fields(eenmaal="00000000-0000-4000-8000-0000000000dc", soort="question", waarvoor=NASTY),
    ),
    Form("/dienst/dossiers/kijk", None, None, who="colleague"),
    *(
        Form(rule, None, None, who="colleague")
        for rule in (
            "/dienst/dossiers/geef-door",
            "/dienst/medewerkers/nieuw",
            "/dienst/medewerkers/vertrokken",
            "/dienst/beheer",
            "/dienst/toestellen",
            "/dienst/toestellen/einde",
        )
    ),
    Form(
        "/dienst/loket",
        "303 /dienst/loket/*",
        "303 /dienst/loket/*",
        who="colleague",
        texts=("waarover",),
        choices=("weg", "wie"),
        free=("waarover",),
        kept=("waarover",),
        sends=fields(
            eenmaal="00000000-0000-4000-8000-0000000000de", weg="visit", wie="customer", waarover=NASTY
        ),
    ),
    Form("/dienst/loket/ocmw", None, None, who="colleague"),
    Form("/dienst/loket/opnames", "409", "409", who="colleague"),
    *(
        Form(f"/dienst/loket/<reference>/{act}", None, None, who="colleague")
        for act in (
            "wie",
            "kijk",
            "ean",
            "leverancier",
            "verbruik",
            "dossier",
            "sluit",
            "geven",
            "intrekken",
            "recht",
            "ontgrendel",
            "bewaar",
        )
    ),
    Form("/dienst/dossiers/sluit", None, None, who="colleague"),
    Form("/dienst/rechten/<uuid:request_id>/antwoord", None, None, who="colleague"),
    Form("/dienst/rechten/<uuid:request_id>/uitstel", None, None, who="colleague"),
    Form(
        "/dienst/medewerkers",
        "404",
        "404",
        who="colleague",
        texts=("waarvoor",),
        free=("waarvoor",),
        kept=("waarvoor",),
        sends=fields(medewerker="{t.new_invitation}", rol="desk", waarvoor=NASTY),
    ),
    Form(
        "/dienst/registers/<register>/nieuw",
        "303 /dienst/registers/stuk/*",
        "303 /dienst/registers/stuk/*",
        who="colleague",
        texts=("title", "file_sha256", "reasoning"),
        optional=("market_sensitive",),
        free=("title", "reasoning"),
        kept=("title", "reasoning"),
        sends=fields(
            eenmaal="00000000-0000-4000-8000-0000000000da",
            title=NASTY,
            file_sha256="ab" * 32,
            favours_nobody="ja",
            reasoning=NASTY,
        ),
    ),
    Form(
        "/dienst/documenten",
        "303 /dienst/documenten/*",
        "303 /dienst/documenten/*",
        who="colleague",
        choices=("soort",),
        texts=("van", "tot"),
        each_time=True,
        sends=fields(soort="confidentiality_report", van="2023-01-01", tot="2023-12-31"),
    ),
    Form(
        "/toezicht/documenten",
        "303 /toezicht/documenten/*",
        "303 /toezicht/documenten/*",
        who="inspector",
        choices=("soort",),
        texts=("van", "tot"),
        each_time=True,
        sends=fields(soort="evidence", van="2023-01-01", tot="2023-12-31"),
    ),
    Form("/dienst/registers/stuk/<uuid:record_id>/beslissen", None, None, who="colleague"),
    Form("/dienst/registers/stuk/<uuid:record_id>/sluiten", None, None, who="colleague"),
    Form("/dienst/medewerkers/goedkeuren", None, None, who="colleague"),
    Form("/dienst/medewerkers/bevestigen", None, None, who="colleague"),
    Form(
        "/dienst/rijksregister",
        "404",
        "404",
        who="colleague",
        texts=("dossier", "waarom", "naam"),
        free=("waarom",),
        kept=("waarom",),
        sends=fields(
            eenmaal="00000000-0000-4000-8000-0000000000db", dossier="Z1", waarom=NASTY, naam="Petra"
        ),
    ),
    Form("/dienst/rijksregister/beslis", None, None, who="colleague"),
    Form(
        "/dienst/rijksregister/nagekeken",
        "303 /dienst/rijksregister",
        "303 /dienst/rijksregister",
        who="colleague",
    ),
    Form("/dienst/medewerkers/einde", None, None, who="colleague"),
    # ---- the inspector's pages ----
    Form(
        "/toezicht/inzage",
        "400",
        "400",
        who="inspector",
        texts=("van", "tot", "taak"),
        free=("taak",),
        kept=("taak",),
        sends=fields(van="2023-10-01", tot="2023-09-01", taak=NASTY),
    ),
    Form(
        "/toezicht/klachten",
        "303 /toezicht/klachten/*",
        "303 /toezicht/klachten/*",
        who="inspector",
        texts=("dossier", "van", "tot"),
        choices=("wie",),
        kept=("dossier",),
        sends=fields(
            eenmaal="00000000-0000-4000-8000-0000000000df",
            dossier="Dossier-17",
            wie="own",
            partij="{t.offering}",
            van="2023-10-01",
            tot="2023-10-31",
        ),
    ),
    Form("/toezicht/klachten/<uuid:complaint_id>/bewijs", None, None, who="inspector"),
    Form("/toezicht/klachten/<uuid:complaint_id>/sluiten", None, None, who="inspector"),
    Form("/toezicht/koppelingen", None, None, who="inspector"),
    Form("/toezicht/koppelingen/antwoord", None, None, who="inspector"),
    Form("/toezicht/koppelingen/noodzaak", None, None, who="inspector"),
    Form(
        "/toezicht/twijfel",
        None,
        None,
        who="inspector",
        texts=("ean", "dossier"),
        choices=("wat",),
        free=("dossier",),
        kept=("dossier",),
        sends=fields(
            melding="{t.new_invitation}",
            ean="{t.ean}",
            partij="{t.offering}",
            wat="other",
            dossier=NASTY,
        ),
    ),
    # ---- in whose name, and which log-in: last, for they change who one is ----
    button("/mijn/verder/niet", "303 /mijn", "303 /mijn"),
    button("/mijn/namens/<uuid:representation_id>", "404", "404"),
    button(
        "/mijn/aanmeldingen/<uuid:session_id>/stoppen", "303 /mijn/aanmeldingen", "303 /mijn/aanmeldingen"
    ),
    button("/mijn/namens/uzelf", "303 /mijn/namens", "303 /mijn/namens"),
    button("/mijn/aanmeldingen/andere-stoppen", "303 /mijn/aanmeldingen", "303 /mijn/aanmeldingen"),
    button("/afmelden", "303 /", "303 /", is_lenient=True),
)
"""In the order of the walk: a thing is sent well before it is used up, and who one is changes last."""

DEMO_ONLY = {
    "POST /demo/opnieuw",
    "POST /demo/dienst/lees",
    "POST /demo/dienst/vraag",
    "POST /toezicht/knoeien",
}
"""Of the demo alone, with invented people: its own journeys press these."""
