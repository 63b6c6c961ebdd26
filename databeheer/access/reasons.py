"""Why an instant is refused: a closed list, and the error that a caller gets who wanted all or nothing."""

from __future__ import annotations

import enum

from databeheer.errors import (
    DatabeheerError,
    GranularityTooFineError,
    NoLegalBasisError,
    OutsideGrantedPeriodError,
    PermissionEndedError,
    PermissionNotActiveError,
    StoppedError,
)


class BlockedError(DatabeheerError):
    """The party is blocked on this access point while doubt about its mandate is examined (R100)."""

    code = "blocked"


class ReasonCode(enum.StrEnum):
    """The closed list of reasons; stands in ledger bodies, so a value never changes."""

    NO_LEGAL_BASIS = "no_legal_basis"
    NOT_YET_VALID = "not_yet_valid"
    REQUESTED = "requested"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    FULFILLED = "fulfilled"
    TERMINATED = "terminated"
    INVALIDATED_BY_MOVE = "invalidated_by_move"
    OUTSIDE_DATA_PERIOD = "outside_data_period"
    NOT_OCCUPANT = "not_occupant"
    NO_CONTRACT = "no_contract"
    PARTY_SUSPENDED = "party_suspended"
    NO_DATA_ACCESS_CONTRACT = "no_data_access_contract"
    GRANULARITY_TOO_FINE = "granularity_too_fine"
    SLOT_NOT_WHOLE = "slot_not_whole"
    DIRECTION_NOT_GRANTED = "direction_not_granted"
    CATEGORY_NOT_GRANTED = "category_not_granted"
    PURPOSE_NOT_ALLOWED = "purpose_not_allowed"
    BLOCKED = "blocked"
    STOPPED = "stopped"


ERRORS: dict[ReasonCode, type[DatabeheerError]] = {
    # In the order in which a refusal with several reasons is reported: what the caller can do least about
    # comes last, so that the first names the thing to put right.
    ReasonCode.STOPPED: StoppedError,
    ReasonCode.BLOCKED: BlockedError,
    ReasonCode.WITHDRAWN: PermissionEndedError,
    ReasonCode.INVALIDATED_BY_MOVE: PermissionEndedError,
    ReasonCode.TERMINATED: PermissionEndedError,
    ReasonCode.EXPIRED: PermissionEndedError,
    ReasonCode.FULFILLED: PermissionEndedError,
    ReasonCode.REJECTED: PermissionNotActiveError,
    ReasonCode.REQUESTED: PermissionNotActiveError,
    ReasonCode.NOT_YET_VALID: PermissionNotActiveError,
    ReasonCode.PARTY_SUSPENDED: NoLegalBasisError,
    ReasonCode.NO_DATA_ACCESS_CONTRACT: NoLegalBasisError,
    ReasonCode.PURPOSE_NOT_ALLOWED: NoLegalBasisError,
    ReasonCode.CATEGORY_NOT_GRANTED: NoLegalBasisError,
    ReasonCode.DIRECTION_NOT_GRANTED: NoLegalBasisError,
    ReasonCode.GRANULARITY_TOO_FINE: GranularityTooFineError,
    ReasonCode.SLOT_NOT_WHOLE: OutsideGrantedPeriodError,
    ReasonCode.NO_CONTRACT: OutsideGrantedPeriodError,
    ReasonCode.OUTSIDE_DATA_PERIOD: OutsideGrantedPeriodError,
    ReasonCode.NOT_OCCUPANT: OutsideGrantedPeriodError,
    ReasonCode.NO_LEGAL_BASIS: NoLegalBasisError,
}

SENTENCES: dict[ReasonCode, tuple[str, str]] = {
    # Dutch, English: for the customer and the party alike, so they name nobody and reveal nothing.
    ReasonCode.NO_LEGAL_BASIS: (
        "Er is geen wettelijke grond of toestemming voor deze gegevens.",
        "There is no legal basis or consent for these data.",
    ),
    ReasonCode.NOT_YET_VALID: (
        "De toestemming of de machtiging geldt nog niet.",
        "The consent or authorisation is not valid yet.",
    ),
    ReasonCode.REQUESTED: (
        "De toestemming is gevraagd, maar nog niet gegeven.",
        "Consent was asked, but has not been given yet.",
    ),
    ReasonCode.REJECTED: ("De toestemming is geweigerd.", "Consent was refused."),
    ReasonCode.EXPIRED: (
        "De toestemming of de machtiging is verlopen.",
        "The consent or authorisation has expired.",
    ),
    ReasonCode.WITHDRAWN: ("De toestemming is ingetrokken.", "Consent was withdrawn."),
    ReasonCode.FULFILLED: (
        "Het doel van de toestemming is bereikt. Daarmee is ze afgelopen.",
        "The purpose of the consent was reached, and with it the consent ended.",
    ),
    ReasonCode.TERMINATED: (
        "De dienstverlener heeft de dienst stopgezet.",
        "The party ended its service.",
    ),
    ReasonCode.INVALIDATED_BY_MOVE: (
        "De toestemming is gestopt omdat de klant verhuisd is.",
        "Consent ended because the customer moved out.",
    ),
    ReasonCode.OUTSIDE_DATA_PERIOD: (
        "Deze dagen vallen buiten de periode waarvoor gegevens gegeven mogen worden.",
        "These days lie outside the period of which data may be given.",
    ),
    ReasonCode.NOT_OCCUPANT: (
        "Deze dagen vallen buiten de periode waarin de klant hier netgebruiker was.",
        "These days lie outside the period in which the customer was the grid user here.",
    ),
    ReasonCode.NO_CONTRACT: (
        "De leverancier had in deze periode geen contract op dit toegangspunt.",
        "The supplier had no contract on this access point in this period.",
    ),
    ReasonCode.PARTY_SUSPENDED: (
        "De partij is geschorst en krijgt geen gegevens.",
        "The party is suspended and receives no data.",
    ),
    ReasonCode.NO_DATA_ACCESS_CONTRACT: (
        "De partij heeft nu geen geldig datatoegangscontract.",
        "The party has no valid data access contract now.",
    ),
    ReasonCode.GRANULARITY_TOO_FINE: (
        "De gevraagde gegevens zijn fijner dan toegestaan.",
        "The data asked for are finer than allowed.",
    ),
    ReasonCode.SLOT_NOT_WHOLE: (
        "De gevraagde periode snijdt een dag of maand in twee, of die is nog niet voorbij.",
        "The period cuts a day or month in two, or that one is not over yet; ask for whole, finished ones.",
    ),
    ReasonCode.DIRECTION_NOT_GRANTED: (
        "De grond geldt niet voor alle gevraagde richtingen (afname, injectie).",
        "The ground does not cover the directions asked for (offtake, injection).",
    ),
    ReasonCode.CATEGORY_NOT_GRANTED: (
        "De grond geldt niet voor deze soort gegevens.",
        "The ground does not cover this category of data.",
    ),
    ReasonCode.PURPOSE_NOT_ALLOWED: (
        "De gegevens mogen niet voor dit doel gebruikt worden.",
        "The data may not be used for this purpose.",
    ),
    ReasonCode.BLOCKED: (
        "De toegang is geblokkeerd terwijl de toestemming onderzocht wordt.",
        "Access is blocked while the consent is being examined.",
    ),
    ReasonCode.STOPPED: (
        "De netbeheerder heeft alle afgifte van gegevens tijdelijk gestopt.",
        "The grid operator has stopped all hand-over of data for the time being.",
    ),
}
