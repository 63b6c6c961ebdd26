"""The Dutch of erasure, for customers and inspectors alike: one plain phrase per code of the door."""

from __future__ import annotations

from web.language import lazy

REASONS = {
    "data_subject_request": lazy("op vraag van de klant"),
    "retention_ended": lazy("de bewaartermijn was voorbij"),
    "wrong_person": lazy("bewaard bij de verkeerde persoon"),
    "authority_order": lazy("op bevel van een overheid"),
}
ASKED_BECAUSE = ("data_subject_request", "wrong_person")
"""For which of these a customer asks."""
OBSTACLES = {
    "in_use": lazy("Dit adres staat nog op uw naam. Wat nog gebruikt wordt, wissen wij niet."),
    "term_runs": lazy("De wet vraagt om dit een tijd te bewaren."),
    "other_evidence": lazy("Dit is het bewijs bij gegevens die nog bewaard worden. Eerst moeten die weg."),
    "co_occupant": lazy("Iemand anders tekende ook voor dit adres. Zijn gegevens zouden mee verdwijnen."),
    "house_evidence": lazy("Dit is bewijs van het hele logboek."),
}
PERSON_IN_USE = lazy("U hebt nog een adres op uw naam. Wat nog gebruikt wordt, wissen wij niet.")
"""Of the person, who has no address: the same obstacle."""
CLASSES = {
    "readings": lazy("Uw meetgegevens"),
    "ledger": lazy("De regels over wie uw gegevens las"),
    "person": lazy("Uw naam en uw aanmelding"),
}
"""What can be erased apart, as the customer's page calls it."""
STATES = {
    "asked": lazy("Gevraagd. Databeheer beslist binnen een maand."),
    "decided": lazy("Beslist. Wij wissen dit in één keer met andere."),
    "refused": lazy("Geweigerd."),
    "executed": lazy("Gewist."),
}
