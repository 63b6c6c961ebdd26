"""The Dutch of rights: one plain phrase per code of the door."""

from __future__ import annotations

FACTS = {
    "name": "Mijn naam",
    "address": "Mijn adres",
    "stay": "De dagen waarop ik op een adres woonde",
    "meter": "Mijn meter of meternummer",
    "readings": "Mijn meetgegevens",
    "permission": "Een toestemming",
    "other": "Iets anders",
}
"""What can be wrong, in the order of the form."""
KINDS = {
    "rectification": "Verbeteren",
    "objection": "Bezwaar",
    "copy": "Kopie van al uw gegevens",
}
STATES = {
    "asked": ("Wij bekijken het", "waiting"),
    "accepted": ("Ingewilligd", "active"),
    "refused": ("Niet ingewilligd", "refused"),
    "withdrawn": ("Teruggenomen", "ended"),
}
"""How far a request is, and the look of its badge."""
NO_OBJECTION = {
    "withdraw": "Dit steunt op uw toestemming. U hoeft geen bezwaar te maken: trek de toestemming in."
    " Dat kan altijd, zonder reden.",
    "own": "Dit is wat u zelf ziet van uw eigen gegevens.",
    "obligation": "Een wet verplicht dit. Daarom bestaat hier geen recht van bezwaar."
    " Denkt u dat het niet volgens de wet gebeurt? Dan kunt u een klacht indienen.",
    "contract": "Dit is nodig voor een contract dat u zelf sloot. Het stopt samen met dat contract.",
    "instruction": "Dit gebeurt in opdracht van ons, voor een van de andere doelen. Maak bezwaar tegen dat doel.",
}
"""Why somebody cannot object, by what the list of grounds says."""
