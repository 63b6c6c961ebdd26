"""The portal's Dutch: one plain phrase per code of the domain. A code without words here stops a test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask

from web.language import _, lazy

COMMODITIES = {"electricity": lazy("elektriciteit"), "gas": lazy("gas")}

ROLES = {
    "grid_user": lazy("netgebruiker"),
    "person_concerned": lazy("medebewoner"),
    "representative": lazy("vertegenwoordiger"),
    "supplier": lazy("energieleverancier"),
    "supplier_service": lazy("energieleverancier als energiedienst"),
    "energy_service": lazy("energiedienst"),
    "aggregator": lazy("dienst voor flexibiliteit"),
    "balance_responsible": lazy("evenwichtsverantwoordelijke"),
    "shipper": lazy("bevrachter van aardgas"),
    "data_manager": lazy("databeheerder"),
    "dso": lazy("netbeheerder"),
    "transmission_operator": lazy("beheerder van het hoogspanningsnet of vervoernet"),
    "other_grid_operator": lazy("naburige netbeheerder"),
    "intermediary": lazy("producent of tussenpersoon"),
    "energy_community": lazy("energiegemeenschap"),
    "authority": lazy("overheid"),
    "public_body": lazy("instelling van algemeen belang"),
    "welfare_centre": lazy("OCMW"),
    "regulator": lazy("toezichthouder"),
    "comparison_tool": lazy("vergelijker van de toezichthouder"),
    "data_protection_authority": lazy("toezichthouder op persoonsgegevens"),
    "processor": lazy("verwerker"),
    "staff": lazy("medewerker van de databeheerder"),
    "research": lazy("onderzoeker"),
    "port_app": lazy("toestel of app aan de gebruikerspoort"),
    "landlord": lazy("verhuurder of eigenaar"),
    "governance_committee": lazy("comité voor het bestuur van de databeheerder"),
}

PURPOSES = {
    "energy_advice": lazy("om u energieadvies te geven"),
    "energy_monitoring": lazy("om uw verbruik te volgen en aan u te tonen"),
    "flexibility": lazy("om uw verbruik te helpen verschuiven naar betere uren"),
    "billing": lazy("om uw factuur te maken"),
    "grid_management": lazy("om het net te beheren"),
    "supply_quality": lazy("om op te volgen hoe goed uw stroom geleverd wordt"),
    "fraud_detection": lazy("om energiefraude te onderzoeken"),
    "own_insight": lazy("om uw eigen gegevens te bekijken"),
    "supervision": lazy("om toezicht te houden op de energiemarkt"),
    "data_management": lazy("om uw meter uit te lezen en uw gegevens te beheren"),
    "dynamic_price_billing": lazy("om uw factuur met dynamische prijs te maken"),
    "supply_offer": lazy("om u een aanbod te doen"),
    "balancing": lazy("om vraag en aanbod op het net in evenwicht te houden"),
    "market_facilitation": lazy("om zijn rol in de energiemarkt te vervullen"),
    "energy_sharing": lazy("om gedeelde energie te verrekenen"),
    "public_task": lazy("om een taak te doen die de wet oplegt"),
    "social_assistance": lazy("om u te helpen met uw energie"),
    "price_comparison": lazy("om prijzen voor u te vergelijken"),
    "processing": lazy("om een opdracht van de databeheerder uit te voeren"),
    "case_handling": lazy("om uw vraag te behandelen"),
    "data_protection": lazy("om toe te zien op de bescherming van uw gegevens"),
}

GRANULARITIES = {
    "quarter_hour": lazy("per kwartier"),
    "hour": lazy("per uur"),
    "day": lazy("per dag"),
    "month": lazy("per maand"),
}

REVEALS = {
    "quarter_hour": lazy(
        "Dit laat veel zien. Bijvoorbeeld wanneer u opstaat, wanneer u kookt, "
        "wanneer u niet thuis bent en wanneer u op reis bent."
    ),
    "hour": lazy("Dit laat zien op welke uren u thuis bent en veel verbruikt, en wanneer u op reis bent."),
    "day": lazy(
        "Dit laat zien hoeveel u per dag verbruikt en op welke dagen u weg bent. "
        "Op welk uur u iets doet, is niet te zien."
    ),
    "month": lazy("Dit laat alleen zien hoeveel u in een hele maand verbruikt."),
}

CATEGORIES = {
    "readings": lazy("meetgegevens"),
    "technical": lazy("technische gegevens van uw aansluiting en uw meter"),
    "relational": lazy("gegevens over uw contract"),
    "supply_quality": lazy("hoe goed uw stroom geleverd werd"),
}

SUPPLY_TASKS = {
    "operation": lazy("het net veilig uitbaten"),
    "fault": lazy("een storing vinden en herstellen"),
    "complaint": lazy("een klacht over spanning of stroompannes behandelen"),
    "reinforcement": lazy("bekijken waar het net sterker moet"),
}
"""For which of its tasks a grid operator looks at the quality of supply."""

STATES = {
    "requested": (lazy("Wacht op u"), "waiting"),
    "rejected": (lazy("Geweigerd"), "refused"),
    "timed_out": (lazy("Niet op tijd beantwoord"), "ended"),
    "active": (lazy("Actief"), "active"),
    "to_be_renewed": (lazy("Actief, loopt bijna af"), "active"),
    "blocked": (lazy("Geblokkeerd tijdens onderzoek"), "refused"),
    "fulfilled": (lazy("Doel bereikt"), "ended"),
    "revoked": (lazy("Ingetrokken"), "ended"),
    "expired": (lazy("Afgelopen"), "ended"),
    "terminated": (lazy("Door de dienst gestopt"), "ended"),
    "invalidated": (lazy("Gestopt door verhuizing"), "ended"),
    "lapsed": (lazy("Vervallen bij een herstel"), "ended"),
}
"""Words and badge of each state of a permission."""

STATES_BY_REASON = {
    "holder_died": lazy("Gestopt door overlijden"),
    "mandate_rejected": lazy("Gestopt: papier niet in orde"),
    "doubt_not_answered": lazy("Gestopt: niet aangetoond"),
    "renewal_overtaken": lazy("Vervallen"),
    "party_suspended": lazy("Gestopt: dienst geschorst"),
}
"""Words of a state where the reason says more."""

ENDINGS = {
    "rejected": lazy("U, of iemand die er ook woont, heeft de vraag geweigerd."),
    "timed_out": lazy("U hebt niet op tijd geantwoord. De vraag is vervallen."),
    "blocked": lazy(
        "Er is twijfel over deze toestemming. Zolang dat onderzocht wordt, krijgt de dienst geen gegevens."
    ),
    "fulfilled": lazy("Het doel is bereikt. De toestemming is daarmee afgelopen."),
    "revoked": lazy("U, of iemand die er ook woont, heeft de toestemming ingetrokken."),
    "expired": lazy("De afgesproken einddatum is voorbij."),
    "terminated": lazy("De dienst heeft de gegevens niet meer nodig en is zelf gestopt."),
    "invalidated": lazy("U bent op dit adres geen netgebruiker meer. Dan stopt elke toestemming vanzelf."),
    "lapsed": lazy(
        "Wij moesten een reservekopie terugzetten. Daardoor weten wij niet meer zeker of u deze toestemming "
        "intussen had ingetrokken. Daarom geldt ze niet meer. De dienst kan ze u opnieuw vragen."
    ),
}
"""Who ended a permission and why, by its last state."""

ENDINGS_BY_REASON = {
    "longest_term": lazy("De langste termijn was voorbij en u hebt de toestemming niet verlengd."),
    "renewed": lazy("De toestemming is verlengd. Een nieuwe toestemming nam haar plaats in."),
    "renewal_overtaken": lazy(
        "Wat hiermee verlengd zou worden, stopte of veranderde intussen. Daarom verviel deze vraag."
    ),
    "data_period_over": lazy(
        "De gevraagde gegevens lagen vast en de dienst heeft ze kunnen ophalen. Het doel is bereikt."
    ),
    "mandate_not_produced": lazy(
        "De dienst toonde het papier met uw handtekening niet op tijd. Zolang krijgt ze niets."
    ),
    "holder_died": lazy("De netgebruiker is overleden. Dan stopt elke toestemming die hij of zij gaf."),
    "mandate_rejected": lazy("Het papier waarop deze toestemming steunde, was niet in orde."),
    "doubt": lazy(
        "Er is twijfel over deze toestemming. Zolang dat onderzocht wordt, krijgt de dienst geen gegevens."
    ),
    "doubt_not_answered": lazy(
        "Er was twijfel over deze toestemming. De dienst toonde niet op tijd aan dat u ze gaf."
    ),
    "party_suspended": lazy(
        "De dienst voldeed niet meer aan de voorwaarden. Later moet ze het u opnieuw vragen."
    ),
}
"""The same where the reason says more than the state."""

WAITS_FOR_OTHERS = lazy("Wacht op iemand anders")
SUSPENDED = lazy("Geschorste dienst")
"""Of a request that cannot be granted now."""
SIGNERS = {
    "grid_user": lazy("De netgebruiker"),
    "natural_person": lazy("Een medebewoner"),
    "representative": lazy("De vertegenwoordiger"),
}
"""In which capacity somebody else signs; no names."""
REPRESENTATIVE_OF_YOU = lazy("De vertegenwoordiger, in uw naam")

YOUR_REPRESENTATIVE = lazy("Uw vertegenwoordiger")
ONLOOKERS = {
    "holder": lazy("Uzelf"),
    "resident": lazy("Een huisgenoot"),
    "former": lazy("Wie hier vroeger woonde"),
    "nobody": lazy("Een andere klant"),
    "": lazy("Een klant"),
}
"""What a customer who looked was to the stay whose book is read; empty in a line from before that was said."""
REPRESENTATIVE_IN_YOUR_NAME = lazy("de vertegenwoordiger, in uw naam")
ENDED_BY = {
    ("rejected", "you"): (lazy("Door u geweigerd"), lazy("U hebt de vraag geweigerd.")),
    ("rejected", "paper"): (
        lazy("Op papier geweigerd"),
        lazy("U hebt de vraag op papier geweigerd. Wij hebben uw papier ingevoerd."),
    ),
    ("rejected", "grid_user"): (
        lazy("Geweigerd door een ander"),
        lazy("De netgebruiker heeft de vraag geweigerd."),
    ),
    ("rejected", "person_concerned"): (
        lazy("Geweigerd door een ander"),
        lazy("Een medebewoner heeft de vraag geweigerd."),
    ),
    ("rejected", "representative"): (
        lazy("Geweigerd in uw naam"),
        lazy("Uw vertegenwoordiger heeft de vraag in uw naam geweigerd."),
    ),
    ("revoked", "you"): (lazy("Door u ingetrokken"), lazy("U hebt de toestemming zelf ingetrokken.")),
    ("revoked", "paper"): (
        lazy("Op papier ingetrokken"),
        lazy("U hebt de toestemming op papier ingetrokken. Wij hebben uw papier ingevoerd."),
    ),
    ("revoked", "grid_user"): (
        lazy("Ingetrokken door een ander"),
        lazy("De netgebruiker heeft de toestemming ingetrokken."),
    ),
    ("revoked", "person_concerned"): (
        lazy("Ingetrokken door een ander"),
        lazy("Een medebewoner heeft de toestemming ingetrokken."),
    ),
    ("revoked", "representative"): (
        lazy("Ingetrokken in uw naam"),
        lazy("Uw vertegenwoordiger heeft de toestemming in uw naam ingetrokken."),
    ),
}
"""Words of a refusal and a withdrawal by who of the household it was; one is enough (R4)."""

STEPS = {
    "permission.requested": lazy("Gevraagd"),
    "permission.renewal_requested": lazy("Verlenging gevraagd"),
    "permission.forwarded": lazy("Doorgestuurd naar de netgebruiker"),
    "permission.signed": lazy("Toegestaan; er moet nog iemand toestaan"),
    "permission.granted": lazy("Toegestaan, en van toen af geldig"),
    "permission.rejected": lazy("Geweigerd"),
    "permission.timed_out": lazy("Vervallen: niet op tijd beantwoord"),
    "permission.renewal_due": lazy("Het einde komt eraan: verlengen kan"),
    "permission.reminded": lazy("U hebt een herinnering gekregen dat dit loopt"),
    "permission.blocked": lazy("Geblokkeerd"),
    "permission.unblocked": lazy("Niet meer geblokkeerd"),
    "permission.fulfilled": lazy("Afgelopen: het doel is bereikt"),
    "permission.expired": lazy("Afgelopen"),
    "permission.revoked": lazy("Ingetrokken"),
    "permission.terminated": lazy("Gestopt door de dienst"),
    "permission.narrowed": lazy("Een deel gestopt; het andere loopt door"),
    "permission.invalidated": lazy("Gestopt"),
    "permission.lapsed": lazy("Vervallen bij een herstel"),
    "permission.deletion_confirmed": lazy("De dienst bevestigt dat ze uw gegevens heeft gewist"),
    "mandate.registered": lazy("De dienst meldt een papier met uw handtekening"),
    "mandate.produced": lazy("De dienst toont dat papier"),
    "mandate.opened": lazy("Wij bekijken dat papier"),
    "mandate.checked": lazy("Wij hebben de handtekening nagekeken"),
    "mandate.destroyed": lazy("Wij hebben onze kopie van het papier vernietigd"),
    "mandate.sampled": lazy("Wij vragen de dienst om het papier te tonen"),
    "mandate.imported": lazy("De dienst brengt een mandaat mee uit een ander register"),
    "mandate.excused": lazy("Het papier is niet meer nodig: er is geantwoord"),
}
"""Each step of the history of one permission."""

STEPS_BY_REASON = {
    "renewal_overtaken": lazy("Vervallen: wat verlengd zou worden, stopte of veranderde"),
    "party_suspended": lazy("Gestopt: de dienst werd geschorst"),
    "doubt": lazy("Geblokkeerd na een melding van twijfel"),
}
"""The same where the reason says more."""

PARTS = {"past": lazy("Gegevens van vroeger"), "future": lazy("Nieuwe gegevens")}
STEPS_BY_PART = {
    ("permission.narrowed", "past"): lazy("Gegevens van vroeger gestopt; nieuwe gegevens lopen door"),
    ("permission.narrowed", "future"): lazy("Nieuwe gegevens gestopt; gegevens van vroeger lopen door"),
}
"""The words of a step that ended one part of the data."""
ACTIVE_IN_PART = lazy("Actief voor een deel")

STEPPERS = {
    "grid_user": lazy("de netgebruiker"),
    "person_concerned": lazy("een medebewoner"),
    "representative": lazy("de vertegenwoordiger"),
    "applicant": lazy("wie de vraag kreeg"),
    "party": lazy("de dienst"),
    "operator": lazy("databeheer"),
    "time": lazy("de tijd"),
    "move": lazy("de verhuizing"),
}

EVENTS = {
    "data.read": (lazy("Gelezen"), "read"),
    "data.refused": (lazy("Geweigerd"), "refused"),
    "permission.requested": (lazy("Gevraagd"), "waiting"),
    "permission.renewal_requested": (lazy("Verlenging gevraagd"), "waiting"),
    "permission.granted": (lazy("Toestemming gegeven"), "active"),
    "permission.rejected": (lazy("Vraag geweigerd"), "refused"),
    "permission.revoked": (lazy("Toestemming ingetrokken"), "ended"),
    "permission.terminated": (lazy("Gestopt door de dienst"), "ended"),
    "permission.narrowed": (lazy("Een deel gestopt"), "ended"),
    "permission.expired": (lazy("Afgelopen"), "ended"),
    "permission.fulfilled": (lazy("Doel bereikt"), "ended"),
    "permission.signed": (lazy("Toegestaan; er moet nog iemand toestaan"), "waiting"),
    "permission.forwarded": (lazy("Doorgestuurd aan u"), "waiting"),
    "permission.timed_out": (lazy("Niet op tijd beantwoord"), "ended"),
    "permission.renewal_due": (lazy("Loopt bijna af"), "waiting"),
    "permission.reminded": (lazy("Herinnering"), "active"),
    "permission.blocked": (lazy("Geblokkeerd"), "refused"),
    "permission.unblocked": (lazy("Niet meer geblokkeerd"), "active"),
    "permission.deletion_confirmed": (lazy("Gegevens gewist door de dienst"), "ended"),
    "mandate.registered": (lazy("Papier gemeld"), "waiting"),
    "mandate.produced": (lazy("Papier getoond"), "waiting"),
    "mandate.opened": (lazy("Papier bekeken"), "waiting"),
    "mandate.checked": (lazy("Papier nagekeken"), "active"),
    "mandate.destroyed": (lazy("Kopie van het papier vernietigd"), "ended"),
    "mandate.sampled": (lazy("Papier opgevraagd"), "waiting"),
    "mandate.imported": (lazy("Mandaat meegebracht"), "waiting"),
    "mandate.excused": (lazy("Papier niet meer nodig"), "ended"),
    "letter.written": (lazy("Brief met een code aan u geschreven"), "waiting"),
    "letter.opened": (lazy("Brief met een code afgedrukt"), "waiting"),
    "letter.posted": (lazy("Brief met een code op de post gedaan"), "waiting"),
    "letter.closed": (lazy("Code van een brief werkt niet meer"), "ended"),
    "supplier_letter.written": (lazy("Brief aan u over wie uw energie levert"), "waiting"),
    "supplier_letter.withheld": (lazy("Vraag wie uw energie levert, zonder antwoord"), "ended"),
    "supplier_letter.opened": (lazy("Brief over uw leverancier afgedrukt"), "waiting"),
    "supplier_letter.posted": (lazy("Brief over uw leverancier op de post gedaan"), "ended"),
    "supplier_letter.closed": (lazy("Brief over uw leverancier niet verstuurd"), "ended"),
    "history_letter.written": (lazy("Brief aan u met de historiek van uw verbruik"), "waiting"),
    "history_letter.opened": (lazy("Brief met uw historiek afgedrukt"), "waiting"),
    "history_letter.posted": (lazy("Brief met uw historiek op de post gedaan"), "ended"),
    "history_letter.closed": (lazy("Brief met uw historiek niet verstuurd"), "ended"),
    "ean_sms.written": (lazy("Uw EAN-code per sms verstuurd"), "ended"),
    "ean_letter.written": (lazy("Brief aan u met uw EAN-code"), "waiting"),
    "ean_letter.opened": (lazy("Brief met uw EAN-code afgedrukt"), "waiting"),
    "ean_letter.posted": (lazy("Brief met uw EAN-code op de post gedaan"), "ended"),
    "ean_letter.closed": (lazy("Brief met uw EAN-code niet verstuurd"), "ended"),
    "ean.withheld": (lazy("Vraag naar uw EAN-code, zonder antwoord"), "refused"),
    "desk.not_identified": (
        lazy("Iemand vroeg aan het loket naar dit adres; zijn gegevens klopten niet"),
        "refused",
    ),
    "desk.identified": (lazy("Iemand vroeg iets aan het loket; wij gingen na wie het was"), "law"),
    "desk.history_told": (lazy("Aan het loket gezegd hoe u uw verbruik ziet"), "ended"),
    "desk.ean_codes_registered": (lazy("Meer dan twee EAN-codes gevraagd aan het loket"), "waiting"),
    "desk.recording_kept": (lazy("Opname van een gesprek langer bewaard, omdat de wet het vraagt"), "law"),
    "desk.recording_listened": (lazy("Een leidinggevende beluisterde de opname van een gesprek"), "law"),
    "desk.contact_over": (lazy("Contact met ons loket vanzelf afgesloten"), "ended"),
    "desk.recording_ended": (lazy("Opname van een gesprek niet meer bewaard"), "ended"),
    "doubt.opened": (lazy("Twijfel gemeld, dienst geblokkeerd"), "refused"),
    "doubt.signalled": (lazy("Nog iemand meldt twijfel"), "refused"),
    "doubt.party_reported": (lazy("Gemeld door de dienst zelf"), "refused"),
    "doubt.contacted": (lazy("Bewijs gevraagd aan de dienst"), "waiting"),
    "doubt.evidence_shown": (lazy("Bewijs getoond door de dienst"), "waiting"),
    "doubt.words_opened": (lazy("Tekst bij een twijfel gelezen"), "waiting"),
    "doubt.evidence_opened": (lazy("Bewijs bekeken"), "waiting"),
    "doubt.evidence_refused": (lazy("Bewijs niet goed genoeg"), "refused"),
    "doubt.evidence_accepted": (lazy("Bewijs goed bevonden"), "waiting"),
    "doubt.not_agreed": (lazy("Bewijs wordt opnieuw beoordeeld"), "waiting"),
    "doubt.evidence_destroyed": (lazy("Kopie van het bewijs vernietigd"), "ended"),
    "doubt.lifted": (lazy("Blokkering opgeheven"), "active"),
    "doubt.retracted": (lazy("Twijfel ingetrokken"), "active"),
    "doubt.unproven": (lazy("Toestemming niet aangetoond"), "ended"),
    "doubt.breach_decided": (lazy("Nagegaan of het een datalek is"), "ended"),
    "doubt.restored": (lazy("Bewijs opnieuw te vragen, na een storing"), "waiting"),
    "person_concerned.begun": (lazy("Iemand woont hier mee"), "ended"),
    "person_concerned.ended": (lazy("Iemand woont hier niet meer"), "ended"),
    "permission.invalidated": (lazy("Toestemming gestopt"), "ended"),
    "permission.lapsed": (lazy("Vervallen bij een herstel"), "ended"),
    "occupancy.begun": (lazy("U werd hier netgebruiker"), "ended"),
    "occupancy.ended": (lazy("U vertrok hier"), "ended"),
    "supply.accepted": (lazy("Contract bij leverancier"), "ended"),
    "register.message_taken": (lazy("Gemeld aan het toegangsregister"), "law"),
    "readings.original_shown": (lazy("Gemeten waarden nagekeken"), "law"),
    "readings.resealed": (lazy("Meetgegevens op de juiste naam gezet"), "ended"),
    "readings.withdrawn": (lazy("Meetgegevens van een weggehaalde meter gewist"), "ended"),
    "data.read_corrected": (lazy("Gelezen voor het rechtgezet was"), "read"),
    "supply.ended": (lazy("Contract bij leverancier afgelopen"), "ended"),
    "supply.resumed": (lazy("Contract bij leverancier loopt door"), "ended"),
    "delivery.ready": (lazy("Eindverbruik klaar voor uw leverancier"), "law"),
    "dynamic_price.begun": (lazy("Contract met dynamische prijs"), "ended"),
    "dynamic_price.ended": (lazy("Dynamische prijs afgelopen"), "ended"),
    "regime.chosen": (lazy("Uitlezing voor uw leverancier gekozen"), "ended"),
    "registration.begun": (lazy("Partij ingeschreven op uw aansluiting"), "law"),
    "registration.ended": (lazy("Partij niet meer ingeschreven op uw aansluiting"), "ended"),
    "participation.begun": (lazy("Deelname aan een energiegemeenschap"), "ended"),
    "participation.ended": (lazy("Deelname afgelopen"), "ended"),
    "customer.notified": (lazy("U werd ingelicht"), "law"),
    "link.made": (lazy("Aansluiting gekoppeld aan een aanmelding"), "active"),
    "link.refused": (lazy("Iemand probeerde deze aansluiting te koppelen; dat lukte niet"), "refused"),
    "link.released": (lazy("Koppelen weer mogelijk gemaakt"), "ended"),
    "attorney.invited": (lazy("Volmacht aangeboden"), "law"),
    "attorney.withdrawn": (lazy("Aanbod van volmacht ingetrokken"), "ended"),
    "attorney.begun": (lazy("Volmacht aangenomen"), "law"),
    "attorney.ended": (lazy("Volmacht gestopt"), "ended"),
    "representation.begun": (lazy("Bewindvoerder aangesteld"), "law"),
    "representation.taken_up": (lazy("Uw vertegenwoordiger meldde zich aan in uw naam"), "law"),
    "representation.laid_down": (lazy("Uw vertegenwoordiger stopte in uw naam"), "ended"),
    "representation.ended": (lazy("Bewind afgelopen"), "ended"),
    "person.died": (lazy("Overlijden gemeld"), "ended"),
    "person.death_refuted": (lazy("Melding van overlijden rechtgezet"), "ended"),
    "decision.explained": (lazy("Uitleg gevraagd"), "ended"),
    "meter.setting_changed": (lazy("Instelling van uw meter veranderd"), "ended"),
    "meter.told": (lazy("Bericht over uw meter verstuurd"), "ended"),
    "interval_reading.begun": (lazy("Uitlezing per kwartier of uur gekozen"), "active"),
    "interval_reading.ended": (lazy("Uitlezing per kwartier of uur gestopt"), "ended"),
    "meter.installed": (lazy("Meter geplaatst of beschreven"), "ended"),
    "meter.removed": (lazy("Meter weggehaald"), "ended"),
    "port.opening_asked": (lazy("Gevraagd om een poort te openen"), "waiting"),
    "port.closing_asked": (lazy("Gevraagd om een poort te sluiten"), "waiting"),
    "port.forwarded": (lazy("De netbeheerder heeft uw vraag over een poort"), "waiting"),
    "port.replaced": (lazy("Vraag over een poort vervangen door een nieuwe"), "ended"),
    "port.opened": (lazy("Poort geopend door de netbeheerder"), "active"),
    "port.closed": (lazy("Poort gesloten door de netbeheerder"), "ended"),
    "port.impossible": (lazy("Poort bestaat niet, zegt de netbeheerder"), "refused"),
    "join.run": (lazy("Gebruikt in een koppeling"), "law"),
    "join.refused": (lazy("Koppeling geweigerd"), "refused"),
    "audit.opened": (lazy("Ingekeken"), "law"),
    "contact.confirmed": (lazy("E-mail aangezet"), "active"),
    "contact.removed": (lazy("E-mail uitgezet"), "ended"),
    "erasure.asked": (lazy("Gevraagd om te wissen"), "waiting"),
    "erasure.withdrawn": (lazy("Vraag om te wissen teruggenomen"), "ended"),
    "erasure.decided": (lazy("Beslist om te wissen"), "ended"),
    "erasure.refused": (lazy("Wissen geweigerd"), "refused"),
    "erasure.executed": (lazy("Gewist"), "ended"),
    "right.asked": (lazy("Verzoek over uw gegevens"), "waiting"),
    "right.opened": (lazy("Uw verzoek gelezen door een medewerker"), "law"),
    "right.extended": (lazy("Meer tijd gevraagd voor uw verzoek"), "waiting"),
    "right.accepted": (lazy("Uw verzoek over uw gegevens ingewilligd"), "active"),
    "right.refused": (lazy("Uw verzoek over uw gegevens geweigerd"), "refused"),
    "right.copied": (lazy("Kopie van al uw gegevens gemaakt"), "ended"),
    "right.withdrawn": (lazy("Verzoek over uw gegevens teruggenomen"), "ended"),
    "clock.missed": (lazy("Termijn niet gehaald"), "refused"),
    "breach.told": (lazy("Er ging iets mis met uw gegevens"), "refused"),
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
        "attorney.invited",
        "attorney.withdrawn",
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
_BY_HOUSEHOLD = lazy("U, of iemand die er ook woont")
_FORWARDER = lazy("Wie de vraag eerst kreeg")
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
        return _("Wie de twijfel meldde")
    if capacity in _CAPACITIES:
        return ONLOOKERS[_CAPACITIES[capacity]]
    if event in _HOUSEHOLDS:
        return _BY_HOUSEHOLD
    return ONLOOKERS["holder"] if event in _YOURS else _("Databeheer")


OTHER_EVENT = (lazy("Genoteerd"), "ended")
"""Words and badge of each event that a customer sees."""

QUALITIES = {
    "READ": lazy("uitgelezen"),
    "EST": lazy("geschat"),
    "VAL": lazy("gevalideerd"),
    "NVAL": lazy("niet gevalideerd"),
    "NONE": lazy("geen verbruik gemeld"),
    "ABSENT": lazy("ontbreekt"),
}
"""How a value came about, by its validation state."""

LANGUAGES = {"nl": lazy("Nederlands"), "en": lazy("Engels"), "fr": lazy("Frans"), "de": lazy("Duits")}

UNITS = {
    "kWh": "kWh",
    "m3": "m³",
    "kVArh": "kVArh",
    "kVArh-inductive": lazy("kVArh inductief"),
    "kVArh-capacitive": lazy("kVArh capacitief"),
}


def register(app: Flask) -> None:
    """Give templates the phrases they build pages from."""
    app.jinja_env.globals.update(
        role_words=ROLES,
        granularity_words=GRANULARITIES,
        commodity_words=COMMODITIES,
        quality_words=QUALITIES,
        language_words=LANGUAGES,
        may_decide=may_decide,
    )


def may_decide(me: Mapping[str, Any]) -> bool:
    """Say whether this visitor may grant and withdraw: not by a power of attorney to look only."""
    power = me["power"]
    return power is None or bool(power["decides"])


def direction_words(directions: Iterable[str]) -> str:
    """What is measured: off the grid, onto it, or both."""
    given = set(directions)
    if given == {"offtake", "injection"}:
        return _("wat u van het net afneemt en wat u op het net zet")
    return _("wat u op het net zet") if given == {"injection"} else _("wat u van het net afneemt")


def data_words(category: str, directions: Iterable[str], granularity: str, commodity: str = "") -> str:
    """The asked data as a phrase: `wat u van het net afneemt, per kwartier`.

    Of gas nothing goes onto the net, and an hour is the finest there is.
    """
    if category != "readings":
        return CATEGORIES[category]
    if commodity == "gas":
        directions, granularity = ("offtake",), "hour" if granularity == "quarter_hour" else granularity
    return f"{direction_words(directions)}, {GRANULARITIES[granularity]}"
