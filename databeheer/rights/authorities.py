"""Where somebody can complain, whatever the house answers (GDPR 13(2)(d), 77; R50). Names and addresses are public."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Authority:
    """One supervisory authority; `about_nl` says for what, `href` is its own site."""

    name: str
    about_nl: str
    address: str
    href: str


AUTHORITIES = (
    Authority(
        "Vlaamse Toezichtcommissie (VTC)",
        "voor wat netbeheerders en Vlaamse overheden met uw gegevens doen",
        "Koning Albert II-laan 15, 1210 Brussel",
        "https://www.vlaanderen.be/vlaamse-toezichtcommissie",
    ),
    Authority(
        "Gegevensbeschermingsautoriteit (GBA)",
        "voor wat bedrijven en federale overheden met uw gegevens doen",
        "Drukpersstraat 35, 1000 Brussel",
        "https://www.gegevensbeschermingsautoriteit.be",
    ),
    Authority(
        "Vlaamse Nutsregulator",
        "voor de regels van de energiemarkt: wie welke meetgegevens mag hebben",
        "Koning Albert II-laan 15, 1210 Brussel",
        "https://www.vlaamsenutsregulator.be",
    ),
)
