"""From facts to grounds: everything that gives an asker standing on an access point, with what hinders it.

Grounds are not yet an answer: `decide` chooses between them, instant by instant.
"""

from __future__ import annotations

from databeheer.access.by_consent import consents
from databeheer.access.by_law import statutory
from databeheer.access.ground import Case, Ground

__all__ = ["Ground", "grounds"]


def grounds(case: Case) -> list[Ground]:
    """Everything that gives this asker standing on this access point.

    Empty for an outsider: someone with no fact of his own here, whatever exists here.
    """
    if not _is_who_asks(case):
        return []
    wish = case.wish
    plan = case.catalogue.plan(wish.asker_role)
    found = consents(case, plan.by_consent) if plan.by_consent and case.facts.permissions else []
    others = plan.statutory
    if others and wish.permission_id is None:
        # A row for another purpose explains a refusal only where no row is for this one.
        for row in [row for row in others if wish.purpose in row.purposes] or others:
            found.extend(statutory(case, row))
    return found


def _is_who_asks(case: Case) -> bool:
    """Facts of somebody else prove nothing, so a mix-up of facts refuses."""
    wish = case.wish
    if wish.person_id is not None:
        return True
    party = case.facts.party
    return party is not None and party.id == wish.party_id and party.role is wish.asker_role
