"""The Dutch of doubt about a mandate: one plain phrase per code. A code without words here stops a test."""

from __future__ import annotations

from web.language import lazy

CONCERNS = {
    "not_given": lazy("Ik heb deze toestemming niet gegeven"),
    "too_much": lazy("Ik gaf toestemming, maar niet voor dit alles"),
    "other": lazy("Er klopt iets anders niet"),
}

CONCERNS_OF_OTHERS = {
    "not_given": lazy("Iemand meldde dat deze toestemming niet gegeven is"),
    "too_much": lazy("Iemand meldde dat de toestemming niet voor dit alles gegeven is"),
    "other": lazy("Iemand meldde dat er iets anders niet klopt"),
}
"""The same where somebody else reported it: never put into the customer's mouth."""

STATES = {
    "open": (lazy("Geblokkeerd, wij contacteren de dienst"), "refused"),
    "contacted": (lazy("Geblokkeerd, de dienst moet bewijs tonen"), "refused"),
    "shown": (lazy("Geblokkeerd, wij beoordelen het bewijs"), "refused"),
    "accepted": (lazy("Geblokkeerd, een tweede persoon kijkt na"), "refused"),
    "restored": (lazy("Geblokkeerd, wij vragen het bewijs opnieuw"), "refused"),
    "lifted": (lazy("Opgelost: de toestemming is aangetoond"), "active"),
    "retracted": (lazy("U trok uw twijfel in"), "ended"),
    "unproven": (lazy("Gestopt: de toestemming is niet aangetoond"), "ended"),
}
"""Words and badge of each state of a case."""
STATES_OF_OTHERS = {"retracted": lazy("De twijfel is ingetrokken")}
"""The same where the doubt was somebody else's."""

NEXT = {
    "open": lazy(
        "De dienst krijgt nu niets meer op grond van een toestemming. Wij vragen de dienst om uitleg."
    ),
    "contacted": lazy(
        "De dienst moet ons tonen dat u toestemming gaf. Ze krijgt daarvoor 72 uur, ook in het weekend."
    ),
    "shown": lazy("De dienst toonde op tijd een bewijs. Wij beoordelen het."),
    "restored": lazy(
        "Een storing wiste wat al getoond of beslist was. De dienst blijft geblokkeerd, wij vragen het weer."
    ),
    "accepted": lazy(
        "Iemand van ons vond het bewijs goed. Een tweede persoon kijkt het na voor de blokkering stopt."
    ),
    "lifted": lazy(
        "De dienst toonde aan dat u deze toestemming gaf. Ze mag weer lezen, ook wat ze intussen miste. "
        "Loopt er nog een andere twijfel over haar, dan mag dat pas als ook die opgelost is. "
        "Wilt u dat niet? Trek de toestemming dan in."
    ),
    "retracted": lazy(
        "De dienst mag weer lezen, ook wat ze intussen miste. "
        "Loopt er nog een andere twijfel over haar, dan mag dat pas als ook die opgelost is."
    ),
    "unproven": lazy(
        "De dienst toonde niet op tijd aan dat u toestemming gaf. De toestemming is gestopt. "
        "Wil de dienst toch verder, dan moet ze het u opnieuw vragen."
    ),
}
"""What a case means for its customer now, and what comes next."""
_ENDED = lazy("De toestemming zelf is gestopt: de dienst mag er niets meer mee lezen, hoe dit ook afloopt.")
NEXT_OF_ENDED = {state: f"{words} {_ENDED}" for state, words in NEXT.items()} | {
    "lifted": lazy(
        "De dienst toonde aan dat u deze toestemming gaf. Maar de toestemming is intussen gestopt: "
        "de dienst mag er niets meer mee lezen."
    ),
    "retracted": lazy(
        "De blokkering is voorbij. Maar de toestemming is gestopt: de dienst mag er niets meer mee lezen."
    ),
    "unproven": NEXT["unproven"],
}
"""The same where the doubted permission itself has ended, by whoever: nothing opens again."""

ORIGINS = {
    "customer": lazy("een klant"),
    "party": lazy("de dienst zelf"),
    "market_party": lazy("een andere partij op de energiemarkt"),
    "authority": lazy("een overheid"),
    "consumer_body": lazy("een consumentenorganisatie"),
    "journal": lazy("ons eigen register van blokkeringen"),
}

STEPS = {
    "doubt.opened": lazy("Twijfel gemeld. De dienst is geblokkeerd"),
    "doubt.signalled": lazy("Nog iemand meldt twijfel"),
    "doubt.party_reported": lazy("De dienst meldt zelf een klacht"),
    "doubt.contacted": lazy("De dienst is om bewijs gevraagd"),
    "doubt.evidence_shown": lazy("De dienst toont een bewijs"),
    "doubt.words_opened": lazy("Gelezen wat er bij de twijfel geschreven is"),
    "doubt.evidence_opened": lazy("Het bewijs is bekeken"),
    "doubt.evidence_refused": lazy("Het bewijs is niet goed genoeg"),
    "doubt.evidence_accepted": lazy("Het bewijs is goed bevonden"),
    "doubt.not_agreed": lazy("Een tweede persoon is het daar niet mee eens"),
    "doubt.evidence_destroyed": lazy("De kopie van het bewijs is vernietigd"),
    "doubt.lifted": lazy("De blokkering is opgeheven"),
    "doubt.retracted": lazy("De twijfel is ingetrokken"),
    "doubt.unproven": lazy("Niet op tijd aangetoond. De toestemming is gestopt"),
    "doubt.breach_decided": lazy("Nagegaan of dit een datalek is"),
    "doubt.restored": lazy("Na een storing: de 72 uur zijn gestopt, het bewijs wordt opnieuw gevraagd"),
}
"""Each step of the history of one case."""

STEPPERS = {
    "customer": lazy("u of iemand van uw adres"),
    "party": lazy("de dienst"),
    "authority": lazy("wie het bij ons meldde"),
    "data_manager": lazy("databeheer"),
    "time": lazy("de tijd"),
}

STAFF_STATES = {
    "open": lazy("geblokkeerd, partij nog niet gecontacteerd"),
    "contacted": lazy("geblokkeerd, 72 uur lopen"),
    "shown": lazy("geblokkeerd, bewijs te beoordelen"),
    "accepted": lazy("geblokkeerd, wacht op tweede persoon"),
    "restored": lazy("geblokkeerd, na een herstel opnieuw te vragen"),
    "lifted": lazy("opgeheven na bewijs"),
    "retracted": lazy("ingetrokken door wie twijfelde"),
    "unproven": lazy("niet aangetoond, toestemming beëindigd"),
}
"""The same states, said to others than the customer."""
