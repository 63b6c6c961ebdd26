"""The Dutch of erasure, for customers and inspectors alike: one plain phrase per code of the door."""

from __future__ import annotations

REASONS = {
    "data_subject_request": "op vraag van de klant",
    "retention_ended": "de bewaartermijn was voorbij",
    "wrong_person": "bewaard bij de verkeerde persoon",
    "authority_order": "op bevel van een overheid",
}
ASKED_BECAUSE = ("data_subject_request", "wrong_person")
"""For which of these a customer asks."""
OBSTACLES = {
    "in_use": "U woont hier nu. Wat nog gebruikt wordt, wissen wij niet.",
    "term_runs": "De wet vraagt om dit een tijd te bewaren.",
    "other_evidence": "Dit is het bewijs bij gegevens die nog bewaard worden. Eerst moeten die weg.",
    "co_occupant": "Iemand anders tekende ook voor dit adres. Zijn gegevens zouden mee verdwijnen.",
    "house_evidence": "Dit is bewijs van het hele logboek.",
}
CLASSES = {
    "readings": "Uw meetgegevens",
    "ledger": "De regels over wie uw gegevens las",
    "person": "Uw naam en uw aanmelding",
}
"""What can be erased apart, as the customer's page calls it."""
STATES = {
    "asked": "Gevraagd. Databeheer beslist binnen een maand.",
    "decided": "Beslist. Wij wissen dit in één keer met andere.",
    "refused": "Geweigerd.",
    "executed": "Gewist.",
}
