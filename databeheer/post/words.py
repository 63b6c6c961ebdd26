"""The words of messages and of e-mail: from `catalogue.toml` and `phrases.toml`, with a party's name and a day in them.

An e-mail says that there is something in the portal, and its title. It holds no name of the customer, no access
point, and no link that logs anybody in.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from databeheer.post import catalogue, credit_words, phrases
from databeheer.post.catalogue import IN_A_TITLE, LAST_DAY, Recipient, Words
from databeheer.post.languages import spell_day

INBOX = "/mijn/berichten"
SETTINGS = "/mijn/berichten/instellingen"
REPRESENTING = "/mijn/namens"
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
    spoken = spec.words[to][language]
    values = {name: said.get(name, "") for name in spec.says} | {LAST_DAY: ""}
    values["party"] = party_name or phrases.say("somebody", language)
    if values.get("until"):
        until = date.fromisoformat(values["until"])
        values["until"] = spell_day(until, language)
        values[LAST_DAY] = spell_day(until - timedelta(days=1), language)
    if spec.says >= catalogue.CREDIT:
        values |= credit_words.filled(said, values["until"], language)
    title = spoken.title.format(**{name: values[name] for name in IN_A_TITLE})
    return Words(title[:1].upper() + title[1:], " ".join(spoken.more.format(**values).split()))


def email(title: str, language: str, base_url: str, more: str = "") -> Email:
    """Return the e-mail of a message; with `more`, its second sentence, for who chose to get the whole message."""
    links = {"portal": base_url + INBOX, "settings": base_url + SETTINGS}
    told = f"{title}.\n\n{more}" if more else title
    return Email(title, phrases.say("email.message", language, title=told, **links).replace("..", "."))


def representatives_email(title: str, language: str, base_url: str) -> Email:
    """Return the e-mail of a message to whoever acts for the person that it is to."""
    links = {"portal": base_url + REPRESENTING, "settings": base_url + SETTINGS}
    subject = phrases.say("email.represented_subject", language, title=title)
    return Email(subject, phrases.say("email.represented", language, title=title, **links))


def data_manager_email(title: str, party: str | None) -> Email:
    """Return the e-mail of a message to the data manager: in English, as its list is."""
    return Email(title, _DESK_BODY.format(title=title, party=party or "none", desk=DESK))


def goodbye_email(why: Goodbye, language: str, base_url: str) -> Email:
    """Return the last e-mail to an address that was left; it does not say for which other one."""
    subject = phrases.say(f"email.{why}", language)
    return Email(
        subject, phrases.say("email.goodbye", language, subject=subject, settings=base_url + SETTINGS)
    )


def code_email(code: str, language: str) -> Email:
    """Return the e-mail that confirms an address."""
    return Email(phrases.say("email.code_subject", language), phrases.say("email.code", language, code=code))
