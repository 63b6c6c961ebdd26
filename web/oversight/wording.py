"""The Dutch of the inspector's pages: one plain phrase per code."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask

from databeheer.access import catalogue
from databeheer.access.explain import Language, citation_text, reason_sentence
from databeheer.access.reasons import ReasonCode
from databeheer.joins.explain import wish_nl
from databeheer.joins.reasons import SENTENCES, JoinReason
from web import saying
from web.erasing_words import REASONS as ERASURE_REASONS
from web.staff.wording import DESK_EVENTS

CHECKS = {
    "signature": "de handtekening onder het logboek",
    "memory": "het geheugen: het logboek mag niet korter zijn dan vroeger",
    "entries": "elke regel opnieuw berekend, met de keten van regel naar regel",
    "edge": "het einde van het logboek",
    "sample": "regels van hier en daar, elk met een bewijs",
    "continuity": "het geheugen: het logboek moet nog beginnen zoals vroeger",
    "bodies": "wat elke regel zegt, naast wat hij vastlegt",
    "database": "de databank naast wat gepubliceerd is, met de keten van regel naar regel",
}
"""What each check of `ledger verify` and `databeheer ledger audit` looks at."""


FINDINGS = {
    "no-permission": "gelezen zonder toestemming. In het logboek staat er geen.",
    "other-party": "gelezen met de toestemming van een andere partij.",
    "other-subject": "gelezen met de toestemming van een andere klant.",
    "before-permission": "gelezen voor de toestemming gegeven was.",
    "after-end": "gelezen nadat de toestemming ingetrokken of afgelopen was.",
    "while-blocked": "gelezen terwijl de toestemming geblokkeerd was.",
    "wider-than-permission": "meer of fijner gelezen dan toegestaan was.",
    "outside-permission": "dagen gelezen waarvoor geen toestemming was.",
    "unknown-ground": "gelezen op een grond die niet in de lijst van gronden staat.",
    "unreadable": "wat er staat, is niet te lezen.",
    "does-not-belong": "wat geopend werd, hoort niet bij deze regel van het logboek.",
    "withheld": "gelezen met toestemming, maar over wie het gaat werd niet geopend.",
    "nothing-given": "voor deze dagen kreeg u geen enkele regel. Dat toont niet dat er geen zijn.",
    "left-out": "deze regel werd niet gegeven.",
    "erased-without-entry": "heet gewist, maar het logboek kent die wissing niet.",
    "tally-differs": "het aantal dat databeheer hier telt, past niet bij wat de regel zegt.",
    "erased-differs": "volgens deze regel werd iets anders gewist dan wat nu gewist heet.",
    "erased-undecided": "deze wissing nam regels weg, maar besliste over geen enkele regel.",
    "not-erased": "heet gewist volgens het logboek, maar de inhoud is er nog.",
    "erasure-unfinished": "het wissen is nog bezig. Kijk over enkele minuten opnieuw.",
    "erasure-left-out": "gaat over een wissing die niet meegegeven werd.",
}
"""What an audit of contents found, by its code."""
AUDIT_EVENTS = {
    "data.read": "gelezen",
    "data.refused": "geweigerd",
    "join.run": "koppeling uitgevoerd",
    "join.refused": "koppeling geweigerd",
    "audit.opened": "inzage door de toezichthouder",
}
STAFF_REFUSED = {
    "look": "kijken naar een klant",
    "contact": "een contact aan het loket openen, of er iets in doen",
    "case": "een dossier sluiten of doorgeven",
    "register": "het rijksregister raadplegen voor een dossier",
    "ean": "een aansluiting zoeken met een EAN-code",
    "log-in": "aanmelden",
    "session": "verder werken op een ander toestel",
}
STAFF_REASONS = {
    "no_such_case": "dit dossier bestaat niet",
    "closed": "het dossier is gesloten",
    "not_yours": "het dossier is van iemand anders",
    "about_nobody": "het dossier gaat over geen klant",
    "nobody_identified": "niemand ging na wie vraagt, en het is geen dossier van dit werk",
    "mandate_ended": "wie belde, mag niet meer optreden voor de klant",
    "moved_out": "de klant woont er niet meer",
    "role_needed": "de rol ontbrak",
    "unknown_point": "die aansluiting is er niet",
    "locked": "te veel codes die er niet zijn, op één dag",
    "blocked": "het account is geblokkeerd",
    "unknown_device": "geen toestel van het huis",
}
STAFF_EVENTS = DESK_EVENTS | {
    "data.read": "keek naar een klant",
    "data.refused": "wou naar een klant kijken",
    "staff.logged_in": "meldde zich aan",
    "staff.account.added": "maakte een account",
    "staff.account.papers": "noteerde clausule of opleiding",
    "staff.role.asked": "vroeg een rol",
    "staff.role.given": "keurde een rol goed",
    "staff.role.ended": "stopte een rol",
    "staff.role.confirmed": "bevestigde een rol",
    "staff.account.ended": "beëindigde een account",
    "staff.leavers.taken": "gaf door wie vertrok",
    "staff.hr_checked": "vergeleek accounts met HR",
    "staff.device.registered": "registreerde een toestel",
    "staff.device.ended": "haalde een toestel weg",
    "staff.register.asked": "vroeg een raadpleging van het rijksregister",
    "staff.register.judged": "besliste over een raadpleging",
    "staff.register.answered": "noteerde een raadpleging",
    "staff.register.reviewed": "keek de raadplegingen na",
    "right.opened": "las een vraag over eigen gegevens",
    "right.extended": "nam meer tijd voor een vraag over eigen gegevens",
    "right.accepted": "willigde een vraag over eigen gegevens in",
    "right.refused": "weigerde een vraag over eigen gegevens",
    "staff.case.opened": "opende een dossier",
    "staff.case.handed_on": "gaf een dossier door",
    "staff.case.closed": "sloot een dossier",
}
"""What staff were refused and why, and what they did, by their codes."""


@dataclass(frozen=True)
class Tampering:
    """One button: what it does, in which steps, and who could do so."""

    kind: str
    title: str
    does: str
    thief: str


TAMPERINGS = (
    Tampering(
        "change",
        "Verander een regel",
        "Eén regel krijgt een andere inhoud, in de databank en in het gepubliceerde logboek.",
        "Dit kan wie alle rechten heeft op de server, maar niet de sleutel van het logboek.",
    ),
    Tampering(
        "remove",
        "Haal een regel weg",
        "Eén regel verdwijnt. De regels erna schuiven op, in de databank en in het gepubliceerde logboek.",
        "Dit kan wie alle rechten heeft op de server, maar niet de sleutel van het logboek.",
    ),
    Tampering(
        "swap",
        "Wissel twee regels",
        "Twee regels na elkaar wisselen van plaats, in de databank en in het gepubliceerde logboek.",
        "Dit kan wie alle rechten heeft op de server, maar niet de sleutel van het logboek.",
    ),
    Tampering(
        "rewrite",
        "Schrijf het einde opnieuw, met de echte sleutel",
        "De laatste regels worden vervangen door verzonnen regels. Alles wordt opnieuw berekend en "
        "ondertekend met de echte sleutel van het logboek.",
        "Dit kan alleen wie ook de sleutel van het logboek heeft: wijzelf, of wie ze van ons steelt.",
    ),
    Tampering(
        "rollback",
        "Zet het logboek terug, met de echte sleutel",
        "De laatste regels worden afgeknipt, alsof ze er nooit waren. Het kortere logboek wordt opnieuw "
        "ondertekend met de echte sleutel.",
        "Dit kan alleen wie ook de sleutel van het logboek heeft: wijzelf, of wie ze van ons steelt.",
    ),
)


STAFF_CATEGORIES = {
    "readings": "meetgegevens",
    "technical": "technische gegevens",
    "relational": "relationele gegevens",
    "supply_quality": "leveringsgegevens",
    "records": "logboekgegevens",
}
"""What somebody of the staff looked at, by its category."""


def register(app: Flask) -> None:
    """Give templates the phrases."""
    app.jinja_env.globals.update(
        check_words=CHECKS,
        wish_words=wish_nl,
        finding_words=FINDINGS,
        audit_event_words=AUDIT_EVENTS,
        staff_refused_words=STAFF_REFUSED,
        staff_reason_words=STAFF_REASONS,
        staff_event_words=STAFF_EVENTS,
        staff_category_words=STAFF_CATEGORIES,
        erasure_reason_words=ERASURE_REASONS,
    )
    app.jinja_env.filters["before_evidence"] = before_evidence


def before_evidence(detail: str) -> str:
    """A verifier's words without the folder of its evidence: that is of a scratch copy, and gone by now."""
    return detail.partition("; both signed checkpoints")[0]


JOIN = "join:"
"""What the ground of a join begins with that rests on no law by itself, but on the list."""


def ground_words(event: str, ground: str) -> str:
    """A ground of a read, or the reason of a refusal, as a sentence."""
    if event == "data.refused":
        return reason_sentence(ReasonCode(ground), Language.DUTCH) if ground in set(ReasonCode) else ground
    if event == "join.refused":
        return SENTENCES[JoinReason(ground)][0] if ground in set(JoinReason) else ground
    if ground.startswith(JOIN):
        return f"Een koppeling van de lijst: {ground.removeprefix(JOIN)}."
    known = {row.code: row for row in catalogue.load().rows}
    if ground not in known:
        return ground
    return saying.capitalize_first(
        citation_text(known[ground].citation, Language.DUTCH).removeprefix("Grond: ")
    )
