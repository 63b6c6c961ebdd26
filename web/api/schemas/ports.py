"""Orders for user ports, and what became of them."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from databeheer.registry.user_ports import OrderState, UserPort, Wanted
from web.api.fields import Count, instant, one_of
from web.api.schemas.common import text


class PortOrdersQuery(Schema):
    """Which orders for user ports, and from where in the list."""

    state = one_of(
        [state.value for state in OrderState], "Only orders in this state.", load_default="waiting"
    )
    cursor = fields.String(
        validate=validate.Length(min=1, max=1024),
        metadata={"description": "`next_cursor` of the page before, with the same filters."},
    )
    limit = Count(
        load_default=50,
        validate=validate.Range(min=1, max=200),
        metadata={"description": "Size of the page."},
    )


class PortReport(Schema):
    """Why an order for a user port cannot be carried out, now or later."""

    reason = one_of(["no_such_port", "meter_removed"], "What you found there.", required=True)


class PortOrderOut(Schema):
    """A customer's order for a user port of his meter."""

    id = text("Identifies the order.", format="uuid")
    state = one_of([state.value for state in OrderState], "Where it stands.", required=True)
    port = one_of([port.value for port in UserPort], "Which port of the meter.", required=True)
    wanted = one_of([wanted.value for wanted in Wanted], "How it has to be.", required=True)
    ean = text("The access point.", pattern="^[0-9]{18}$")
    meter = text("Number of the meter.")
    asked_at = instant("When the customer asked.")
    due_at = instant("By when it has to be carried out: 24 hours later.")
    ended_at = instant("When it was carried out, replaced or given up; null: it waits.", nullable=True)
    is_overdue = fields.Boolean(required=True, metadata={"description": "Not carried out in time."})


class PortOrderPage(Schema):
    """A page of orders."""

    orders = fields.List(fields.Nested(PortOrderOut), required=True)
    next_cursor = text("Ask the next page with this; null: this was the last.", nullable=True)
