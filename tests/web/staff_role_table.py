"""Which role of staff opens which page of `/dienst`: the table that a test walks. A new page has no row, and fails.

Everybody else of the house gets 403, whatever his roles.
"""

from __future__ import annotations

from dataclasses import dataclass

from databeheer.governance.registers import shipped
from databeheer.staff import roles

ALL = frozenset(roles.load().by_code)
ADMINISTRATORS = frozenset({"administrator"})
GIVERS = frozenset({"manager", "security_officer"})


def reading(topic: str) -> frozenset[str]:
    return roles.load().reading(topic)


def writing(topic: str) -> frozenset[str]:
    return roles.load().writing(topic)


REGISTERED = frozenset[str]().union(*(reading(one.topic) for one in shipped().by_code.values()))
WRITE_REGISTERS = frozenset[str]().union(*(writing(one.topic) for one in shipped().by_code.values()))
WRITE_DOCUMENTS = writing("risks") | writing("measures") | writing("confidentiality")
IN, RECORD = "/dienst/registers/<register>", "/dienst/registers/stuk/<uuid:record_id>"
CONTACT, AT_CONTACT = "/dienst/loket/<reference>", "/dienst/loket/Z2026-1"
NO_RECORD = "00000000-0000-4000-8000-00000000beef"
RIGHT, AT_RIGHT = "/dienst/rechten/<uuid:request_id>", f"/dienst/rechten/{NO_RECORD}"


@dataclass(frozen=True)
class Row:
    """A page, and which roles open it. `to_write`: only those who were given the role to write.

    `also_without`: even staff without a role that counts. `answer`: what who may gets; a form is sent empty.
    """

    method: str
    rule: str
    roles: frozenset[str]
    to_write: bool = False
    also_without: bool = False
    answer: int = 200
    at: str = ""

    @property
    def name(self) -> str:
        return f"{self.method} {self.rule}"


ROWS = (
    Row("GET", "/dienst", ALL, also_without=True),
    Row("GET", "/dienst/dossiers/nieuw", writing("cases"), to_write=True),
    Row("POST", "/dienst/dossiers/nieuw", writing("cases"), to_write=True, answer=400),
    Row("POST", "/dienst/dossiers/kijk", reading("people"), answer=400),
    Row("POST", "/dienst/dossiers/sluit", writing("cases"), to_write=True, answer=400),
    Row("GET", "/dienst/loket", reading("contacts")),
    Row("POST", "/dienst/loket", writing("contacts"), to_write=True, answer=400),
    Row("GET", CONTACT, reading("contacts"), answer=403, at="/dienst/loket/Z2026-1"),
    *(
        Row(
            "POST",
            f"{CONTACT}/{act}",
            writing("contacts"),
            to_write=True,
            answer=answer,
            at=f"{AT_CONTACT}/{act}",
        )
        for act, answer in (
            ("wie", 403),
            ("kijk", 403),
            ("ean", 403),
            ("leverancier", 403),
            ("verbruik", 403),
            ("dossier", 400),
            ("sluit", 403),
            ("geven", 400),
            ("intrekken", 400),
            ("recht", 403),
            ("ontgrendel", 403),
            ("bewaar", 400),
        )
    ),
    Row("GET", "/dienst/loket/ocmw", reading("contacts")),
    Row("POST", "/dienst/loket/ocmw", writing("contacts"), to_write=True, answer=400),
    Row("GET", "/dienst/loket/opnames", reading("recordings")),
    Row("POST", "/dienst/loket/opnames", writing("recordings"), to_write=True, answer=400),
    Row("GET", "/dienst/rechten", reading("rights")),
    Row("GET", RIGHT, reading("rights"), answer=404, at=AT_RIGHT),
    *(
        Row("POST", f"{RIGHT}/{act}", writing("rights"), to_write=True, answer=404, at=f"{AT_RIGHT}/{act}")
        for act in ("antwoord", "uitstel")
    ),
    Row("GET", "/dienst/wie-keek", reading("trail")),
    Row("GET", "/dienst/medewerkers", reading("staff")),
    Row("POST", "/dienst/medewerkers", writing("staff"), to_write=True, answer=400),
    Row("POST", "/dienst/medewerkers/goedkeuren", GIVERS, to_write=True, answer=400),
    Row("POST", "/dienst/medewerkers/bevestigen", frozenset({"manager"}), to_write=True, answer=400),
    Row("POST", "/dienst/medewerkers/einde", writing("staff"), to_write=True, answer=400),
    Row("GET", "/dienst/medewerkers/nieuw", ADMINISTRATORS, to_write=True),
    Row("POST", "/dienst/medewerkers/nieuw", ADMINISTRATORS, to_write=True, answer=400),
    Row("GET", "/dienst/medewerkers/vertrokken", writing("staff"), to_write=True),
    Row("POST", "/dienst/medewerkers/vertrokken", writing("staff"), to_write=True, answer=400),
    Row(
        "GET",
        "/dienst/dossiers/geef-door",
        writing("cases"),
        to_write=True,
        answer=404,
        at="/dienst/dossiers/geef-door?dossier=Z2026-1",
    ),
    Row("POST", "/dienst/dossiers/geef-door", writing("cases"), to_write=True, answer=400),
    Row("GET", "/dienst/beheer", reading("systems")),
    Row("POST", "/dienst/beheer", ADMINISTRATORS, to_write=True, answer=400),
    Row("GET", "/dienst/toestellen", reading("systems")),
    Row("POST", "/dienst/toestellen", ADMINISTRATORS, to_write=True, answer=400),
    Row("POST", "/dienst/toestellen/einde", ADMINISTRATORS, to_write=True, answer=400),
    Row("GET", "/dienst/rijksregister", reading("people") | reading("national_register")),
    Row("POST", "/dienst/rijksregister", reading("people"), to_write=True, answer=400),
    Row("POST", "/dienst/rijksregister/beslis", writing("national_register"), to_write=True, answer=400),
    Row("POST", "/dienst/rijksregister/nagekeken", writing("national_register"), to_write=True, answer=400),
    Row("GET", "/dienst/documenten", REGISTERED),
    Row("POST", "/dienst/documenten", WRITE_DOCUMENTS, to_write=True, answer=400),
    Row(
        "GET",
        "/dienst/documenten/<uuid:document_id>",
        REGISTERED,
        answer=404,
        at=f"/dienst/documenten/{NO_RECORD}",
    ),
    Row("GET", "/dienst/registers", REGISTERED),
    *(
        row
        for code, topic in (("agreement", "risks"), ("breach", "breaches"), ("finding", "measures"))
        for row in (
            Row("GET", f"{IN}", reading(topic), at=f"/dienst/registers/{code}"),
            Row("GET", f"{IN}/nieuw", writing(topic), to_write=True, at=f"/dienst/registers/{code}/nieuw"),
            Row(
                "POST",
                f"{IN}/nieuw",
                writing(topic),
                to_write=True,
                answer=400,
                at=f"/dienst/registers/{code}/nieuw",
            ),
        )
    ),
    Row("GET", RECORD, REGISTERED, answer=404, at=f"/dienst/registers/stuk/{NO_RECORD}"),
    Row(
        "POST",
        f"{RECORD}/beslissen",
        WRITE_REGISTERS,
        to_write=True,
        answer=400,
        at=f"/dienst/registers/stuk/{NO_RECORD}/beslissen",
    ),
    Row(
        "POST",
        f"{RECORD}/sluiten",
        WRITE_REGISTERS,
        to_write=True,
        answer=400,
        at=f"/dienst/registers/stuk/{NO_RECORD}/sluiten",
    ),
)
