"""Why a batch, or a row of one, is refused: permanent codes that stand in reports; never rename, only add."""

from __future__ import annotations

import enum

from databeheer.metering.states import MeteringError


class BatchProblem(enum.StrEnum):
    """What is wrong with a batch as a whole."""

    MANIFEST_UNREADABLE = "manifest-unreadable"
    MANIFEST_WRONG = "manifest-wrong"
    TOO_LARGE = "too-large"
    DATA_MISSING = "data-missing"
    WRONG_CHECKSUM = "wrong-checksum"
    UNKNOWN_SENDER = "unknown-sender"
    NOT_SIGNED = "not-signed"
    NOT_ITS_GRID = "not-its-grid"
    NOT_SEALED = "not-sealed"
    DOES_NOT_OPEN = "does-not-open"
    NOT_PARQUET = "not-parquet"
    UNKNOWN_COLUMN = "unknown-column"
    MISSING_COLUMN = "missing-column"
    WRONG_TYPE = "wrong-type"
    WRONG_ROW_COUNT = "wrong-row-count"
    OTHER_CONTENT = "other-content"
    BAD_ROWS = "bad-rows"
    REFUSED_BY_THE_DOOR = "refused-by-the-door"


class RowProblem(enum.IntEnum):
    """What is wrong with one row; below 64 the door says so, the rest is seen in the file."""

    UNKNOWN_DEVICE = 1
    DEVICE_AT_TWO_POINTS = 2
    DEVICE_NOT_THERE_THEN = 3
    WRONG_COMMODITY = 4
    INTERVALS_NOT_READ = 5
    ERASED = 6
    """Readings of that stay were erased: the row is passed over, and the batch not refused for it."""
    BILLING_GRADE_STORED = 7

    NOTHING_IN_FIELD = 64
    BAD_DEVICE = 65
    BAD_DIRECTION = 66
    BAD_UNIT = 67
    BAD_TARIFF = 68
    BAD_SLOT_MINUTES = 69
    DAY_OUTSIDE = 70
    WRONG_SLOT_COUNT = 72
    BAD_STATE = 73
    NUMBER_TOO_LARGE = 74
    DUPLICATE = 75
    OUT_OF_ORDER = 76
    NO_CONSUMPTION = 77
    REFUSED_BY_A_RULE = 78
    FINER_THAN_PLANNED = 79

    @property
    def slug(self) -> str:
        """The name in reports."""
        return self.name.lower().replace("_", "-")

    @property
    def remedy(self) -> str:
        """What its sender can do about it."""
        return _REMEDIES[self]


_REMEDIES = {
    RowProblem.UNKNOWN_DEVICE: (
        "no meter of this number is registered with this grid operator: it registers the meter first, or is another one"
    ),
    RowProblem.DEVICE_AT_TWO_POINTS: "this meter is registered at two access points on that day: end one of them",
    RowProblem.DEVICE_NOT_THERE_THEN: "this meter was not there on that day, not yet or not any more: check the day",
    RowProblem.WRONG_COMMODITY: "this unit is not of what flows through this meter",
    RowProblem.INTERVALS_NOT_READ: (
        "no grid user asked for quarter-hours or hours here, and no need is on record (R59, R60); send registers only"
    ),
    RowProblem.ERASED: "readings of this stay were erased: passed over",
    RowProblem.BILLING_GRADE_STORED: (
        "billing-grade readings of this day are stored; informative ones never take their place (R61): leave it out"
    ),
    RowProblem.NOTHING_IN_FIELD: "device, direction, unit, day or slot_minutes is null",
    RowProblem.BAD_DEVICE: "a device is 1 to 40 letters, digits, '-', '.' or '/', and no EAN code",
    RowProblem.BAD_DIRECTION: "a direction is offtake or injection",
    RowProblem.BAD_UNIT: "a unit is kWh, m3, kVArh, kVArh-inductive or kVArh-capacitive",
    RowProblem.BAD_TARIFF: "a tariff is single or dual; dual where there is a low-tariff register",
    RowProblem.BAD_SLOT_MINUTES: "slots are of 15, 60 or 1440 minutes",
    RowProblem.DAY_OUTSIDE: "the day lies outside the days of the manifest",
    RowProblem.WRONG_SLOT_COUNT: (
        "the number of values does not fit the Brussels day: 92, 96 or 100 quarter-hours; 23, 24 or 25 hours; "
        "none with 1440 minutes"
    ),
    RowProblem.BAD_STATE: "a state is 0 (nothing), 1 (read) or 2 (estimated), 0 exactly where the value is null",
    RowProblem.NUMBER_TOO_LARGE: "a number is beyond all that can be measured",
    RowProblem.DUPLICATE: "this device, direction, unit and day has a row before",
    RowProblem.OUT_OF_ORDER: "the days of one device, direction and unit go forwards",
    RowProblem.NO_CONSUMPTION: (
        "registers at both midnights are needed, and a difference that this meter can have counted"
    ),
    RowProblem.REFUSED_BY_A_RULE: "a rule of validation refuses the profile: see the reasons in the report",
    RowProblem.FINER_THAN_PLANNED: "finer than gas is read (R60); send hours",
}


class BatchRefusedError(MeteringError):
    """A batch is refused; nothing of it was stored. `str()` is for a person, and names nobody."""

    code = "batch-refused"

    def __init__(self, problem: BatchProblem, detail: str) -> None:
        self.problem = problem
        self.detail = detail
        super().__init__(f"{problem.value}: {detail}")
