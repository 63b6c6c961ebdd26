"""The Dutch of user ports: what each gives and shows, and the text that somebody reads before one is opened."""

from __future__ import annotations

from web.portal.notice import Notice

STANDINGS = {
    "closed": ("Dicht", "ended"),
    "open": ("Open", "active"),
    "opening": ("Wordt geopend", "waiting"),
    "closing": ("Wordt gesloten", "waiting"),
}
"""Words and badge."""

PORTS = {
    "P1": {
        "gives": "Elke seconde hoeveel stroom u gebruikt en op het net zet, het vermogen en de meterstanden.",
        "reveals": "Dit laat heel veel zien. Wie deze gegevens heeft, kan op de seconde volgen wanneer u opstaat, "
        "kookt, weggaat of op reis bent.",
        "for": "Bijvoorbeeld voor een schermpje in huis, een laadpaal, een thuisbatterij of een app.",
    },
    "S1": {
        "gives": "Ruwe metingen, heel veel keer per seconde.",
        "reveals": "Dit laat nog meer zien dan de P1-poort. Uit ruwe metingen kan iemand afleiden welke toestellen "
        "er in huis aanstaan.",
        "for": "Bijvoorbeeld voor een toestel dat per apparaat meet. De meeste mensen hebben deze poort niet nodig.",
    },
}

OBSTACLES = {
    "unknown_meter": "Wij weten nog niet welke poorten deze meter heeft. De netbeheerder kan u dat zeggen.",
    "not_digital": "Dit is geen digitale meter. Alleen een digitale meter heeft poorten.",
    "no_such_port": "Deze meter heeft geen poort.",
}
GAS = "Deze gasmeter heeft geen eigen poort die u hier kunt openen."


WHO_READS = (
    "Alleen wie in uw huis een toestel aan de meter hangt. Van buitenaf kan niemand de poort lezen, ook wij niet. "
    "Let wel op: een toestel dat u zelf aansluit, kan doorsturen wat het leest. Kijk na wat de maker daarmee doet."
)


def opening_notice(port: str, meter: str, address: str) -> Notice:
    """Write what somebody agrees to who has a port opened; the page shows exactly this (R52, R53)."""
    words = PORTS[port]
    return Notice(
        (
            ("Welke poort?", f"De {port}-poort van meter {meter}, {address}."),
            ("Wat komt eruit?", words["gives"]),
            ("Wat is daaruit te zien?", words["reveals"]),
            ("Wie kan het lezen?", WHO_READS),
            ("Wat kost het?", "Niets. Openen en sluiten zijn gratis."),
            ("Wanneer is de poort open?", "De netbeheerder opent ze binnen 24 uur nadat u het vraagt."),
            (
                "Kunt u zich bedenken?",
                "Ja, altijd. U laat de poort weer sluiten met één knop. Verhuist u, dan laten wij ze vanzelf sluiten.",
            ),
        )
    )
