"""Billing-grade and informative readings, kept apart (R61).

Informative readings, those of a third party's service, are validated by the rules alone and rectified by nobody
(TRDE 5.1.1-5.1.3): who disagrees with them turns to the supplier, whose bill rests on the other class.
"""

from __future__ import annotations

import enum

from databeheer.metering.states import MeteringError


class Grade(enum.StrEnum):
    """The class of a series; kept with the series, never mixed within one."""

    INFORMATIVE = "informative"
    BILLING = "billing"


GRADE_CODES = {Grade.INFORMATIVE: 0, Grade.BILLING: 1}
"""How a grade is written in arrays; never renumber."""


class InformativeSeriesError(MeteringError):
    """A correction by hand was asked of an informative series; it says whom to ask instead (TRDE 5.1.3)."""

    code = "informative-series"

    def __init__(self) -> None:
        super().__init__(
            "informative readings are validated by rules only and corrected by nobody; "
            "ask your supplier to have the readings on the bill looked at"
        )


def require_rectifiable(grade: Grade) -> None:
    """Pass where readings of this class may be rectified.

    Raises:
        InformativeSeriesError: it is the informative class; the message names the supplier's path.
    """
    if grade is not Grade.BILLING:
        raise InformativeSeriesError
