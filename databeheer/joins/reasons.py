"""Why a join is refused: a closed list, with a sentence for the customer and one for the requester."""

from __future__ import annotations

import enum


class JoinReason(enum.StrEnum):
    """Stands in ledger bodies, so a value never changes."""

    LIST_NOT_IN_FORCE = "list_not_in_force"
    NOT_ON_LIST = "not_on_list"
    ROLE_NOT_ALLOWED = "role_not_allowed"
    PURPOSE_NOT_ALLOWED = "purpose_not_allowed"
    SCOPE_NOT_ALLOWED = "scope_not_allowed"
    TOO_FEW_POINTS = "too_few_points"
    TOO_MANY_POINTS = "too_many_points"
    NOT_WHOLE_MONTHS = "not_whole_months"
    PERIOD_TOO_LONG = "period_too_long"
    APPROVAL_MISSING = "approval_missing"
    POINT_NOT_GIVEN = "point_not_given"
    PARTY_SUSPENDED = "party_suspended"
    STOPPED = "stopped"
    RATE_LIMITED = "rate_limited"
    PUBLISHED_ONLY = "published_only"
    TOLD_BEFORE = "told_before"
    NO_REPORT = "no_report"
    NOT_ANONYMOUS = "not_anonymous"
    NECESSITY_NOT_IN_FORCE = "necessity_not_in_force"


SENTENCES: dict[JoinReason, tuple[str, str]] = {
    # Dutch for the customer, English for the requester; they name nobody and tell not which point it was.
    JoinReason.LIST_NOT_IN_FORCE: (
        "De lijst van toegelaten koppelingen was niet geldig ondertekend. Dan mag geen enkele koppeling.",
        "The list of lawful joins is not in force, so no join runs.",
    ),
    JoinReason.NOT_ON_LIST: (
        "Deze koppeling staat niet op de lijst van de toezichthouder.",
        "This join is not on the regulator's list.",
    ),
    JoinReason.ROLE_NOT_ALLOWED: (
        "De lijst laat deze koppeling niet toe voor dit soort partij.",
        "The list does not allow this join to a party of this role.",
    ),
    JoinReason.PURPOSE_NOT_ALLOWED: (
        "De lijst laat deze koppeling niet toe voor dit doel.",
        "The list does not allow this join for this purpose.",
    ),
    JoinReason.SCOPE_NOT_ALLOWED: (
        "De lijst laat niet toe om zelf aansluitingen te kiezen, of vraagt dat juist wel.",
        "The list wants either named points or the whole area here, and this wish has the other.",
    ),
    JoinReason.TOO_FEW_POINTS: (
        "De vraag ging over te weinig aansluitingen.",
        "The join is of fewer points than the list asks for.",
    ),
    JoinReason.TOO_MANY_POINTS: (
        "De vraag ging over meer aansluitingen dan de lijst toelaat.",
        "The join is of more points than the list allows.",
    ),
    JoinReason.NOT_WHOLE_MONTHS: (
        "De vraag ging niet over hele maanden die voorbij zijn.",
        "The period is not of whole Brussels months that are over.",
    ),
    JoinReason.PERIOD_TOO_LONG: (
        "De vraag ging over een langere periode dan de lijst toelaat.",
        "The period is longer than the list allows.",
    ),
    JoinReason.APPROVAL_MISSING: (
        "Er ontbrak een tweede goedkeuring.",
        "The list asks for more approvals than there are.",
    ),
    JoinReason.POINT_NOT_GIVEN: (
        "Voor een of meer aansluitingen is er geen wettelijke grond.",
        "There is no legal basis for one or more of these points.",
    ),
    JoinReason.PARTY_SUSPENDED: (
        "Deze partij mag nu geen gegevens vragen.",
        "The party is suspended.",
    ),
    JoinReason.STOPPED: (
        "De netbeheerder heeft alle afgifte van gegevens tijdelijk gestopt.",
        "The grid operator has stopped all hand-over of data for the time being.",
    ),
    JoinReason.RATE_LIMITED: (
        "Deze partij vroeg kort na elkaar te veel koppelingen.",
        "Too many joins in an hour; ask again later.",
    ),
    JoinReason.PUBLISHED_ONLY: (
        "Deze cijfers zijn er alleen voor iedereen tegelijk, op de pagina met statistieken.",
        "These figures are published for everybody at once; nobody gets them apart.",
    ),
    JoinReason.TOLD_BEFORE: (
        "Over deze maand zijn er al cijfers. Een tweede keer zou tonen wie er in die tijd bijkwam of wegging.",
        "This month was told before; told again, the difference would be whoever came or left in between.",
    ),
    JoinReason.NO_REPORT: (
        "Er is geen verslag dat toont dat niemand in deze cijfers te herkennen is.",
        "Research gets figures with the report of their anonymisation; there is no such report.",
    ),
    JoinReason.NOT_ANONYMOUS: (
        "Onderzoekers krijgen alleen cijfers waarin niemand te herkennen is, geen rijen onder een schuilnaam.",
        "Research gets anonymised figures only: rows under a pseudonym are rows of people.",
    ),
    JoinReason.NECESSITY_NOT_IN_FORCE: (
        "Deze koppeling staat niet op de lijst, en er was geen geldige verklaring dat ze toch moest.",
        "No record of necessity of this number is in force: signed by two people, in its term, not ended.",
    ),
}

CODES: dict[JoinReason, str] = {
    JoinReason.STOPPED: "stopped",
    JoinReason.RATE_LIMITED: "rate-limited",
    JoinReason.NOT_WHOLE_MONTHS: "outside-granted-period",
    JoinReason.PERIOD_TOO_LONG: "outside-granted-period",
}
"""The problem slug of a reason; every other one is `no-legal-basis`."""
