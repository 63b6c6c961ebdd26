"""The Dutch of user ports: what each gives and shows, and the text that somebody reads before one is opened."""

from __future__ import annotations

from web.language import _, lazy
from web.portal.notice import Notice

STANDINGS = {
    "closed": (lazy("Dicht"), "ended"),
    "open": (lazy("Open"), "active"),
    "opening": (lazy("Wordt geopend"), "waiting"),
    "closing": (lazy("Wordt gesloten"), "waiting"),
    "staying_closed": (lazy("Blijft dicht"), "waiting"),
    "staying_open": (lazy("Blijft open"), "waiting"),
}
"""Words and badge."""

PORTS = {
    "P1": {
        "gives": lazy(
            "Elke seconde hoeveel stroom u gebruikt en op het net zet, het vermogen en de meterstanden."
        ),
        "reveals": lazy(
            "Dit laat heel veel zien. Wie deze gegevens heeft, kan op de seconde volgen wanneer u opstaat, "
            "kookt, weggaat of op reis bent."
        ),
        "for": lazy("Bijvoorbeeld voor een schermpje in huis, een laadpaal, een thuisbatterij of een app."),
    },
    "S1": {
        "gives": lazy("Ruwe metingen, heel veel keer per seconde."),
        "reveals": lazy(
            "Dit laat nog meer zien dan de P1-poort. Uit ruwe metingen kan iemand afleiden welke toestellen "
            "er in huis aanstaan."
        ),
        "for": lazy(
            "Bijvoorbeeld voor een toestel dat per apparaat meet. De meeste mensen hebben deze poort niet nodig."
        ),
    },
}

OBSTACLES = {
    "unknown_meter": lazy(
        "Wij weten nog niet welke poorten deze meter heeft. De netbeheerder kan u dat zeggen."
    ),
    "not_digital": lazy("Dit is geen digitale meter. Alleen een digitale meter heeft poorten."),
    "no_such_port": lazy("Deze meter heeft geen poort."),
}
GAS = lazy("Deze gasmeter heeft geen eigen poort die u hier kunt openen.")


WHO_READS = lazy(
    "Alleen wie in uw huis een toestel aan de meter hangt. Van buitenaf kan niemand de poort lezen, ook wij niet. "
    "Let wel op: een toestel dat u zelf aansluit, kan doorsturen wat het leest. Kijk na wat de maker daarmee doet."
)


def opening_notice(port: str, meter: str, address: str) -> Notice:
    """Write what somebody agrees to who has a port opened; the page shows exactly this (R52, R53)."""
    words = PORTS[port]
    return Notice(
        (
            (
                _("Welke poort?"),
                _(
                    "De %(port)s-poort van meter %(meter)s, %(address)s.",
                    port=port,
                    meter=meter,
                    address=address,
                ),
            ),
            (_("Wat komt eruit?"), words["gives"]),
            (_("Wat is daaruit te zien?"), words["reveals"]),
            (_("Wie kan het lezen?"), WHO_READS),
            (_("Wat kost het?"), _("Niets. Openen en sluiten zijn gratis.")),
            (_("Wanneer is de poort open?"), _("De netbeheerder opent ze binnen 24 uur nadat u het vraagt.")),
            (
                _("Kunt u zich bedenken?"),
                _(
                    "Ja, altijd. U laat de poort weer sluiten met één knop. Verhuist u, dan laten "
                    "wij ze vanzelf sluiten."
                ),
            ),
        )
    )
