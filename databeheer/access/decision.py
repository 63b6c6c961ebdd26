"""What is asked of one access point, and the answer: intervals with grounds, intervals with reasons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from databeheer.access.bases import Category, Citation
from databeheer.access.reasons import ERRORS, ReasonCode
from databeheer.access.sentences import SENTENCES
from databeheer.errors import DatabeheerError, MalformedRequestError, OutsideGrantedPeriodError
from databeheer.values import PERSON_ROLES, Direction, Granularity, Period, Purpose, Role


@dataclass(frozen=True)
class Wish:
    """What an asker wants of one access point.

    People (grid user, person concerned, representative) are named by `person_id`, every other role by `party_id`.
    With `permission_id` only that permission counts. `directions` say nothing of technical and relational data,
    nor does `granularity`.
    """

    asker_role: Role
    party_id: str | None
    person_id: str | None
    purpose: Purpose
    category: str
    directions: frozenset[Direction]
    granularity: Granularity
    period: Period
    permission_id: str | None = None

    def __post_init__(self) -> None:
        is_person = self.asker_role in PERSON_ROLES
        if (self.person_id is not None) != is_person or (self.party_id is not None) == is_person:
            raise MalformedRequestError("people ask as a person, every other role as a party")
        if self.category == Category.READINGS and not self.directions:
            raise MalformedRequestError("name at least one direction: offtake, injection")


class Granted(NamedTuple):
    """A stretch of the asked period that the asker may have, on exactly one ground (R1).

    `basis` is the code of the catalogue's row, `citation` its article (of an authority, the one that authorises
    it), `fact_id` the fact that carries it
    (permission, contract, occupancy, necessity record, or the party itself where its role alone does),
    `occupancy_id` whose readings these are, `states` the validation states whose values may leave.
    """

    interval: Period
    basis: str
    citation: Citation
    fact_id: str
    occupancy_id: str
    states: frozenset[str]
    catalogue_version: str


class Refused(NamedTuple):
    """A stretch of the asked period that the asker may not have, and why.

    `rule` is the code of the catalogue's refusal, where the role itself is refused.
    """

    interval: Period
    reason: ReasonCode
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The whole answer: every instant of the asked period lies in exactly one of its intervals.

    Both tuples are in the order of time. It is a value to record first and to act on afterwards: `strict`
    and `clipped` raise, so call them after the refusal has been recorded.
    """

    granted: tuple[Granted, ...]
    refused: tuple[Refused, ...]
    catalogue_version: str

    def strict(self) -> tuple[Granted, ...]:
        """Return what is granted if that is everything.

        Raises:
            OutsideGrantedPeriodError: a part is refused.
            DatabeheerError: all is refused; the subclass and its code say why.
        """
        if self.refused and self.granted:
            raise OutsideGrantedPeriodError(SENTENCES[self.main_reason()][1])
        return self.clipped() if self.refused else self.granted

    def clipped(self) -> tuple[Granted, ...]:
        """Return what is granted if that is anything.

        Raises:
            DatabeheerError: all is refused; the subclass and its code say why.
        """
        if not self.granted:
            raise self.refusal()
        return self.granted

    def main_reason(self) -> ReasonCode:
        """The one reason to report for a decision that refuses something."""
        return main_reason(self.refused)

    def refusal(self) -> DatabeheerError:
        """The error that stands for this refusal."""
        reason = self.main_reason()
        return ERRORS[reason](SENTENCES[reason][1])


def main_reason(refused: Iterable[Refused]) -> ReasonCode:
    """The one reason to report for some refused stretches, at least one."""
    given = {one.reason for one in refused}
    return next(reason for reason in ERRORS if reason in given)
