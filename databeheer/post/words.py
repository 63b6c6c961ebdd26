"""The words of messages and of e-mail: from the catalogue, filled with a party's name and a day, never more.

An e-mail says that there is something in the portal, and its title. It holds no name of the customer, no access
point, and no link that logs anybody in.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from babel.dates import format_date

from databeheer.post import catalogue, credit_words
from databeheer.post.catalogue import IN_A_TITLE, LAST_DAY, Recipient, Words

INBOX = "/mijn/berichten"
SETTINGS = "/mijn/berichten/instellingen"
_SOMEBODY = {"nl": "een partij", "en": "a party"}
_BODY = {
    "nl": (
        "Dag\n\n{title}.\n\nU leest er meer over in uw portaal:\n{portal}\n\nMeld u daar aan zoals u gewoon bent."
        " In onze e-mails staat nooit een link die u meteen aanmeldt. Wij vragen u ook nooit om een wachtwoord.\n\n"
        "Wilt u geen e-mail meer? Dat regelt u hier:\n{settings}\n\ndatabeheer\n"
    ),
    "en": (
        "Hello\n\n{title}.\n\nYou can read more in your portal:\n{portal}\n\nLog in there as you always do. Our"
        " e-mails never hold a link that logs you in, and we never ask for a password.\n\nDo you want no more"
        " e-mail? You can arrange that here:\n{settings}\n\ndatabeheer\n"
    ),
}
_CODE_SUBJECT = {
    "nl": "Uw code om uw e-mailadres te bevestigen",
    "en": "Your code to confirm your e-mail address",
}
_CODE_BODY = {
    "nl": (
        "Dag\n\nIemand vroeg in het portaal van databeheer om berichten naar dit e-mailadres te sturen.\n\n"
        "Was u dat? Vul dan deze code in: {code}\n\nDe code werkt een half uur. U vult ze in op de pagina waar u ze"
        " gevraagd hebt. Was u het niet? Dan hoeft u niets te doen: u krijgt geen berichten.\n\ndatabeheer\n"
    ),
    "en": (
        "Hello\n\nSomebody asked in the portal of databeheer to send messages to this e-mail address.\n\n"
        "Was it you? Then fill in this code: {code}\n\nThe code works for half an hour. Fill it in on the page where"
        " you asked for it. Was it not you? Then you need not do anything: you will get no messages.\n\ndatabeheer\n"
    ),
}


_GOODBYE_SUBJECT = {
    "nl": {
        "replaced": "Onze berichten gaan voortaan naar een ander e-mailadres",
        "removed": "U krijgt op dit adres geen e-mail meer van ons",
    },
    "en": {
        "replaced": "Our messages now go to another e-mail address",
        "removed": "You get no more e-mail from us at this address",
    },
}
_GOODBYE_BODY = {
    "nl": (
        "Dag\n\n{subject}. Dat is zopas zo ingesteld in het portaal van databeheer. Dit is het laatste bericht op dit"
        " adres.\n\nWas u dat? Dan hoeft u niets te doen.\n\nWas u het niet? Dan is er misschien iemand anders in uw"
        " portaal. Meld u aan zoals u gewoon bent en kijk de instellingen na:\n{settings}\n\n"
        "databeheer\n"
    ),
    "en": (
        "Hello\n\n{subject}. Somebody just set this in the portal of databeheer. This is the last message to this"
        " address.\n\nWas it you? Then you need not do anything.\n\nWas it not you? Then somebody else may be in your"
        " portal. Log in there as you always do and look at the settings:\n{settings}\n\ndatabeheer\n"
    ),
}
REPRESENTING = "/mijn/namens"
_REPRESENTATIVE_SUBJECT = {"nl": "Voor wie u vertegenwoordigt: {title}", "en": "For whom you act: {title}"}
_REPRESENTATIVE_BODY = {
    "nl": (
        "Dag\n\nEr is een bericht voor een persoon voor wie u mag optreden:\n{title}.\n\n‘U’ en ‘uw’ gaan over die"
        " persoon. U leest er meer over in het portaal. Kies daar eerst voor wie u optreedt:\n{portal}\n\nMeld u aan"
        " zoals u gewoon bent. In onze e-mails staat nooit een link die u meteen aanmeldt.\n\nWilt u geen e-mail meer?"
        " Dat regelt u hier:\n{settings}\n\ndatabeheer\n"
    ),
    "en": (
        "Hello\n\nThere is a message for a person for whom you may act:\n{title}.\n\n'You' and 'your' are about that"
        " person. You can read more in the portal. Choose there first for whom you act:\n{portal}\n\nLog in as you"
        " always do. Our e-mails never hold a link that logs you in.\n\nDo you want no more e-mail? You can arrange"
        " that here:\n{settings}\n\ndatabeheer\n"
    ),
}
DESK = "databeheer operator post.told"
"""The command that lists what the data manager was told: no page of the web does, for the web has no operator."""
_DESK_BODY = "{title}\n\nParty: {party}\n\nThe list of all that you were told: {desk}\n\ndatabeheer\n"


class Goodbye(enum.StrEnum):
    """Why an address was left."""

    REPLACED = "replaced"
    REMOVED = "removed"


@dataclass(frozen=True)
class Email:
    """What an e-mail says."""

    subject: str
    body: str


def words(kind: str, to: Recipient, language: str, said: Mapping[str, str], party_name: str | None) -> Words:
    """Return a message's title and second sentence, filled in; the title holds a party's name at most."""
    spec = catalogue.kind(kind)
    by_language = spec.words[to]
    spoken = by_language.get(language) or by_language["en"]
    values = {name: said.get(name, "") for name in spec.says} | {LAST_DAY: ""}
    values["party"] = party_name or _SOMEBODY.get(language, "a party")
    if values.get("until"):
        until = date.fromisoformat(values["until"])
        values["until"] = spell_day(until, language)
        values[LAST_DAY] = spell_day(until - timedelta(days=1), language)
    if spec.says >= credit_words.FIELDS:
        values |= credit_words.phrases(said, values["until"], language)
    title = spoken.title.format(**{name: values[name] for name in IN_A_TITLE})
    return Words(title[:1].upper() + title[1:], " ".join(spoken.more.format(**values).split()))


def spell_day(day: date, language: str) -> str:
    """Return a day in words: 3 maart 2027."""
    return format_date(day, "d MMMM y", locale=language)


def email(title: str, language: str, base_url: str, more: str = "") -> Email:
    """Return the e-mail of a message; with `more`, its second sentence, for who chose to get the whole message."""
    links = {"portal": base_url + INBOX, "settings": base_url + SETTINGS}
    told = f"{title}.\n\n{more}" if more else title
    return Email(title, _BODY[language].format(title=told, **links).replace("..", "."))


def representatives_email(title: str, language: str, base_url: str) -> Email:
    """Return the e-mail of a message to whoever acts for the person that it is to."""
    links = {"portal": base_url + REPRESENTING, "settings": base_url + SETTINGS}
    subject = _REPRESENTATIVE_SUBJECT[language].format(title=title)
    return Email(subject, _REPRESENTATIVE_BODY[language].format(title=title, **links))


def data_manager_email(title: str, party: str | None) -> Email:
    """Return the e-mail of a message to the data manager: in English, as its list is."""
    return Email(title, _DESK_BODY.format(title=title, party=party or "none", desk=DESK))


def goodbye_email(why: Goodbye, language: str, base_url: str) -> Email:
    """Return the last e-mail to an address that was left; it does not say for which other one."""
    subject = _GOODBYE_SUBJECT[language][why]
    return Email(subject, _GOODBYE_BODY[language].format(subject=subject, settings=base_url + SETTINGS))


def code_email(code: str, language: str) -> Email:
    """Return the e-mail that confirms an address."""
    return Email(_CODE_SUBJECT[language], _CODE_BODY[language].format(code=code))
