"""Which role of staff opens which page of `/dienst`: the table that a test walks. A new page has no row, and fails.

Everybody else of the house gets 403, whatever his roles.
"""

from __future__ import annotations

from dataclasses import dataclass

from databeheer.staff import roles

ALL = frozenset(roles.load().by_code)
GIVERS = frozenset({"manager", "security_officer"})


def reading(topic: str) -> frozenset[str]:
    return roles.load().reading(topic)


def writing(topic: str) -> frozenset[str]:
    return roles.load().writing(topic)


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

    @property
    def name(self) -> str:
        return f"{self.method} {self.rule}"


ROWS = (
    Row("GET", "/dienst", ALL, also_without=True),
    Row("GET", "/dienst/dossiers/nieuw", writing("cases"), to_write=True),
    Row("POST", "/dienst/dossiers/nieuw", writing("cases"), to_write=True, answer=400),
    Row("POST", "/dienst/dossiers/kijk", reading("people"), answer=400),
    Row("POST", "/dienst/dossiers/sluit", writing("cases"), to_write=True, answer=400),
    Row("GET", "/dienst/medewerkers", reading("staff")),
    Row("POST", "/dienst/medewerkers", writing("staff"), to_write=True, answer=400),
    Row("POST", "/dienst/medewerkers/goedkeuren", GIVERS, to_write=True, answer=400),
    Row("POST", "/dienst/medewerkers/bevestigen", frozenset({"manager"}), to_write=True, answer=400),
    Row("POST", "/dienst/medewerkers/einde", writing("staff"), to_write=True, answer=400),
    Row("GET", "/dienst/rijksregister", reading("people") | reading("national_register")),
    Row("POST", "/dienst/rijksregister", reading("people"), to_write=True, answer=400),
    Row("POST", "/dienst/rijksregister/beslis", writing("national_register"), to_write=True, answer=400),
    Row("POST", "/dienst/rijksregister/nagekeken", writing("national_register"), to_write=True, answer=400),
)
