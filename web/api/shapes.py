"""From the door's answers to what the API shows: plain functions, no request and no clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from databeheer.metering.aggregate import Slot
from databeheer.metering.series import slots_of_channel
from databeheer.values import format_instant

THOUSANDTHS = 1000

# Who or what brought a permission to this state, as the caller is told.
_ENDED_BY = {
    "rejected": "grid_user",
    "revoked": "grid_user",
    "terminated": "party",
    "fulfilled": "time",
    "expired": "time",
    "timed_out": "time",
    "invalidated": "move",
    "lapsed": "operator",
}
_ENDED_BY_FOR = {
    "renewed": "grid_user",
    "renewal_overtaken": "operator",
    "mandate_rejected": "operator",
    "holder_died": "death",
    "doubt_not_answered": "operator",
    "party_suspended": "operator",
}
# The end reason of annex III, K, by ours. What a state means is in docs/how-to/read-as-a-market-party.md.
REASONS = {
    "rejected_by_customer": "rejected",
    "withdrawn_by_customer": "withdrawn",
    "terminated_by_party": "terminated",
    "expired": "expired",
    "longest_term": "longest_term_reached",
    "renewed": "renewed",
    "renewal_overtaken": "renewal_overtaken",
    "data_period_over": "fulfilled",
    "not_answered_in_time": "timed_out",
    "moved_out": "invalidated_by_move",
    "holder_died": "holder_died",
    "mandate_not_produced": "mandate_not_produced",
    "mandate_rejected": "mandate_rejected",
    "lost_in_restore": "lapsed",
    "doubt": "doubt",
    "doubt_not_answered": "mandate_not_shown",
    "party_suspended": "party_suspended",
}


def decimal(thousandths: int | None) -> str | None:
    """Write an integer of thousandths as a decimal with exactly three decimals: 294 is "0.294"."""
    if thousandths is None:
        return None
    whole, rest = divmod(abs(thousandths), THOUSANDTHS)
    sign = "-" if thousandths < 0 else ""
    return f"{sign}{whole}.{rest:03d}"


def receipt_path(index: int) -> str:
    """Return the address of the receipt of one ledger entry."""
    return f"/api/v1/receipts/{index}"


def permission_link(answer: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    """Return a fresh request with the address to send the grid user to."""
    return {
        "id": answer["permission_id"],
        "reference": answer["reference"],
        "state": answer["state"],
        "link": f"{base_url}/verbruik/dienstverlener?id={answer['link_code']}",
        "link_expires_at": answer["link_expires_at"],
    }


def permission(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return one permission as its party sees it: without occupancy, person or anything of the customer."""
    state = row["state"]
    valid_until = row.get("valid_until")
    return {
        "id": row["permission_id"],
        "reference": row.get("reference"),
        "state": state,
        "reason": REASONS.get(row.get("reason") or "", row.get("reason") or None),
        "ended_by": _ENDED_BY_FOR.get(row.get("reason") or "", _ENDED_BY.get(state)),
        "purpose": row["purpose"],
        "category": row["category"],
        "granularity": row["granularity"],
        "directions": list(row["directions"]),
        "data_from": row.get("data_from"),
        "data_until": row.get("data_until"),
        "valid_from": row.get("valid_from"),
        "valid_until": valid_until,
        "until_withdrawn": bool(row.get("until_withdrawn", valid_until is None)),
        "ends_at": row.get("ends_at"),
        "refused_part": row.get("refused_part"),
        "withdrawn_part": row.get("withdrawn_part"),
        "requested_at": row.get("requested_at"),
        "decided_at": row.get("decided_at"),
        "ended_at": row.get("ended_at"),
        "delete_by": row.get("delete_by"),
        "deletion_confirmed_at": row.get("deletion_confirmed_at"),
        "renews": row.get("renews"),
        "renewed_by": row.get("renewed_by"),
        "ean": row.get("ean"),
    } | ({"history": [_step(step) for step in row["history"]]} if "history" in row else {})


def port_order(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return one order for a user port as its grid operator sees it: not why, nor who asked."""
    return {
        "id": row["order_id"],
        **{
            name: row[name]
            for name in (
                "state",
                "port",
                "wanted",
                "ean",
                "meter",
                "asked_at",
                "due_at",
                "ended_at",
                "is_overdue",
            )
        },
    }


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    """One step of a permission's life, with the ledger entry that records it."""
    return {
        "event": step["event"],
        "state": step["state"],
        "reason": REASONS.get(step["reason"], step["reason"] or None),
        "by": step["by"],
        "at": step["at"],
        "receipt": receipt_path(step["index"]),
    }


def stretches(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was granted and refused of one that was asked."""
    return {
        "granted": [_stretch(stretch, "ground", "citation") for stretch in answer["granted"]],
        "refused": [_stretch(stretch, "reason", "detail") for stretch in answer["refused"]],
    }


def hand_over(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was granted and refused of one that was asked, and its values."""
    return {**stretches(answer), "channels": [channel(one) for one in answer["channels"]]}


def receipt(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return where a hand-over stands in the ledger."""
    index = answer["index"]
    return {"index": index, "promise": answer["promise"], "link": receipt_path(index)}


def _stretch(stretch: Mapping[str, Any], *members: str) -> dict[str, Any]:
    return {name: stretch.get(name) for name in ("from", "until", *members)}


def channel(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return one channel: its values with state and register, and what its registers showed where that was asked."""
    readings = [_reading(slot) for slot in slots_of_channel(one)]
    return {**channel_head(one), "readings": readings, **registers_of(one)}


def channel_head(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return which channel it is, as told before its readings."""
    return {
        "direction": one["direction"],
        "commodity": one["commodity"],
        "unit": one["unit"],
        "meter": one.get("meter"),
    }


def registers_of(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return what its registers showed, as told after its readings, where that was asked."""
    return {"registers": [_register(shown) for shown in one["registers"]]} if "registers" in one else {}


def _register(one: Mapping[str, Any]) -> dict[str, Any]:
    return {**one, "value": decimal(one["value"])}


def _reading(slot: Slot) -> dict[str, Any]:
    return {
        "start": format_instant(slot.start),
        "end": format_instant(slot.end),
        "value": decimal(slot.value),
        "state": slot.state.value,
        "register": slot.register.value if slot.register else None,
        "conversion": slot.conversion.value if slot.conversion else None,
        "missing": slot.missing,
    }
