"""The portal's Dutch: one plain phrase per code of the domain. A code without words here stops a test."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Flask

COMMODITIES = {"electricity": "elektriciteit", "gas": "gas"}

ROLES = {
    "grid_user": "netgebruiker",
    "person_concerned": "medebewoner",
    "representative": "bewindvoerder",
    "supplier": "energieleverancier",
    "supplier_service": "energieleverancier als energiedienst",
    "energy_service": "energiedienst",
    "aggregator": "dienst voor flexibiliteit",
    "balance_responsible": "evenwichtsverantwoordelijke",
    "shipper": "bevrachter van aardgas",
    "data_manager": "databeheerder",
    "dso": "netbeheerder",
    "transmission_operator": "beheerder van het hoogspanningsnet of vervoernet",
    "other_grid_operator": "naburige netbeheerder",
    "intermediary": "producent of tussenpersoon",
    "energy_community": "energiegemeenschap",
    "authority": "overheid",
    "public_body": "instelling van algemeen belang",
    "welfare_centre": "OCMW",
    "regulator": "toezichthouder",
    "comparison_tool": "vergelijker van de toezichthouder",
    "data_protection_authority": "toezichthouder op persoonsgegevens",
    "processor": "verwerker",
    "staff": "medewerker van de databeheerder",
    "research": "onderzoeker",
    "port_app": "toestel of app aan de gebruikerspoort",
    "landlord": "verhuurder of eigenaar",
    "governance_committee": "comité voor het bestuur van de databeheerder",
}

PURPOSES = {
    "energy_advice": "om u energieadvies te geven",
    "energy_monitoring": "om uw verbruik te volgen en aan u te tonen",
    "flexibility": "om uw verbruik te helpen verschuiven naar betere uren",
    "billing": "om uw factuur te maken",
    "grid_management": "om het net te beheren",
    "supply_quality": "om op te volgen hoe goed uw stroom geleverd wordt",
    "fraud_detection": "om energiefraude te onderzoeken",
    "own_insight": "om uw eigen gegevens te bekijken",
    "supervision": "om toezicht te houden op de energiemarkt",
    "data_management": "om uw meter uit te lezen en uw gegevens te beheren",
    "dynamic_price_billing": "om uw factuur met dynamische prijs te maken",
    "supply_offer": "om u een aanbod te doen",
    "balancing": "om vraag en aanbod op het net in evenwicht te houden",
    "market_facilitation": "om zijn rol in de energiemarkt te vervullen",
    "energy_sharing": "om gedeelde energie te verrekenen",
    "public_task": "om een taak te doen die de wet oplegt",
    "social_assistance": "om u te helpen met uw energie",
    "price_comparison": "om prijzen voor u te vergelijken",
    "processing": "om een opdracht van de databeheerder uit te voeren",
    "case_handling": "om uw vraag te behandelen",
    "data_protection": "om toe te zien op de bescherming van uw gegevens",
}

GRANULARITIES = {
    "quarter_hour": "per kwartier",
    "hour": "per uur",
    "day": "per dag",
    "month": "per maand",
}

REVEALS = {
    "quarter_hour": "Dit laat veel zien. Bijvoorbeeld wanneer u opstaat, wanneer u kookt, "
    "wanneer u niet thuis bent en wanneer u op reis bent.",
    "hour": "Dit laat zien op welke uren u thuis bent en veel verbruikt, en wanneer u op reis bent.",
    "day": "Dit laat zien hoeveel u per dag verbruikt en op welke dagen u weg bent. "
    "Op welk uur u iets doet, is niet te zien.",
    "month": "Dit laat alleen zien hoeveel u in een hele maand verbruikt.",
}

CATEGORIES = {
    "readings": "meetgegevens",
    "technical": "technische gegevens van uw aansluiting en uw meter",
    "relational": "gegevens over uw contract",
    "supply_quality": "hoe goed uw stroom geleverd werd",
}

SUPPLY_TASKS = {
    "operation": "het net veilig uitbaten",
    "fault": "een storing vinden en herstellen",
    "complaint": "een klacht over spanning of stroompannes behandelen",
    "reinforcement": "bekijken waar het net sterker moet",
}
"""For which of its tasks a grid operator looks at the quality of supply."""

STATES = {
    "requested": ("Wacht op u", "waiting"),
    "rejected": ("Geweigerd", "refused"),
    "timed_out": ("Niet op tijd beantwoord", "ended"),
    "active": ("Actief", "active"),
    "to_be_renewed": ("Actief, loopt bijna af", "active"),
    "blocked": ("Geblokkeerd tijdens onderzoek", "refused"),
    "fulfilled": ("Doel bereikt", "ended"),
    "revoked": ("Ingetrokken", "ended"),
    "expired": ("Afgelopen", "ended"),
    "terminated": ("Door de dienst gestopt", "ended"),
    "invalidated": ("Gestopt door verhuizing", "ended"),
    "lapsed": ("Vervallen bij een herstel", "ended"),
}
"""Words and badge of each state of a permission."""

STATES_BY_REASON = {
    "holder_died": "Gestopt door overlijden",
    "mandate_rejected": "Gestopt: papier niet in orde",
    "doubt_not_answered": "Gestopt: niet aangetoond",
    "renewal_overtaken": "Vervallen",
    "party_suspended": "Gestopt: dienst geschorst",
}
"""Words of a state where the reason says more."""

ENDINGS = {
    "rejected": "U, of iemand die er ook woont, heeft de vraag geweigerd.",
    "timed_out": "U hebt niet op tijd geantwoord. De vraag is vervallen.",
    "blocked": "Er is twijfel over deze toestemming. Zolang dat onderzocht wordt, krijgt de dienst geen gegevens.",
    "fulfilled": "Het doel is bereikt. De toestemming is daarmee afgelopen.",
    "revoked": "U, of iemand die er ook woont, heeft de toestemming ingetrokken.",
    "expired": "De afgesproken einddatum is voorbij.",
    "terminated": "De dienst heeft de gegevens niet meer nodig en is zelf gestopt.",
    "invalidated": "U bent op dit adres geen netgebruiker meer. Dan stopt elke toestemming vanzelf.",
    "lapsed": "Wij moesten een reservekopie terugzetten. Daardoor weten wij niet meer zeker of u deze toestemming "
    "intussen had ingetrokken. Daarom geldt ze niet meer. De dienst kan ze u opnieuw vragen.",
}
"""Who ended a permission and why, by its last state."""

ENDINGS_BY_REASON = {
    "longest_term": "De langste termijn was voorbij en u hebt de toestemming niet verlengd.",
    "renewed": "De toestemming is verlengd. Een nieuwe toestemming nam haar plaats in.",
    "renewal_overtaken": "Wat hiermee verlengd zou worden, stopte of veranderde intussen. Daarom verviel deze vraag.",
    "data_period_over": "De gevraagde gegevens lagen vast en de dienst heeft ze kunnen ophalen. Het doel is bereikt.",
    "mandate_not_produced": "De dienst toonde het papier met uw handtekening niet op tijd. Zolang krijgt ze niets.",
    "holder_died": "De netgebruiker is overleden. Dan stopt elke toestemming die hij of zij gaf.",
    "mandate_rejected": "Het papier waarop deze toestemming steunde, was niet in orde.",
    "doubt": "Er is twijfel over deze toestemming. Zolang dat onderzocht wordt, krijgt de dienst geen gegevens.",
    "doubt_not_answered": "Er was twijfel over deze toestemming. De dienst toonde niet op tijd aan dat u ze gaf.",
    "party_suspended": "De dienst voldeed niet meer aan de voorwaarden. Later moet ze het u opnieuw vragen.",
}
"""The same where the reason says more than the state."""

WAITS_FOR_OTHERS = "Wacht op iemand anders"
SIGNERS = {
    "grid_user": "De netgebruiker",
    "natural_person": "Een medebewoner",
    "representative": "De bewindvoerder",
}
"""In which capacity somebody else signs; no names."""
REPRESENTATIVE_OF_YOU = "De bewindvoerder, in uw naam"

YOUR_REPRESENTATIVE = "Uw bewindvoerder"
ONLOOKERS = {
    "holder": "U zelf",
    "resident": "Een huisgenoot",
    "former": "Wie hier vroeger woonde",
    "nobody": "Een andere klant",
    "": "Een klant",
}
"""What a customer who looked was to the stay whose book is read; empty in a line from before that was said."""
REPRESENTATIVE_IN_YOUR_NAME = "de bewindvoerder, in uw naam"
ENDED_BY = {
    ("rejected", "you"): ("Door u geweigerd", "U hebt de vraag geweigerd."),
    ("rejected", "grid_user"): ("Geweigerd door een ander", "De netgebruiker heeft de vraag geweigerd."),
    ("rejected", "person_concerned"): (
        "Geweigerd door een ander",
        "Een medebewoner heeft de vraag geweigerd.",
    ),
    ("rejected", "representative"): (
        "Geweigerd in uw naam",
        "Uw bewindvoerder heeft de vraag in uw naam geweigerd.",
    ),
    ("revoked", "you"): ("Door u ingetrokken", "U hebt de toestemming zelf ingetrokken."),
    ("revoked", "grid_user"): (
        "Ingetrokken door een ander",
        "De netgebruiker heeft de toestemming ingetrokken.",
    ),
    ("revoked", "person_concerned"): (
        "Ingetrokken door een ander",
        "Een medebewoner heeft de toestemming ingetrokken.",
    ),
    ("revoked", "representative"): (
        "Ingetrokken in uw naam",
        "Uw bewindvoerder heeft de toestemming in uw naam ingetrokken.",
    ),
}
"""Words of a refusal and a withdrawal by who of the household it was; one is enough (R4)."""

STEPS = {
    "permission.requested": "Gevraagd",
    "permission.renewal_requested": "Verlenging gevraagd",
    "permission.forwarded": "Doorgestuurd naar de netgebruiker",
    "permission.signed": "Toegestaan; er moet nog iemand toestaan",
    "permission.granted": "Toegestaan, en van toen af geldig",
    "permission.rejected": "Geweigerd",
    "permission.timed_out": "Vervallen: niet op tijd beantwoord",
    "permission.renewal_due": "Het einde komt eraan: verlengen kan",
    "permission.reminded": "U hebt een herinnering gekregen dat dit loopt",
    "permission.blocked": "Geblokkeerd",
    "permission.unblocked": "Niet meer geblokkeerd",
    "permission.fulfilled": "Afgelopen: het doel is bereikt",
    "permission.expired": "Afgelopen",
    "permission.revoked": "Ingetrokken",
    "permission.terminated": "Gestopt door de dienst",
    "permission.narrowed": "Een deel gestopt; het andere loopt door",
    "permission.invalidated": "Gestopt",
    "permission.lapsed": "Vervallen bij een herstel",
    "permission.deletion_confirmed": "De dienst bevestigt dat ze uw gegevens heeft gewist",
    "mandate.registered": "De dienst meldt een papier met uw handtekening",
    "mandate.produced": "De dienst toont dat papier",
    "mandate.opened": "Wij bekijken dat papier",
    "mandate.checked": "Wij hebben de handtekening nagekeken",
    "mandate.destroyed": "Wij hebben onze kopie van het papier vernietigd",
    "mandate.sampled": "Wij vragen de dienst om het papier te tonen",
    "mandate.imported": "De dienst brengt een mandaat mee uit een ander register",
    "mandate.excused": "Het papier is niet meer nodig: er is geantwoord",
}
"""Each step of the history of one permission."""

STEPS_BY_REASON = {
    "renewal_overtaken": "Vervallen: wat verlengd zou worden, stopte of veranderde",
    "party_suspended": "Gestopt: de dienst werd geschorst",
    "doubt": "Geblokkeerd na een melding van twijfel",
}
"""The same where the reason says more."""

PARTS = {"past": "Gegevens van vroeger", "future": "Nieuwe gegevens"}
STEPS_BY_PART = {
    ("permission.narrowed", "past"): "Gegevens van vroeger gestopt; nieuwe gegevens lopen door",
    ("permission.narrowed", "future"): "Nieuwe gegevens gestopt; gegevens van vroeger lopen door",
}
"""The words of a step that ended one part of the data."""
ACTIVE_IN_PART = "Actief voor een deel"

STEPPERS = {
    "grid_user": "de netgebruiker",
    "person_concerned": "een medebewoner",
    "representative": "de bewindvoerder",
    "applicant": "wie de vraag kreeg",
    "party": "de dienst",
    "operator": "databeheer",
    "time": "de tijd",
    "move": "de verhuizing",
}

EVENTS = {
    "data.read": ("Gelezen", "read"),
    "data.refused": ("Geweigerd", "refused"),
    "permission.requested": ("Gevraagd", "waiting"),
    "permission.renewal_requested": ("Verlenging gevraagd", "waiting"),
    "permission.granted": ("Toestemming gegeven", "active"),
    "permission.rejected": ("Vraag geweigerd", "refused"),
    "permission.revoked": ("Toestemming ingetrokken", "ended"),
    "permission.terminated": ("Gestopt door de dienst", "ended"),
    "permission.narrowed": ("Een deel gestopt", "ended"),
    "permission.expired": ("Afgelopen", "ended"),
    "permission.fulfilled": ("Doel bereikt", "ended"),
    "permission.signed": ("Toegestaan; er moet nog iemand toestaan", "waiting"),
    "permission.forwarded": ("Doorgestuurd aan u", "waiting"),
    "permission.timed_out": ("Niet op tijd beantwoord", "ended"),
    "permission.renewal_due": ("Loopt bijna af", "waiting"),
    "permission.reminded": ("Herinnering", "active"),
    "permission.blocked": ("Geblokkeerd", "refused"),
    "permission.unblocked": ("Niet meer geblokkeerd", "active"),
    "permission.deletion_confirmed": ("Gegevens gewist door de dienst", "ended"),
    "mandate.registered": ("Papier gemeld", "waiting"),
    "mandate.produced": ("Papier getoond", "waiting"),
    "mandate.opened": ("Papier bekeken", "waiting"),
    "mandate.checked": ("Papier nagekeken", "active"),
    "mandate.destroyed": ("Kopie van het papier vernietigd", "ended"),
    "mandate.sampled": ("Papier opgevraagd", "waiting"),
    "mandate.imported": ("Mandaat meegebracht", "waiting"),
    "mandate.excused": ("Papier niet meer nodig", "ended"),
    "letter.written": ("Brief met een code aan u geschreven", "waiting"),
    "letter.opened": ("Brief met een code afgedrukt", "waiting"),
    "letter.posted": ("Brief met een code op de post gedaan", "waiting"),
    "letter.closed": ("Code van een brief werkt niet meer", "ended"),
    "supplier_letter.written": ("Brief aan u over wie uw energie levert", "waiting"),
    "supplier_letter.withheld": ("Vraag wie uw energie levert, zonder antwoord", "ended"),
    "supplier_letter.opened": ("Brief over uw leverancier afgedrukt", "waiting"),
    "supplier_letter.posted": ("Brief over uw leverancier op de post gedaan", "ended"),
    "supplier_letter.closed": ("Brief over uw leverancier niet verstuurd", "ended"),
    "doubt.opened": ("Twijfel gemeld, dienst geblokkeerd", "refused"),
    "doubt.signalled": ("Nog iemand meldt twijfel", "refused"),
    "doubt.party_reported": ("Gemeld door de dienst zelf", "refused"),
    "doubt.contacted": ("Bewijs gevraagd aan de dienst", "waiting"),
    "doubt.evidence_shown": ("Bewijs getoond door de dienst", "waiting"),
    "doubt.words_opened": ("Tekst bij een twijfel gelezen", "waiting"),
    "doubt.evidence_opened": ("Bewijs bekeken", "waiting"),
    "doubt.evidence_refused": ("Bewijs niet goed genoeg", "refused"),
    "doubt.evidence_accepted": ("Bewijs goed bevonden", "waiting"),
    "doubt.not_agreed": ("Bewijs wordt opnieuw beoordeeld", "waiting"),
    "doubt.evidence_destroyed": ("Kopie van het bewijs vernietigd", "ended"),
    "doubt.lifted": ("Blokkering opgeheven", "active"),
    "doubt.retracted": ("Twijfel ingetrokken", "active"),
    "doubt.unproven": ("Toestemming niet aangetoond", "ended"),
    "doubt.breach_decided": ("Nagegaan of het een datalek is", "ended"),
    "doubt.restored": ("Bewijs opnieuw te vragen, na een storing", "waiting"),
    "person_concerned.begun": ("Iemand woont hier mee", "ended"),
    "person_concerned.ended": ("Iemand woont hier niet meer", "ended"),
    "permission.invalidated": ("Toestemming gestopt", "ended"),
    "permission.lapsed": ("Vervallen bij een herstel", "ended"),
    "occupancy.begun": ("U werd hier netgebruiker", "ended"),
    "occupancy.ended": ("U vertrok hier", "ended"),
    "supply.accepted": ("Contract bij leverancier", "ended"),
    "register.message_taken": ("Gemeld aan het toegangsregister", "law"),
    "readings.original_shown": ("Gemeten waarden nagekeken", "law"),
    "readings.resealed": ("Meetgegevens op de juiste naam gezet", "ended"),
    "readings.withdrawn": ("Meetgegevens van een weggehaalde meter gewist", "ended"),
    "data.read_corrected": ("Gelezen voor het rechtgezet was", "read"),
    "supply.ended": ("Contract bij leverancier afgelopen", "ended"),
    "supply.resumed": ("Contract bij leverancier loopt door", "ended"),
    "delivery.ready": ("Eindverbruik klaar voor uw leverancier", "law"),
    "dynamic_price.begun": ("Contract met dynamische prijs", "ended"),
    "dynamic_price.ended": ("Dynamische prijs afgelopen", "ended"),
    "regime.chosen": ("Uitlezing voor uw leverancier gekozen", "ended"),
    "registration.begun": ("Partij ingeschreven op uw aansluiting", "law"),
    "registration.ended": ("Partij niet meer ingeschreven op uw aansluiting", "ended"),
    "participation.begun": ("Deelname aan een energiegemeenschap", "ended"),
    "participation.ended": ("Deelname afgelopen", "ended"),
    "customer.notified": ("U werd ingelicht", "law"),
    "link.made": ("Aansluiting gekoppeld aan een aanmelding", "active"),
    "link.refused": ("Iemand probeerde deze aansluiting te koppelen; dat lukte niet", "refused"),
    "link.released": ("Koppelen weer mogelijk gemaakt", "ended"),
    "representation.begun": ("Bewindvoerder aangesteld", "law"),
    "representation.taken_up": ("Uw bewindvoerder meldde zich aan in uw naam", "law"),
    "representation.laid_down": ("Uw bewindvoerder stopte in uw naam", "ended"),
    "representation.ended": ("Bewind afgelopen", "ended"),
    "person.died": ("Overlijden gemeld", "ended"),
    "person.death_refuted": ("Melding van overlijden rechtgezet", "ended"),
    "decision.explained": ("Uitleg gevraagd", "ended"),
    "meter.setting_changed": ("Instelling van uw meter veranderd", "ended"),
    "meter.told": ("Bericht over uw meter verstuurd", "ended"),
    "interval_reading.begun": ("Uitlezing per kwartier of uur gekozen", "active"),
    "interval_reading.ended": ("Uitlezing per kwartier of uur gestopt", "ended"),
    "meter.installed": ("Meter geplaatst of beschreven", "ended"),
    "meter.removed": ("Meter weggehaald", "ended"),
    "port.opening_asked": ("Gevraagd om een poort te openen", "waiting"),
    "port.closing_asked": ("Gevraagd om een poort te sluiten", "waiting"),
    "port.forwarded": ("De netbeheerder heeft uw vraag over een poort", "waiting"),
    "port.replaced": ("Vraag over een poort vervangen door een nieuwe", "ended"),
    "port.opened": ("Poort geopend door de netbeheerder", "active"),
    "port.closed": ("Poort gesloten door de netbeheerder", "ended"),
    "port.impossible": ("Poort bestaat niet, zegt de netbeheerder", "refused"),
    "join.run": ("Gebruikt in een koppeling", "law"),
    "join.refused": ("Koppeling geweigerd", "refused"),
    "audit.opened": ("Ingekeken", "law"),
    "contact.confirmed": ("E-mail aangezet", "active"),
    "contact.removed": ("E-mail uitgezet", "ended"),
    "erasure.asked": ("Gevraagd om te wissen", "waiting"),
    "erasure.withdrawn": ("Vraag om te wissen teruggenomen", "ended"),
    "erasure.decided": ("Beslist om te wissen", "ended"),
    "erasure.refused": ("Wissen geweigerd", "refused"),
    "erasure.executed": ("Gewist", "ended"),
    "right.asked": ("Verzoek over uw gegevens", "waiting"),
    "right.extended": ("Meer tijd gevraagd voor uw verzoek", "waiting"),
    "right.accepted": ("Uw verzoek over uw gegevens ingewilligd", "active"),
    "right.refused": ("Uw verzoek over uw gegevens geweigerd", "refused"),
    "right.copied": ("Kopie van al uw gegevens gemaakt", "ended"),
    "right.withdrawn": ("Verzoek over uw gegevens teruggenomen", "ended"),
    "clock.missed": ("Termijn niet gehaald", "refused"),
}
_PARTYS = frozenset(
    {
        "data.read",
        "data.refused",
        "data.read_corrected",
        "join.run",
        "join.refused",
        "permission.requested",
        "permission.renewal_requested",
        "permission.terminated",
        "permission.deletion_confirmed",
        "mandate.registered",
        "mandate.produced",
        "doubt.party_reported",
        "doubt.evidence_shown",
        "port.forwarded",
        "port.opened",
        "port.closed",
        "port.impossible",
        "register.message_taken",
        "supply.accepted",
        "supply.ended",
        "supply.resumed",
        "dynamic_price.begun",
        "dynamic_price.ended",
        "regime.chosen",
    }
)
_HOUSEHOLDS = frozenset(
    f"permission.{step}" for step in ("granted", "signed", "rejected", "revoked", "narrowed")
)
_YOURS = frozenset(
    {
        "port.opening_asked",
        "erasure.asked",
        "erasure.withdrawn",
        "contact.confirmed",
        "contact.removed",
        "right.asked",
        "right.copied",
        "right.withdrawn",
    }
)
_DOUBTERS = frozenset({"doubt.opened", "doubt.signalled", "doubt.retracted"})
_CAPACITIES = {"grid_user": "holder", "natural_person": "resident"}
_BY_HOUSEHOLD = "U, of iemand die er ook woont"
_FORWARDER = "Wie de vraag eerst kreeg"
"""Mostly a stranger to the household, and never said who: he held the link."""


def actor_words(event: str, party: str | None, capacity: str, *, is_by_representative: bool) -> str:
    """Who did what a line tells: the party that it names did not do all of it."""
    if event in _PARTYS and party:
        return party
    if event == "permission.forwarded":
        return _FORWARDER
    if is_by_representative:
        return YOUR_REPRESENTATIVE
    if event in _DOUBTERS:
        return "Wie de twijfel meldde"
    if capacity in _CAPACITIES:
        return ONLOOKERS[_CAPACITIES[capacity]]
    if event in _HOUSEHOLDS:
        return _BY_HOUSEHOLD
    return ONLOOKERS["holder"] if event in _YOURS else "Databeheer"


OTHER_EVENT = ("Genoteerd", "ended")
"""Words and badge of each event that a customer sees."""

QUALITIES = {
    "READ": "uitgelezen",
    "EST": "geschat",
    "VAL": "gevalideerd",
    "NVAL": "niet gevalideerd",
    "NONE": "geen verbruik gemeld",
    "ABSENT": "ontbreekt",
}
"""How a value came about, by its validation state."""

LANGUAGES = {"nl": "Nederlands", "en": "Engels", "fr": "Frans", "de": "Duits"}

UNITS = {
    "kWh": "kWh",
    "m3": "m³",
    "kVArh": "kVArh",
    "kVArh-inductive": "kVArh inductief",
    "kVArh-capacitive": "kVArh capacitief",
}


def register(app: Flask) -> None:
    """Give templates the phrases they build pages from."""
    app.jinja_env.globals.update(
        role_words=ROLES,
        granularity_words=GRANULARITIES,
        commodity_words=COMMODITIES,
        quality_words=QUALITIES,
        language_words=LANGUAGES,
    )


def direction_words(directions: Iterable[str]) -> str:
    """What is measured: off the grid, onto it, or both."""
    given = set(directions)
    if given == {"offtake", "injection"}:
        return "wat u van het net afneemt en wat u op het net zet"
    return "wat u op het net zet" if given == {"injection"} else "wat u van het net afneemt"


def data_words(category: str, directions: Iterable[str], granularity: str, commodity: str = "") -> str:
    """The asked data as a phrase: `wat u van het net afneemt, per kwartier`.

    Of gas nothing goes onto the net, and an hour is the finest there is.
    """
    if category != "readings":
        return CATEGORIES[category]
    if commodity == "gas":
        directions, granularity = ("offtake",), "hour" if granularity == "quarter_hour" else granularity
    return f"{direction_words(directions)}, {GRANULARITIES[granularity]}"
