"""Why an instant is refused: a closed list, and the error that a caller gets who wanted all or nothing."""

from __future__ import annotations

from databeheer.errors import (
    DatabeheerError,
    GranularityTooFineError,
    NoLegalBasisError,
    OutsideGrantedPeriodError,
    PermissionEndedError,
    PermissionNotActiveError,
    ReconcilingError,
    StoppedError,
)
from databeheer.values import Code


class BlockedError(DatabeheerError):
    """The party is blocked on this access point while doubt about its mandate is examined (R100)."""

    code = "blocked"


class ReasonCode(Code):
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
    MANDATE_REJECTED = "mandate_rejected"
    LAPSED = "lapsed"
    UNPROVEN = "unproven"
    ENDED_BY_SUSPENSION = "ended_by_suspension"
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
    DOUBT_GAP = "doubt_gap"
    OBJECTED = "objected"
    HOLDER_DIED = "holder_died"
    SECOND_SIGNATURE_MISSING = "second_signature_missing"
    NO_WRITTEN_MANDATE = "no_written_mandate"
    NO_DYNAMIC_PRICE = "no_dynamic_price"
    NO_METERING_REGIME = "no_metering_regime"
    NO_DPIA = "no_dpia"
    NO_PROCESSING_OVERVIEW = "no_processing_overview"
    NO_PROCESSOR_AGREEMENT = "no_processor_agreement"
    NO_AUTHORISATION = "no_authorisation"
    NO_NOTICE = "no_notice"
    OUTSIDE_TERRITORY = "outside_territory"
    NOT_REGISTERED = "not_registered"
    NOT_PARTICIPANT = "not_participant"
    ROLE_GETS_NOTHING = "role_gets_nothing"
    UNRECONCILED = "unreconciled"
    STOPPED = "stopped"


ERRORS: dict[ReasonCode, type[DatabeheerError]] = {
    # In the order in which a refusal with several reasons is reported: what the caller can do least about
    # comes last, so that the first names the thing to put right.
    ReasonCode.STOPPED: StoppedError,
    ReasonCode.UNRECONCILED: ReconcilingError,
    ReasonCode.BLOCKED: BlockedError,
    ReasonCode.WITHDRAWN: PermissionEndedError,
    ReasonCode.INVALIDATED_BY_MOVE: PermissionEndedError,
    ReasonCode.HOLDER_DIED: PermissionEndedError,
    ReasonCode.MANDATE_REJECTED: PermissionEndedError,
    ReasonCode.LAPSED: PermissionEndedError,
    ReasonCode.UNPROVEN: PermissionEndedError,
    ReasonCode.ENDED_BY_SUSPENSION: PermissionEndedError,
    ReasonCode.TERMINATED: PermissionEndedError,
    ReasonCode.EXPIRED: PermissionEndedError,
    ReasonCode.FULFILLED: PermissionEndedError,
    ReasonCode.REJECTED: PermissionNotActiveError,
    ReasonCode.REQUESTED: PermissionNotActiveError,
    ReasonCode.NOT_YET_VALID: PermissionNotActiveError,
    ReasonCode.PARTY_SUSPENDED: NoLegalBasisError,
    ReasonCode.NO_DATA_ACCESS_CONTRACT: NoLegalBasisError,
    ReasonCode.NO_DPIA: NoLegalBasisError,
    ReasonCode.NO_PROCESSING_OVERVIEW: NoLegalBasisError,
    ReasonCode.NO_PROCESSOR_AGREEMENT: NoLegalBasisError,
    ReasonCode.OUTSIDE_TERRITORY: NoLegalBasisError,
    ReasonCode.NO_AUTHORISATION: NoLegalBasisError,
    ReasonCode.NO_WRITTEN_MANDATE: NoLegalBasisError,
    ReasonCode.SECOND_SIGNATURE_MISSING: NoLegalBasisError,
    ReasonCode.NO_NOTICE: NoLegalBasisError,
    ReasonCode.PURPOSE_NOT_ALLOWED: NoLegalBasisError,
    ReasonCode.CATEGORY_NOT_GRANTED: NoLegalBasisError,
    ReasonCode.DIRECTION_NOT_GRANTED: NoLegalBasisError,
    ReasonCode.GRANULARITY_TOO_FINE: GranularityTooFineError,
    ReasonCode.SLOT_NOT_WHOLE: OutsideGrantedPeriodError,
    ReasonCode.DOUBT_GAP: OutsideGrantedPeriodError,
    ReasonCode.OBJECTED: NoLegalBasisError,
    ReasonCode.NO_DYNAMIC_PRICE: OutsideGrantedPeriodError,
    ReasonCode.NO_METERING_REGIME: OutsideGrantedPeriodError,
    ReasonCode.NO_CONTRACT: OutsideGrantedPeriodError,
    ReasonCode.NOT_REGISTERED: OutsideGrantedPeriodError,
    ReasonCode.NOT_PARTICIPANT: OutsideGrantedPeriodError,
    ReasonCode.OUTSIDE_DATA_PERIOD: OutsideGrantedPeriodError,
    ReasonCode.NOT_OCCUPANT: OutsideGrantedPeriodError,
    ReasonCode.NO_LEGAL_BASIS: NoLegalBasisError,
    ReasonCode.ROLE_GETS_NOTHING: NoLegalBasisError,
}

NEAREST_FIRST: dict[ReasonCode, int] = {
    # Of several explanations the one that came nearest to a grant is given: it names what to put right.
    reason: place
    for place, reason in enumerate(
        (
            ReasonCode.STOPPED,
            ReasonCode.UNRECONCILED,
            ReasonCode.SLOT_NOT_WHOLE,
            ReasonCode.GRANULARITY_TOO_FINE,
            ReasonCode.DIRECTION_NOT_GRANTED,
            ReasonCode.CATEGORY_NOT_GRANTED,
            ReasonCode.PURPOSE_NOT_ALLOWED,
            ReasonCode.NO_NOTICE,
            ReasonCode.SECOND_SIGNATURE_MISSING,
            ReasonCode.NO_WRITTEN_MANDATE,
            ReasonCode.NO_AUTHORISATION,
            ReasonCode.OUTSIDE_TERRITORY,
            ReasonCode.NO_PROCESSOR_AGREEMENT,
            ReasonCode.NO_PROCESSING_OVERVIEW,
            ReasonCode.NO_DPIA,
            ReasonCode.NO_DATA_ACCESS_CONTRACT,
            ReasonCode.PARTY_SUSPENDED,
            ReasonCode.BLOCKED,
            ReasonCode.DOUBT_GAP,
            ReasonCode.OBJECTED,
            ReasonCode.NO_METERING_REGIME,
            ReasonCode.NO_DYNAMIC_PRICE,
            ReasonCode.NOT_OCCUPANT,
            ReasonCode.OUTSIDE_DATA_PERIOD,
            ReasonCode.NO_CONTRACT,
            ReasonCode.NOT_REGISTERED,
            ReasonCode.NOT_PARTICIPANT,
            ReasonCode.NOT_YET_VALID,
            ReasonCode.REQUESTED,
            ReasonCode.EXPIRED,
            ReasonCode.FULFILLED,
            ReasonCode.WITHDRAWN,
            ReasonCode.TERMINATED,
            ReasonCode.INVALIDATED_BY_MOVE,
            ReasonCode.HOLDER_DIED,
            ReasonCode.MANDATE_REJECTED,
            ReasonCode.LAPSED,
            ReasonCode.UNPROVEN,
            ReasonCode.ENDED_BY_SUSPENSION,
            ReasonCode.REJECTED,
            ReasonCode.ROLE_GETS_NOTHING,
            ReasonCode.NO_LEGAL_BASIS,
        )
    )
}
