"""What a customer reads of a join that his data were in, from what the ledger's entry says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from databeheer.joins.reasons import SENTENCES, JoinReason


def sentence_nl(said: Mapping[str, Any]) -> str:
    """Say in plain Dutch what a `join.run` or `join.refused` was; the entry names no other person."""
    reason = said.get("reason")
    if reason:
        return (
            f"Iemand vroeg om uw gegevens te koppelen. Dat is geweigerd. {SENTENCES[JoinReason(reason)][0]}"
        )
    if said["shape"] == "aggregate":
        what = "Uw verbruik is opgeteld bij dat van andere aansluitingen. Alleen totalen zijn gegeven."
    else:
        what = "Uw verbruik per maand is gegeven zonder uw naam, uw adres of uw EAN-nummer."
    return f"{said['title_nl']}. {what} {said['citation']} Lijst van toegelaten koppelingen, versie {said['list']}."
