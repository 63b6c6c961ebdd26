"""Shapes of messages to the access register, and of the lists that go with them."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from databeheer.registry.user_ports import UserPort
from web.api.fields import AccessPointCode, Count, each_once, instant, one_of
from web.api.schemas.bulk import ItemProblem
from web.api.schemas.common import EAN_EXAMPLE, Receipt

MOST = 100
LONGEST_NUMBER = 64
REASONS = ["not_accepted", "customer_withdrew", "announced_again"]
ANNOUNCEMENT_STATES = ["received", "accepted", "refused", "replaced", "withdrawn"]
MEMBERS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    kind: (frozenset(needed), frozenset(more))
    for kind, needed, more in (
        ("customer.moved_in", ("ean", "from", "customer"), ("interval_reading",)),
        ("customer.moved_out", ("ean", "identity", "until"), ("instead_of",)),
        ("customer.called_off", ("ean", "identity", "on"), ("until",)),
        ("customer.changed", ("ean", "on", "left", "customer"), ("interval_reading",)),
        ("meter.installed", ("ean", "meter", "digital", "from"), ("ports",)),
        ("meter.removed", ("ean", "meter", "on"), ()),
        ("meter.replaced", ("ean", "meter", "on", "by"), ()),
        ("contract.announced", ("ean", "from"), ()),
        ("contract.withdrawn", ("announcement",), ()),
        ("contract.ended", ("ean", "until"), ()),
        ("contract.called_off", ("ean", "supplier", "from"), ()),
        ("contract.accepted", ("announcement",), ()),
        ("contract.refused", ("announcement", "reason"), ()),
    )
}
"""What each kind of message has to say, and what it may say beside."""
_CURSOR = fields.String(
    validate=validate.Length(min=1, max=1024), metadata={"description": "`next_cursor` of the page before."}
)


def _day(description: str, **options: Any) -> fields.Date:
    metadata = {"description": description, "format": "date", "example": "2026-11-01"}
    return fields.Date(format="%Y-%m-%d", metadata=metadata, **options)


def _line(description: str, longest: int, **options: Any) -> fields.String:
    return fields.String(
        validate=validate.Length(min=1, max=longest), metadata={"description": description}, **options
    )


def _flag(description: str, **options: Any) -> fields.Boolean:
    return fields.Boolean(truthy={True}, falsy={False}, metadata={"description": description}, **options)


def _ports() -> fields.List[Any]:
    return fields.List(
        fields.String(validate=validate.OneOf([port.value for port in UserPort])),
        validate=[validate.Length(max=len(UserPort)), each_once],
        metadata={"description": "Its user ports; none where left out.", "uniqueItems": True},
    )


class RegisterCustomer(Schema):
    """Who moves in."""

    class Meta:
        """Other members are refused."""

        unknown = RAISE

    identity = _line("The name under which the identity provider knows this person.", 200, required=True)
    name = _line("As it is on the contract of connection.", 200, required=True)


class NewMeter(Schema):
    """The meter that hangs there instead."""

    class Meta:
        """Other members are refused."""

        unknown = RAISE

    meter = _line("Number of the meter.", 40, required=True)
    digital = _flag("Whether it is a digital one.", required=True)
    ports = _ports()


_MESSAGE: dict[str, Any] = {
    "number": _line(
        "Your own number for this message: good once. Sent again with it, the message gets its first answer.",
        LONGEST_NUMBER,
        required=True,
    ),
    "kind": one_of(list(MEMBERS), "What happened.", required=True),
    "ean": AccessPointCode(metadata={"description": "Where.", "pattern": "^[0-9]{18}$"}),
    "from": _day("First Brussels day."),
    "until": _day("First Brussels day on which it does not hold any more."),
    "instead_of": _day("The `until` that was told before and was wrong; left out where none was told."),
    "on": _day("The Brussels day on which it happened."),
    "customer": fields.Nested(RegisterCustomer),
    "identity": _line("Who moved out, or did not move in after all: the name at the identity provider.", 200),
    "left": _line("Who lived there until then: the name at the identity provider.", 200),
    "interval_reading": _flag("Whether the customer wants quarter-hours (of gas hours) read; else not."),
    "meter": _line("Number of the meter.", 40),
    "digital": _flag("Whether it is a digital meter."),
    "ports": _ports(),
    "by": fields.Nested(NewMeter),
    "announcement": fields.UUID(metadata={"description": "Of `contract.announced`: what its answer named."}),
    "supplier": fields.UUID(metadata={"description": "Whose contract: the party's `id`."}),
    "reason": one_of(REASONS, "Why an announcement is not accepted."),
}


class _WholeMessage(Schema):
    @validates_schema
    def it_says_what_its_kind_says(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse a message that lacks what its kind says, or says what another one does."""
        needed, more = MEMBERS[data["kind"]]
        said = data.keys() - {"number", "kind"}
        wrong = {name: ["this kind of message says it"] for name in sorted(needed - said)}
        wrong |= {name: ["this kind of message does not say it"] for name in sorted(said - needed - more)}
        if wrong:
            raise ValidationError(wrong)


RegisterMessage = _WholeMessage.from_dict(_MESSAGE, name="RegisterMessage")


class RegisterBatch(Schema):
    """Messages, in the order in which they are taken."""

    messages = fields.List(
        fields.Dict(),
        required=True,
        validate=validate.Length(1, MOST),
        metadata={
            "description": "Each as it would be sent alone (`RegisterMessage`). One that is not whole is refused by "
            "itself."
        },
    )


_TAKEN: dict[str, Any] = {
    "number": fields.String(required=True, metadata={"description": "Your number for it."}),
    "kind": one_of(list(MEMBERS), "What happened.", required=True),
    "taken_at": instant("When it was taken."),
    "announcement": fields.UUID(
        required=True, allow_none=True, metadata={"description": "Of `contract.announced`: its name."}
    ),
}
RegisterMessageTaken = Schema.from_dict(
    {**_TAKEN, "receipt": fields.Nested(Receipt, required=True)}, name="RegisterMessageTaken"
)
RegisterMessageKept = Schema.from_dict(
    {
        **_TAKEN,
        "receipt": fields.String(required=True, metadata={"description": "Proof that it was recorded."}),
    },
    name="RegisterMessageKept",
)
RegisterItem = Schema.from_dict(
    {
        "number": fields.String(
            required=True, allow_none=True, metadata={"description": "Yours; null where it had none."}
        ),
        "problem": fields.Nested(
            ItemProblem,
            required=True,
            allow_none=True,
            metadata={"description": "Why it was not taken; null where it was."},
        ),
        "taken": fields.Nested(
            RegisterMessageTaken,
            required=True,
            allow_none=True,
            metadata={"description": "What it is answered alone; null where it was refused."},
        ),
    },
    name="RegisterItem",
)


class RegisterBatchOut(Schema):
    """What came of each message, in the order of the batch."""

    items = fields.List(fields.Nested(RegisterItem), required=True)


class RegisterQuery(Schema):
    """Where in a list to begin."""

    cursor = _CURSOR
    limit = Count(
        load_default=50,
        validate=validate.Range(min=1, max=200),
        metadata={"description": "Size of the page."},
    )


def _next_cursor() -> fields.String:
    return fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Ask the next page with this; null: this was the last."},
    )


class RegisterMessagePage(Schema):
    """A page of your messages that were taken, newest first."""

    messages = fields.List(fields.Nested(RegisterMessageKept), required=True)
    next_cursor = _next_cursor()


def _of_the_grid(description: str, **metadata: Any) -> fields.String:
    return fields.String(
        required=True,
        allow_none=True,
        metadata={"description": description + " Null for a supplier.", **metadata},
    )


class AnnouncingSupplier(Schema):
    """Who announces a switch."""

    id = fields.UUID(required=True, metadata={"description": "The party, as in the public register."})
    name = fields.String(required=True)


Announcement = Schema.from_dict(
    {
        "id": fields.UUID(required=True, metadata={"description": "Its name."}),
        "state": one_of(ANNOUNCEMENT_STATES, "Where it stands.", required=True),
        "from": fields.String(required=True, metadata={"description": "First Brussels day."}),
        "received_at": instant("When it was announced."),
        "due_at": instant("By when it is accepted or refused: 24 hours later."),
        "decided_at": instant("When that was; null: it waits.", nullable=True),
        "ean": _of_the_grid("The access point.", pattern="^[0-9]{18}$"),
        "supplier": fields.Nested(
            AnnouncingSupplier,
            required=True,
            allow_none=True,
            metadata={"description": "Who announces. Null for a supplier."},
        ),
        "is_overdue": fields.Boolean(
            required=True,
            allow_none=True,
            metadata={"description": "Not decided in time. Null for a supplier."},
        ),
    },
    name="SupplyAnnouncement",
)


class AnnouncementPage(Schema):
    """A page of announced switches."""

    announcements = fields.List(fields.Nested(Announcement), required=True)
    next_cursor = _next_cursor()


SupplyContract = Schema.from_dict(
    {
        "id": fields.UUID(required=True, metadata={"description": "Identifies the contract."}),
        "ean": fields.String(
            required=True, metadata={"description": "The access point.", "pattern": "^[0-9]{18}$"}
        ),
        "from": fields.String(required=True, metadata={"description": "First Brussels day."}),
        "until": fields.String(
            required=True, allow_none=True, metadata={"description": "First day after it; null: it runs."}
        ),
    },
    name="SupplyContract",
)


class SupplyContractPage(Schema):
    """A page of your supply contracts."""

    contracts = fields.List(fields.Nested(SupplyContract), required=True)
    next_cursor = _next_cursor()


MESSAGE: dict[str, Any] = {
    "number": "2026-118842",
    "kind": "customer.changed",
    "ean": EAN_EXAMPLE,
    "on": "2026-11-01",
    "left": "be-eid-41d7",
    "customer": {"identity": "be-eid-9f2c", "name": "Maria Verhaegen"},
    "interval_reading": True,
}
_PROMISE = "bGVkZ2VyLXByb21pc2UvdjEuLi4="
TAKEN: dict[str, Any] = {
    "number": MESSAGE["number"],
    "kind": MESSAGE["kind"],
    "taken_at": "2026-11-02T08:14:03Z",
    "announcement": None,
    "receipt": {"index": 42, "promise": _PROMISE, "link": "/api/v1/receipts/42"},
}
BATCH: dict[str, Any] = {
    "messages": [
        MESSAGE,
        {
            "number": "2026-118843",
            "kind": "customer.moved_out",
            "ean": EAN_EXAMPLE,
            "identity": "be-eid-77aa",
            "until": "2026-10-01",
        },
    ]
}
BATCH_OUT: dict[str, Any] = {
    "items": [
        {"number": "2026-118842", "problem": None, "taken": TAKEN},
        {
            "number": "2026-118843",
            "problem": {
                "type": "/problems/conflict",
                "title": "The state does not allow this",
                "status": 409,
                "detail": "this move is known already",
                "remedy": "Look at its present state first.",
            },
            "taken": None,
        },
    ]
}
MESSAGE_PAGE: dict[str, Any] = {
    "messages": [{**TAKEN, "receipt": "/api/v1/receipts/42"}],
    "next_cursor": None,
}
_NAME = "5d0e2f5e-0d53-4c62-8f0b-0c1a0a4f7d21"
ANNOUNCEMENT_PAGE: dict[str, Any] = {
    "announcements": [
        {
            "id": _NAME,
            "state": "received",
            "from": "2026-12-01",
            "received_at": "2026-11-20T09:58:00Z",
            "due_at": "2026-11-21T09:58:00Z",
            "decided_at": None,
            "ean": EAN_EXAMPLE,
            "supplier": {"id": _NAME, "name": "Zonnestroom"},
            "is_overdue": False,
        }
    ],
    "next_cursor": None,
}
CONTRACT_PAGE: dict[str, Any] = {
    "contracts": [{"id": _NAME, "ean": EAN_EXAMPLE, "from": "2026-01-01", "until": None}],
    "next_cursor": None,
}
