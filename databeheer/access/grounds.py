"""From facts to grounds: everything that gives an asker standing on an access point, with what hinders it.

Grounds are not yet an answer: `decide` chooses between them, instant by instant.
"""

from __future__ import annotations

from datetime import datetime

from databeheer.access.bases import BasisKind, Catalogue
from databeheer.access.by_consent import consents
from databeheer.access.by_law import statutory
from databeheer.access.decision import Wish
from databeheer.access.facts import Facts
from databeheer.access.ground import Case, Ground
from databeheer.values import Role

__all__ = ["Ground", "grounds"]


def grounds(wish: Wish, facts: Facts, now: datetime, catalogue: Catalogue) -> list[Ground]:
    """Everything that gives this asker standing on this access point.

    Empty for an outsider: someone with no fact of his own here, whatever exists here.
    """
    case = Case(wish, facts, now)
    if not _is_who_asks(case):
        return []
    rows = catalogue.rows_of(wish.asker_role)
    found = list(consents(case, [row for row in rows if row.basis is BasisKind.CONSENT]))
    if wish.permission_id is None:
        others = [row for row in rows if row.basis is not BasisKind.CONSENT]
        # A row for another purpose explains a refusal only where no row is for this one.
        for row in [row for row in others if wish.purpose in row.purposes] or others:
            found.extend(statutory(case, row))
    return found


def _is_who_asks(case: Case) -> bool:
    """Facts of somebody else prove nothing, so a mix-up of facts refuses."""
    if case.wish.asker_role is Role.GRID_USER:
        return True
    party = case.facts.party
    return party is not None and party.id == case.wish.party_id and party.role is case.wish.asker_role
