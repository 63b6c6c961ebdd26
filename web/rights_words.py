"""The Dutch of rights: one plain phrase per code of the door."""

from __future__ import annotations

from web.language import lazy

FACTS = {
    "name": lazy("Mijn naam"),
    "address": lazy("Mijn adres"),
    "stay": lazy("De dagen waarop ik op een adres woonde"),
    "meter": lazy("Mijn meter of meternummer"),
    "readings": lazy("Mijn meetgegevens"),
    "permission": lazy("Een toestemming"),
    "other": lazy("Iets anders"),
}
"""What can be wrong, in the order of the form."""
KINDS = {
    "rectification": lazy("Verbeteren"),
    "objection": lazy("Bezwaar"),
    "copy": lazy("Kopie van al uw gegevens"),
}
STATES = {
    "asked": (lazy("Wij bekijken het"), "waiting"),
    "accepted": (lazy("Ingewilligd"), "active"),
    "refused": (lazy("Niet ingewilligd"), "refused"),
    "withdrawn": (lazy("Teruggenomen"), "ended"),
}
"""How far a request is, and the look of its badge."""
NO_OBJECTION = {
    "withdraw": lazy(
        "Dit steunt op uw toestemming. U hoeft geen bezwaar te maken: trek de toestemming in."
        " Dat kan altijd, zonder reden."
    ),
    "own": lazy("Dit is wat u zelf ziet van uw eigen gegevens."),
    "obligation": lazy(
        "Een wet verplicht dit. Daarom bestaat hier geen recht van bezwaar."
        " Denkt u dat het niet volgens de wet gebeurt? Dan kunt u een klacht indienen."
    ),
    "contract": lazy("Dit is nodig voor een contract dat u zelf sloot. Het stopt samen met dat contract."),
    "instruction": lazy(
        "Dit gebeurt in opdracht van ons, voor een van de andere doelen. Maak bezwaar tegen dat doel."
    ),
}
"""Why somebody cannot object, by what the list of grounds says."""
