"""Every page of the site in every state that it has: who goes where, and what he presses there.

A page that shows somebody's browser gets a line here; `test_every_page` fails for one that has none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.linking import EAN, METER, NOWHERE
from tests.web.every_page.story import Story, linking_closed, some_time_later, too_busy

Act = Callable[[Page, Mapping[str, str]], object]
"""What somebody does at a page, knowing the story's facts; done when the answer is seen."""


@dataclass(frozen=True)
class Place:
    """One page in one state."""

    name: str
    """Of its pictures, and of what fails here."""
    who: str
    """Whose browser, as `story` logged him in; `nobody` is logged in nowhere."""
    path: str
    """Its address, with `{names}` of the story's facts."""
    status: int = 200
    do: Act = lambda page, facts: None
    """What is pressed there."""
    during: Callable[[Story], AbstractContextManager[None]] = nullcontext
    """What goes on in the house meanwhile."""
    is_outside_demo: bool = False
    """Whether it is a page of a site that is no demo."""


def press(name: str, *, exact: bool = False) -> Act:
    """Press the first button of this name, and wait for the page that answers."""

    def do(page: Page, facts: Mapping[str, str]) -> None:
        with page.expect_navigation():
            page.get_by_role("button", name=name, exact=exact).first.click()

    return do


def send(button: str, **filled: str) -> Act:
    """Fill fields in, by the names that they have in the form, and press its button."""

    def do(page: Page, facts: Mapping[str, str]) -> None:
        for name, value in filled.items():
            page.locator(f"main [name='{name}']").first.fill(value.format(**facts))
        press(button)(page, facts)

    return do


def picks(*buttons: str) -> Act:
    """Say what a party may have, as a business does; then press these, one after the other."""

    def do(page: Page, facts: Mapping[str, str]) -> None:
        for name in ("fijn", "richting", "periode", "duur"):
            choices = page.locator(f"main input[name='{name}']")
            if choices.count():
                choices.first.check()
        for button in ("Verder naar uw aansluitingen", *buttons):
            press(button)(page, facts)

    return do


def errs(button: str, **filled: str) -> Act:
    """Send a form that must come back with an error summary whose links lead to a field."""

    def do(page: Page, facts: Mapping[str, str]) -> None:
        send(button, **filled)(page, facts)
        summary = page.get_by_role("alert")
        expect(summary).to_be_visible()
        targets = summary.locator("a[href^='#']").evaluate_all(
            "(links, field) => links.map(link => document.getElementById(link.hash.slice(1))?.matches(field))",
            "input, select, textarea, button",
        )
        assert all(targets), "the error summary does not lead into a field"

    return do


def answered(button: str, **filled: str) -> Act:
    """Take the first answer to each question of a form that ticks nothing in advance, and press its button."""

    def do(page: Page, facts: Mapping[str, str]) -> None:
        for question in page.locator("main form fieldset").all():
            question.locator("input").first.check()
        send(button, **filled)(page, facts)

    return do


def then(*acts: Act) -> Act:
    """One thing after another, each on the page that the one before leads to."""

    def do(page: Page, facts: Mapping[str, str]) -> None:
        for act in acts:
            act(page, facts)

    return do


def sent_too_late(**filled: str) -> Act:
    """Send the form when the session has ended, log in anew, and see what was kept of it."""

    def do(page: Page, facts: Mapping[str, str]) -> None:
        for name, value in filled.items():
            page.locator(f"main [name='{name}']").fill(value)
        form = page.locator("main form").last
        written = form.evaluate("form => Object.fromEntries(new FormData(form))")
        address = form.evaluate("form => form.action")
        site = page.url.split("/mijn")[0]
        for session in ("ended", "anew"):
            page.context.add_cookies([{"name": "session", "value": facts[session], "url": site}])
            if session == "ended":
                refused = page.context.request.post(address, form=written, max_redirects=0)
                assert refused.headers["location"] == "/aanmelden?eerst=1"
        page.goto(f"{site}/mijn/verder")

    return do


def opened(page: Page, facts: Mapping[str, str]) -> None:
    """Open everything that folds."""
    for summary in page.locator("main summary").all():
        summary.click()


NOT_PAGES = {
    "api-docs": "an answer for programs",
    "market-api": "answers for programs",
    "facade": "answers for programs",
    "health": "answers for programs",
    "static": "files",
    "favicon": "a file",
}
"""Areas without pages. Single addresses elsewhere that hand out a file are known by what they answer."""

FILES = {
    "oversight.figures",
    "oversight_registers.as_json",
    "oversight_registers.as_csv",
    "oversight_documents.as_json",
    "bases.as_json",
    "retention.as_json",
    "joins.as_json",
    "joins.note",
    "joins.content",
    "joins.necessities",
    "log.checkpoint",
    "log.growth",
    "log.policy",
    "log.tile",
    "log.vkey",
    "oversight_clocks.as_json",
    "parties.as_json",
    "privacy.as_json",
    "points.receipts",
    "proofs.download",
    "reads.readable_receipt",
    "reads.receipt",
    "statistics.as_json",
    "statistics.table",
    "statistics.table_as_json",
    "statistics.receipt",
    "statistics.report",
    "validation.as_json",
    "login.begin",  # leads to the identity provider
}
"""Addresses that hand out a file or lead elsewhere."""

PUBLIC = (
    Place("public-demo-start", "nobody", "/"),
    Place("public-start", "nobody", "/", is_outside_demo=True),
    Place("public-ledger", "nobody", "/ledger", do=opened),
    Place("public-register", "nobody", "/register"),
    Place("public-bases", "nobody", "/grondslagen"),
    Place("public-joins", "nobody", "/joins"),
    Place("public-validation", "nobody", "/meetwaarden"),
    Place("public-privacy", "nobody", "/privacy"),
    Place("public-retention", "nobody", "/bewaartermijnen"),
    Place("public-statistics", "nobody", "/statistieken"),
    Place("public-statistics-month", "nobody", "/statistieken/{release}"),
    Place("public-problems", "nobody", "/problems"),
    Place("public-problem", "nobody", "/problems/queue-full"),
    Place("public-deprecations", "nobody", "/deprecations"),
    Place("demo-party", "nobody", "/demo/dienst?wie=advice"),
    Place("demo-party-answer", "nobody", "/demo/dienst?wie=advice", do=press("Vraag toestemming")),
    Place("demo-postbox", "nobody", "/demo/postbus", do=opened),
    Place("demo-reset", "nobody", "/demo/opnieuw"),
    Place("error-not-found", "nobody", "/nergens", 404),
    Place("error-link-dead", "lotte", "/verbruik/dienstverlener?id=nergens", 404),
    Place("log-in-first", "nobody", "/aanmelden?eerst=1"),
    Place("login-failed", "nobody", "/aanmelden/terug?state=x", 400),
    Place("ean-code", "nobody", "/ean-code"),
    Place(
        "ean-code-error",
        "nobody",
        "/ean-code",
        do=errs("Stuur mij de EAN-code", meter="1SAG1", postcode="90"),
    ),
    Place(
        "ean-code-asked",
        "nobody",
        "/ean-code",
        do=send(
            "Stuur mij de EAN-code", meter="1SAG0", name="Nel Niemand", street="Nergens 1", postcode="9000"
        ),
    ),
    Place("letter", "nobody", "/brief"),
    Place("letter-error", "nobody", "/brief", do=send("Toon de vraag", code="K7QX")),
    Place("letter-unknown", "nobody", "/brief", do=send("Toon de vraag", code="{unknown_code}")),
    Place("letter-request", "nobody", "/brief", do=send("Toon de vraag", code="{letter}")),
)

FIRST_VISIT = (
    Place("overview-empty", "nele", "/mijn"),
    Place("messages-empty", "nele", "/mijn/berichten"),
    Place("messages-empty-filter", "nele", "/mijn/berichten?toon=nieuw"),
    Place("reads-empty", "nele", "/mijn/gelezen"),
    Place("permissions-empty", "nele", "/mijn/toestemmingen"),
    Place("consumption-empty", "nele", "/mijn/verbruik"),
    Place("ports-empty", "nele", "/mijn/poorten"),
    Place("rights-empty", "nele", "/mijn/rechten"),
    Place("erasing-empty", "nele", "/mijn/wissen"),
    Place("proofs-empty", "nele", "/mijn/bewijzen"),
    Place("doubts-empty", "nele", "/mijn/twijfel"),
    Place("representing-empty", "nele", "/mijn/namens"),
    Place("download-empty", "nele", "/mijn/verbruik/bestand"),
    Place("linking", "rosa", "/mijn/aansluiting"),
    Place("linking-error", "rosa", "/mijn/aansluiting", do=errs("Koppelen", ean="123")),
    Place("linking-failed", "rosa", "/mijn/aansluiting", do=send("Koppelen", ean=NOWHERE, meter="1SAG0")),
    Place("linking-letter", "rosa", "/mijn/aansluiting/brief"),
    Place("linking-letter-error", "rosa", "/mijn/aansluiting/brief", do=errs("Stuur de brief", ean="123")),
    Place("linking-code", "rosa", "/mijn/aansluiting/brief", do=send("Stuur de brief", ean=EAN)),
    Place("linking-code-error", "rosa", "/mijn/aansluiting/code", do=errs("Verder", code="K7QX")),
    Place("linking-closed", "rosa", "/mijn/aansluiting", during=linking_closed),
    Place("linking-locked", "karel", "/mijn/aansluiting"),
    Place("linking-done", "rosa", "/mijn/aansluiting", do=send("Koppelen", ean=EAN, meter=METER)),
    Place("linking-done-again", "rosa", "/mijn/aansluiting/klaar"),
    Place("overview-one", "maria", "/mijn"),
)

LIVING_HERE = (
    Place("overview-many", "lotte", "/mijn"),
    Place("messages", "lotte", "/mijn/berichten"),
    Place("messages-of-permissions", "lotte", "/mijn/berichten?toon=toestemmingen"),
    Place("message-settings", "lotte", "/mijn/berichten/instellingen"),
    Place(
        "message-settings-error",
        "lotte",
        "/mijn/berichten/instellingen",
        do=errs("Stuur mij een code", email="geen adres"),
    ),
    Place("reads", "lotte", "/mijn/gelezen?soort=alles"),
    Place("reads-why", "lotte", "/mijn/gelezen/{read}/waarom"),
    Place("history", "lotte", "/mijn/historiek"),
    Place("history-empty", "nele", "/mijn/historiek"),
    Place("reading-frequency", "lotte", "/mijn/uitlezing"),
    Place("reading-frequency-empty", "nele", "/mijn/uitlezing"),
    Place("permissions", "lotte", "/mijn/toestemmingen"),
    Place("permission", "lotte", "/mijn/toestemming/{active}"),
    Place("permission-ended", "lotte", "/mijn/toestemming/{withdrawn}"),
    Place("permission-beside", "lotte", "/mijn/toestemming/{active}/ook"),
    Place("permission-beside-error", "lotte", "/mijn/toestemming/{active}/ook", do=errs("Ook hiervoor")),
    Place("permission-renewal", "lotte", "/mijn/toestemming/{renewable}/verlengen"),
    Place("request-waiting", "lotte", "/mijn/vraag/{waiting}"),
    Place("request-brought", "lotte", "/mijn/vraag/{brought}"),
    Place("request-by-link", "lotte", "/verbruik/dienstverlener?id={link}"),
    Place("request-answered", "lotte", "/mijn/vraag/{active}/antwoord"),
    Place("consumption", "lotte", "/mijn/verbruik?adres={electricity}&dag=2023-10-29"),
    Place("consumption-nothing", "lotte", "/mijn/verbruik?dag=2023-12-01"),
    Place("consumption-not-here", "lotte", "/mijn/verbruik?dag=2019-01-01"),
    Place("consumption-error", "lotte", "/mijn/verbruik?dag=gisteren", 400),
    Place("download", "lotte", "/mijn/verbruik/bestand"),
    Place("ports", "lotte", "/mijn/poorten"),
    Place("port-opening", "lotte", "/mijn/poorten/{electricity}/{meter}/S1/openen"),
    Place("proofs", "lotte", "/mijn/bewijzen"),
    Place("proofs-error", "lotte", "/mijn/bewijzen?van=gisteren", 400),
    Place("rights", "lotte", "/mijn/rechten"),
    Place("rights-rectification", "lotte", "/mijn/rechten/verbeteren"),
    Place("rights-rectification-error", "lotte", "/mijn/rechten/verbeteren", do=errs("Stuur mijn verzoek")),
    Place("rights-objection", "lotte", "/mijn/rechten/bezwaar", do=opened),
    Place("rights-everything", "lotte", "/mijn/rechten/alles"),
    Place("erasing", "lotte", "/mijn/wissen"),
    Place("doubts", "lotte", "/mijn/twijfel"),
    Place("doubt", "lotte", "/mijn/twijfel/{case}"),
    Place("doubt-form", "lotte", "/mijn/gelezen/{read}/twijfel"),
    Place("doubt-form-error", "lotte", "/mijn/toestemming/{active}/twijfel", do=errs("Meld en blokkeer")),
    Place("sign-ins", "lotte", "/mijn/aanmeldingen"),
    Place("error-not-there", "lotte", "/mijn/nergens", 404),
    Place("attorneys", "lotte", "/mijn/volmacht"),
    Place("attorney-give", "lotte", "/mijn/volmacht/geven"),
    Place("attorney-give-error", "lotte", "/mijn/volmacht/geven", do=errs("Verder")),
    Place("attorney-invited", "maria", "/mijn/volmacht"),
    Place("attorney-check", "maria", "/mijn/volmacht/geven", do=answered("Verder", naam="Jan Peeters")),
    Place("attorney-code", "maria", "/mijn/volmacht/code"),
    Place("attorney-code-error", "maria", "/mijn/volmacht/code", do=errs("Verder", code="K7QX")),
    Place("attorney-offered", "nele", "/mijn/volmacht/code", do=send("Verder", code="{attorney_code}")),
    Place(
        "attorney-held",
        "nele",
        "/mijn/volmacht/code",
        do=then(send("Verder", code="{attorney_code}"), press("Ja, ik neem ze aan")),
    ),
    Place("attorney-acting", "nele", "/mijn/volmacht", do=press("Handelen namens")),
    Place("choosing", "lotte", "/mijn/kiezen"),
    Place("choosing-nobody", "lotte", "/mijn/kiezen?naam=niemand"),
    Place("choosing-why", "lotte", "/mijn/kiezen/{party}"),
    Place("choosing-what", "lotte", "/mijn/kiezen/{party}/energy_advice"),
    Place("choosing-error", "lotte", "/mijn/kiezen/{party}/energy_advice", do=errs("Kijk mijn keuze na")),
    Place(
        "choosing-check",
        "lotte",
        "/mijn/kiezen/{party}/energy_advice",
        do=answered("Kijk mijn keuze na"),
    ),
    Place(
        "choosing-done",
        "lotte",
        "/mijn/kiezen/{party}/energy_advice",
        do=then(answered("Kijk mijn keuze na"), press("Toestaan")),
    ),
    Place("consumption-year", "lotte", "/mijn/verbruik?adres={electricity}&dag=2023-10-29&periode=jaar"),
    Place("consumption-busy", "lotte", "/mijn/verbruik", 503, during=too_busy),
    Place("resuming-nothing", "lotte", "/mijn/verder"),
    Place(
        "resuming",
        "lotte",
        "/mijn/toestemming/{active}/twijfel",
        do=sent_too_late(uitleg="Ik ken deze dienst niet."),
    ),
    Place("representing", "theo", "/mijn/namens"),
    Place("represented-overview", "tess", "/mijn"),
    Place("represented-messages", "tess", "/mijn/berichten/instellingen"),
    Place("business", "els", "/mijn/punten"),
    Place("business-nothing-found", "els", "/mijn/punten?zoek=nergens"),
    Place("business-without-points", "wim", "/mijn/punten"),
    Place("business-withdraw", "els", "/mijn/punten/intrekken/{party}"),
    Place(
        "business-withdraw-error", "els", "/mijn/punten/intrekken/{party}", do=press("Trek in wat ik koos")
    ),
    Place("giving", "els", "/mijn/kiezen/{party}/energy_advice"),
    Place("giving-which", "els", "/mijn/kiezen/{party}/energy_advice", do=picks()),
    Place("giving-which-error", "els", "/mijn/kiezen/{party}/energy_advice", do=picks("Kijk mijn keuze na")),
    Place(
        "giving-check",
        "els",
        "/mijn/kiezen/{party}/energy_advice",
        do=picks("Kies alle", "Kijk mijn keuze na"),
    ),
    Place("moved-out-overview", "dirk", "/mijn"),
    Place("moved-out-consumption", "dirk", "/mijn/verbruik"),
    Place("moved-out-erasing", "dirk", "/mijn/wissen"),
)

CONFIRMED = (
    Place("overview-withdrawn", "lotte", "/mijn", do=press("Intrekken van de toestemming van Zonnewijzer")),
)

LATER = (
    Place(
        "showing-anew",
        "maria",
        "/mijn/volmacht/geven",
        do=then(answered("Verder", naam="Jan Peeters"), press("Ja, maak de uitnodiging")),
        during=some_time_later,
    ),
)
"""Last, for the clock of the house goes on."""

PARTIES = (
    Place("party-new", "yusuf", "/partij"),
    Place("party-apply", "yusuf", "/partij/aanvraag"),
    Place("party-begun", "sanne", "/partij"),
    Place("party-begun-keys", "sanne", "/partij/sleutels"),
    Place("party-begun-hooks", "sanne", "/partij/webhooks"),
    Place("party-begun-usage", "sanne", "/partij/gebruik"),
    Place("party-begun-try", "sanne", "/partij/proef"),
    Place("party", "nora", "/partij"),
    Place("party-evidence", "nora", "/partij/bewijs"),
    Place("party-evidence-kept", "nora", "/partij/bewijs", do=press("Bewaar het adres")),
    Place(
        "party-evidence-error",
        "nora",
        "/partij/bewijs",
        do=errs("Bewaar het adres", adres="zonder https"),
    ),
    Place("party-hand-in", "nora", "/partij/bewijs/indienen"),
    Place("party-keys", "nora", "/partij/sleutels"),
    Place("party-key-end", "nora", "/partij/sleutels", do=press("Beëindig dit programma")),
    Place("party-hooks", "nora", "/partij/webhooks"),
    Place("party-usage", "nora", "/partij/gebruik"),
    Place("party-try", "nora", "/partij/proef"),
    Place("party-try-stops", "nora", "/partij/proef", do=press("Doe de proefoproep")),
    Place("party-not-for-customers", "lotte", "/partij", 403),
)

OVERSIGHT = (
    Place("staff", "petra", "/dienst"),
    Place("staff-case", "petra", "/dienst/dossiers/nieuw"),
    Place("staff-case-lacking", "petra", "/dienst/dossiers/nieuw", do=errs("Open dossier")),
    Place("staff-look", "petra", "/dienst", do=press("Kijk")),
    Place("staff-desk", "petra", "/dienst/loket"),
    Place("staff-desk-lacking", "petra", "/dienst/loket", do=errs("Open contact")),
    Place("staff-contact", "petra", "/dienst/loket/{call}"),
    Place("staff-contact-lacking", "petra", "/dienst/loket/{call}", do=errs("Kijk na wie vraagt")),
    Place("staff-contact-known", "petra", "/dienst/loket/{paper}"),
    Place("staff-contact-case-lacking", "petra", "/dienst/loket/{paper}", do=errs("Open dossier")),
    Place("staff-contact-paper", "petra", "/dienst/loket/{paper}", do=press("Kijk naar de gegevens")),
    Place("staff-contact-none", "petra", "/dienst/loket/Z1", 403),
    Place("staff-ocmw", "petra", "/dienst/loket/ocmw"),
    Place("staff-recordings", "petra", "/dienst/loket/opnames"),
    Place("staff-register", "petra", "/dienst/rijksregister"),
    Place("staff-register-lacking", "petra", "/dienst/rijksregister", do=errs("Teken en vraag")),
    Place("staff-people", "petra", "/dienst/medewerkers"),
    Place("staff-people-lacking", "petra", "/dienst/medewerkers", do=errs("Vraag de rol")),
    Place("staff-leavers-lacking", "petra", "/dienst/medewerkers/vertrokken", do=errs("Sluit af")),
    Place(
        "staff-hand-on-lacking",
        "petra",
        "/dienst/dossiers/geef-door?dossier={file}",
        do=errs("Geef door"),
    ),
    Place("staff-account-lacking", "ada", "/dienst/medewerkers/nieuw", do=errs("Maak het account")),
    Place("staff-systems-lacking", "ada", "/dienst/beheer", do=errs("Sluit koppelen van een aansluiting")),
    Place("staff-devices-lacking", "ada", "/dienst/toestellen", do=errs("Registreer")),
    Place("staff-other-role", "jonas", "/dienst/dossiers/nieuw", 403),
    Place("staff-rights", "hilde", "/dienst/rechten"),
    Place("staff-right-lacking", "hilde", "/dienst/rechten/{right}", do=errs("Verstuur het antwoord")),
    Place("staff-trail", "hilde", "/dienst/wie-keek?wie={colleague}"),
    Place("staff-registers", "hilde", "/dienst/registers"),
    Place("staff-register", "hilde", "/dienst/registers/assessment"),
    Place("staff-record", "hilde", "/dienst/registers/stuk/{assessment}"),
    Place("staff-record-lacking", "hilde", "/dienst/registers/stuk/{assessment}", do=errs("Weiger")),
    Place("staff-write-lacking", "hilde", "/dienst/registers/assessment/nieuw", do=errs("Schrijf op")),
    Place("staff-documents-lacking", "hilde", "/dienst/documenten", do=errs("Maak het document")),
    Place("staff-document", "hilde", "/dienst/documenten/{document}"),
    Place("oversight-documents", "ines", "/toezicht/documenten"),
    Place("oversight-document", "ines", "/toezicht/documenten/{document}"),
    Place("oversight-registers", "ines", "/toezicht/registers"),
    Place("oversight-register", "ines", "/toezicht/registers/breach"),
    Place("oversight-record", "ines", "/toezicht/registers/stuk/{breach}"),
    Place("oversight", "ines", "/toezicht"),
    Place("oversight-staff", "ines", "/toezicht/medewerkers"),
    Place("oversight-staff-trail", "ines", "/toezicht/medewerkers?wie={colleague}"),
    Place("oversight-ledger", "ines", "/toezicht/logboek"),
    Place(
        "oversight-inspection",
        "ines",
        "/toezicht/inzage",
        do=send("Openen en controleren", taak="Dossier 17", van="{today}", tot="{today}"),
    ),
    Place("oversight-complaints", "ines", "/toezicht/klachten", do=errs("Klacht openen")),
    Place("oversight-complaint", "ines", "/toezicht/klachten/{complaint}", do=errs("Klacht sluiten")),
    Place("oversight-clocks", "ines", "/toezicht/termijnen"),
    Place("oversight-doubt", "ines", "/toezicht/twijfel"),
    Place("oversight-joins", "ines", "/toezicht/koppelingen"),
    Place(
        "oversight-joins-done", "ines", "/toezicht/koppelingen", do=press("Voer uit de statistiek per maand")
    ),
    Place(
        "oversight-joins-refused",
        "ines",
        "/toezicht/koppelingen",
        do=press("Probeer toch verbruik naast adressen te leggen"),
    ),
    Place("oversight-messages", "ines", "/toezicht/berichten"),
    Place("oversight-tampering", "ines", "/toezicht/knoeien"),
    Place(
        "oversight-tampered", "ines", "/toezicht/knoeien", do=press("Vervals de kopie : Verander een regel")
    ),
    Place("oversight-not-for-customers", "lotte", "/toezicht", 403),
)

PLACES = (*PUBLIC, *FIRST_VISIT, *LIVING_HERE, *PARTIES, *OVERSIGHT, *CONFIRMED, *LATER)
