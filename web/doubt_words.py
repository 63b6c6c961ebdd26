"""The Dutch of doubt about a mandate: one plain phrase per code. A code without words here stops a test."""

from __future__ import annotations

CONCERNS = {
    "not_given": "Ik heb deze toestemming niet gegeven",
    "too_much": "Ik gaf toestemming, maar niet voor dit alles",
    "other": "Er klopt iets anders niet",
}

CONCERNS_OF_OTHERS = {
    "not_given": "Iemand meldde dat deze toestemming niet gegeven is",
    "too_much": "Iemand meldde dat de toestemming niet voor dit alles gegeven is",
    "other": "Iemand meldde dat er iets anders niet klopt",
}
"""The same where somebody else reported it: never put into the customer's mouth."""

STATES = {
    "open": ("Geblokkeerd, wij contacteren de dienst", "refused"),
    "contacted": ("Geblokkeerd, de dienst moet bewijs tonen", "refused"),
    "shown": ("Geblokkeerd, wij beoordelen het bewijs", "refused"),
    "accepted": ("Geblokkeerd, een tweede persoon kijkt na", "refused"),
    "restored": ("Geblokkeerd, wij vragen het bewijs opnieuw", "refused"),
    "lifted": ("Opgelost: de toestemming is aangetoond", "active"),
    "retracted": ("U trok uw twijfel in", "ended"),
    "unproven": ("Gestopt: de toestemming is niet aangetoond", "ended"),
}
"""Words and badge of each state of a case."""
STATES_OF_OTHERS = {"retracted": "De twijfel is ingetrokken"}
"""The same where the doubt was somebody else's."""

NEXT = {
    "open": "De dienst krijgt nu niets meer op grond van een toestemming. Wij vragen de dienst om uitleg.",
    "contacted": "De dienst moet ons tonen dat u toestemming gaf. Ze krijgt daarvoor 72 uur, ook in het weekend.",
    "shown": "De dienst toonde op tijd een bewijs. Wij beoordelen het.",
    "restored": "Een storing wiste wat al getoond of beslist was. De dienst blijft geblokkeerd, wij vragen het weer.",
    "accepted": "Iemand van ons vond het bewijs goed. Een tweede persoon kijkt het na voor de blokkering stopt.",
    "lifted": "De dienst toonde aan dat u deze toestemming gaf. Ze mag weer lezen, ook wat ze intussen miste. "
    "Loopt er nog een andere twijfel over haar, dan mag dat pas als ook die opgelost is. "
    "Wilt u dat niet? Trek de toestemming dan in.",
    "retracted": "De dienst mag weer lezen, ook wat ze intussen miste. "
    "Loopt er nog een andere twijfel over haar, dan mag dat pas als ook die opgelost is.",
    "unproven": "De dienst toonde niet op tijd aan dat u toestemming gaf. De toestemming is gestopt. "
    "Wil de dienst toch verder, dan moet ze het u opnieuw vragen.",
}
"""What a case means for its customer now, and what comes next."""
_ENDED = "De toestemming zelf is gestopt: de dienst mag er niets meer mee lezen, hoe dit ook afloopt."
NEXT_OF_ENDED = {state: f"{words} {_ENDED}" for state, words in NEXT.items()} | {
    "lifted": "De dienst toonde aan dat u deze toestemming gaf. Maar de toestemming is intussen gestopt: "
    "de dienst mag er niets meer mee lezen.",
    "retracted": "De blokkering is voorbij. Maar de toestemming is gestopt: de dienst mag er niets meer mee lezen.",
    "unproven": NEXT["unproven"],
}
"""The same where the doubted permission itself has ended, by whoever: nothing opens again."""

ORIGINS = {
    "customer": "een klant",
    "party": "de dienst zelf",
    "market_party": "een andere partij op de energiemarkt",
    "authority": "een overheid",
    "consumer_body": "een consumentenorganisatie",
    "journal": "ons eigen register van blokkeringen",
}

STEPS = {
    "doubt.opened": "Twijfel gemeld. De dienst is geblokkeerd",
    "doubt.signalled": "Nog iemand meldt twijfel",
    "doubt.party_reported": "De dienst meldt zelf een klacht",
    "doubt.contacted": "De dienst is om bewijs gevraagd",
    "doubt.evidence_shown": "De dienst toont een bewijs",
    "doubt.words_opened": "Gelezen wat er bij de twijfel geschreven is",
    "doubt.evidence_opened": "Het bewijs is bekeken",
    "doubt.evidence_refused": "Het bewijs is niet goed genoeg",
    "doubt.evidence_accepted": "Het bewijs is goed bevonden",
    "doubt.not_agreed": "Een tweede persoon is het daar niet mee eens",
    "doubt.evidence_destroyed": "De kopie van het bewijs is vernietigd",
    "doubt.lifted": "De blokkering is opgeheven",
    "doubt.retracted": "De twijfel is ingetrokken",
    "doubt.unproven": "Niet op tijd aangetoond. De toestemming is gestopt",
    "doubt.breach_decided": "Nagegaan of dit een datalek is",
    "doubt.restored": "Na een storing: de 72 uur zijn gestopt, het bewijs wordt opnieuw gevraagd",
}
"""Each step of the history of one case."""

STEPPERS = {
    "customer": "u of iemand van uw adres",
    "party": "de dienst",
    "authority": "wie het bij ons meldde",
    "data_manager": "databeheer",
    "time": "de tijd",
}

STAFF_STATES = {
    "open": "geblokkeerd, partij nog niet gecontacteerd",
    "contacted": "geblokkeerd, 72 uur lopen",
    "shown": "geblokkeerd, bewijs te beoordelen",
    "accepted": "geblokkeerd, wacht op tweede persoon",
    "restored": "geblokkeerd, na een herstel opnieuw te vragen",
    "lifted": "opgeheven na bewijs",
    "retracted": "ingetrokken door wie twijfelde",
    "unproven": "niet aangetoond, toestemming beëindigd",
}
"""The same states, said to others than the customer."""
