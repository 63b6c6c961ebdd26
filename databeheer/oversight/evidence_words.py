"""An evidence bundle in words: what each opened entry says in plain Dutch, and each decision with its legal basis.

Pure. The words are the house's reading of the entries; what counts is what the entries themselves say.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from databeheer.access.catalogue import Catalogue
from databeheer.access.explain import Language, citation_text, reason_sentence
from databeheer.access.reasons import ReasonCode
from databeheer.brussels import BRUSSELS
from databeheer.joins.reasons import SENTENCES as JOIN_SENTENCES
from databeheer.joins.reasons import JoinReason
from databeheer.values import Direction, Granularity, parse_instant

DECISIONS = ("data.read", "data.refused", "data.asked", "join.run", "join.refused")
EVENTS = {
    "data.read": "gelezen",
    "data.refused": "geweigerd",
    "data.asked": "gevraagd over veel aansluitingen tegelijk",
    "join.run": "koppeling uitgevoerd",
    "join.refused": "koppeling geweigerd",
    "audit.opened": "inzage door de toezichthouder",
    "permission.requested": "toestemming gevraagd",
    "permission.granted": "toestemming gegeven",
    "permission.rejected": "toestemming geweigerd door de klant",
    "permission.revoked": "toestemming ingetrokken",
    "permission.terminated": "toestemming gestopt door de partij",
    "permission.invalidated": "toestemming gestopt door een verhuizing of een wijziging",
    "permission.expired": "toestemming afgelopen",
    "permission.fulfilled": "toestemming afgelopen: doel bereikt",
    "permission.narrowed": "een deel van de toestemming gestopt",
    "permission.blocked": "toestemming geblokkeerd",
    "permission.unblocked": "toestemming niet meer geblokkeerd",
    "doubt.opened": "twijfel gemeld en partij geblokkeerd",
    "doubt.contacted": "bewijs gevraagd aan de partij",
    "doubt.evidence_shown": "bewijs getoond door de partij",
    "decision.explained": "een beslissing uitgelegd",
}
_ASKERS = {
    "party": "een partij",
    "inspector": "de toezichthouder",
    "customer": "de klant",
    "staff": "een medewerker van de databeheerder",
}
_GRANULARITIES = {
    Granularity.QUARTER_HOUR: "per kwartier",
    Granularity.HOUR: "per uur",
    Granularity.DAY: "per dag",
    Granularity.MONTH: "per maand",
}
_DIRECTIONS = {Direction.OFFTAKE: "afname", Direction.INJECTION: "injectie"}


@dataclass(frozen=True)
class About:
    """What a bundle is of, as its first lines say."""

    reference: str
    scope: str
    days: tuple[str, str]
    made_at: datetime
    look: int
    """The entry that records that the inspector looked."""


def decisions(items: Iterable[Mapping[str, Any]], catalogue: Catalogue, names: Mapping[str, str]) -> bytes:
    """Return the decisions among opened entries as JSON, each with the law that it rests on."""
    found = list(_decisions(items, catalogue, names))
    text = {"v": 1, "catalogue": catalogue.version, "decisions": found}
    return json.dumps(text, sort_keys=True, indent=1, ensure_ascii=False).encode() + b"\n"


def in_words(
    about: About,
    entries: Iterable[Mapping[str, Any]],
    support: Iterable[Mapping[str, Any]],
    catalogue: Catalogue,
    names: Mapping[str, str],
) -> bytes:
    """Return the index: what was asked, and a paragraph for each entry. UTF-8, Dutch, times of Brussels."""
    asked, rest = list(entries), list(support)
    lines = [
        f"Bewijs bij dossier {about.reference}",
        "",
        f"Gekozen: {about.scope}, van {about.days[0]} tot en met {about.days[1]}.",
        f"Gemaakt op {_moment(about.made_at)}. Deze inzage staat zelf op regel {about.look} van het logboek.",
        f"{len(asked)} regels gevraagd, en {len(rest)} regels waarop ze steunen.",
        "",
        "Deze woorden zijn onze lezing. Wat telt, staat in entries.json en wordt nagerekend met:",
        "  ledger bundle verify BESTAND.zip --key SLEUTELS --door-key SLEUTELS",
        "Dat gaat zonder verbinding met ons. SLEUTELS is het bestand met de sleutels van het logboek en van de deur.",
    ]
    for title, items in (("Gevraagd", asked), ("Waarop die regels steunen", rest)):
        lines += ["", title, "-" * len(title)]
        lines += [line for item in items for line in ("", *_paragraph(item, catalogue, names))] or [
            "",
            "Niets.",
        ]
    return ("\n".join(lines) + "\n").encode()


def _decisions(
    items: Iterable[Mapping[str, Any]], catalogue: Catalogue, names: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    for item in items:
        said = shared(item)
        if said is None or said.get("event") not in DECISIONS:
            continue
        party = said.get("party")
        yield {
            "index": item["index"],
            "at": said.get("at"),
            "event": said["event"],
            "party": party,
            "party_name": names.get(party or ""),
            "permission": said.get("permission") or None,
            "asked": said.get("asked"),
            "ground": said.get("ground"),
            "bases": [_basis(code, catalogue) for code in sorted(_codes(said))],
            "sentence_nl": _reason(str(said["event"]), str(said.get("ground", ""))),
        }


def shared(item: Mapping[str, Any]) -> dict[str, Any] | None:
    """What an entry says to all whom it concerns; None where that was erased or is lost."""
    half = item["shared"]
    if half is None or "body" not in half:
        return None
    said: dict[str, Any] = json.loads(b64decode(half["body"]))
    return said


def _paragraph(item: Mapping[str, Any], catalogue: Catalogue, names: Mapping[str, str]) -> Iterator[str]:
    said = shared(item)
    if said is None:
        gone = item["erased"]
        why = f"gewist, zie regel {gone['index']}" if gone else "kwijt: ze werd niet gewist"
        yield f"Regel {item['index']}: de inhoud is {why}."
        return
    event, party = str(said.get("event", "")), str(said.get("party", ""))
    who = names.get(party, party) or _ASKERS.get(str(said.get("asker", "")), "klant of databeheer")
    at = _moment(parse_instant(said["at"])) if "at" in said else "tijd onbekend"
    yield f"Regel {item['index']}, {at}: {who}: {EVENTS.get(event, event)}."
    if isinstance(said.get("asked"), list):
        start, stop = (_moment(parse_instant(bound)) for bound in said["asked"])
        yield f"  Gevraagd van {start} tot {stop}."
    if said.get("granularity"):
        directions = ", ".join(_DIRECTIONS.get(one, one) for one in said.get("directions", []))
        yield f"  Detail: {_GRANULARITIES.get(said['granularity'], said['granularity'])}. Richting: {directions}."
    for code in sorted(_codes(said)):
        basis = _basis(code, catalogue)
        yield f"  {basis['text_nl']} ({code})"
    sentence = _reason(event, str(said.get("ground", "")))
    if sentence:
        yield f"  {sentence}"
    if said.get("permission"):
        yield f"  Toestemming {said['permission']}."
    if said.get("task"):
        yield f"  Taak: {said['task']}."


def _codes(said: Mapping[str, Any]) -> set[str]:
    """The legal bases that a decision names: of each part that left, and of the whole."""
    if said.get("event") in ("data.refused", "join.refused"):
        return set()
    codes = {str(one[2]) for one in said.get("granted") or [] if len(one) > 2}
    return codes | ({str(said["ground"])} if said.get("ground") else set())


def _basis(code: str, catalogue: Catalogue) -> dict[str, Any]:
    row = next((one for one in catalogue.rows if one.code == code), None)
    if row is None:
        return {"code": code, "act": None, "version": None, "article": None, "text_nl": f"Grond: {code}."}
    cited = row.citation
    return {
        "code": code,
        "act": cited.act,
        "version": cited.version,
        "article": cited.article,
        "text_nl": citation_text(cited, Language.DUTCH),
    }


def _reason(event: str, code: str) -> str | None:
    """Why something was refused, as a sentence."""
    if event == "data.refused" and code in set(ReasonCode):
        return reason_sentence(ReasonCode(code), Language.DUTCH)
    if event == "join.refused" and code in set(JoinReason):
        return JOIN_SENTENCES[JoinReason(code)][0]
    return None


def _moment(at: datetime) -> str:
    return f"{at.astimezone(BRUSSELS):%d/%m/%Y %H:%M:%S}"
