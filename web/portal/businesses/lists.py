"""A business's access points as its pages list them: by address, searched, page by page, and some of them chosen."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from typing import Any

from flask import abort
from marshmallow import fields, validate

from web.forms import ONE_LINE
from web.portal.login import visitor
from web.portal.overview import my_points
from web.portal.shown import Point

PAGE = 50
_SHORTEST_END = 3


def points_of_business() -> tuple[Point, ...]:
    """Return the access points of today of the business that the visitor acts for; 404 for anybody else."""
    if not visitor()["business"]:
        abort(404)
    return tuple(sorted((one for one in my_points() if one.ends is None), key=_key))


@dataclass(frozen=True)
class Shown:
    """One page of points: those that fit what is searched, from the one behind `after` on; `next` begins the next."""

    search: str
    after: str
    points: tuple[Point, ...]
    found: int
    next: str | None

    @classmethod
    def of(cls, points: Sequence[Point], search: str, after: str) -> Shown:
        """`after`: the id of a point, behind whose place in the order the page begins: none is skipped."""
        fitting = [one for one in points if _fits(one, search)]
        last = next((one for one in points if one.occupancy_id == after), None)
        rest = fitting if last is None else [one for one in fitting if _key(one) > _key(last)]
        page = tuple(rest[:PAGE])
        return cls(
            search, after, page, len(fitting), page[-1].occupancy_id if len(rest) > len(page) else None
        )

    @property
    def by_address(self) -> list[tuple[str, tuple[Point, ...]]]:
        return by_address(self.points)


def by_address(points: Collection[Point]) -> list[tuple[str, tuple[Point, ...]]]:
    """Group points that are in order."""
    return [(address, tuple(there)) for address, there in groupby(points, lambda one: one.address)]


def searched(missing: str | None = "") -> fields.String:
    """The field of a form in which somebody searches."""
    checks = [validate.Length(max=100), validate.Regexp(ONE_LINE)]
    return fields.String(load_default=missing, validate=checks)


def shown_after() -> fields.String:
    """The field that says behind which point a page begins."""
    return fields.String(load_default="", validate=validate.Length(max=36))


def encode(chosen: Collection[str], points: Collection[Point]) -> str:
    """Return which of these points are chosen, short enough for a form that waits in a cookie (`kept`).

    A bit for each point, in the order of their ids, and a print of that list: it means nothing for another one.
    """
    order = sorted(one.occupancy_id for one in points)
    bits = sum(1 << place for place, one in enumerate(order) if one in chosen)
    return f"{_print(order)}.{urlsafe_b64encode(bits.to_bytes(len(order) // 8 + 1, 'big')).decode()}"


def decode(text: str, points: Collection[Point]) -> frozenset[str]:
    """Return the ids of the chosen points; none where it is no such text, or the points are others by now."""
    order = sorted(one.occupancy_id for one in points)
    stamp, _, encoded = text.partition(".")
    if stamp != _print(order):
        return frozenset()
    try:
        bits = int.from_bytes(urlsafe_b64decode(encoded.encode()), "big")
    except ValueError:
        return frozenset()
    return frozenset(one for place, one in enumerate(order) if bits >> place & 1)


def _print(order: Sequence[str]) -> str:
    return sha256("\n".join(order).encode()).hexdigest()[:16]


def by_number(address: str) -> tuple[str | int, ...]:
    """The order of addresses as people read them: number 2 comes before number 10."""
    parts = re.split("([0-9]+)", address.casefold())
    return tuple(int(part) if place % 2 else part for place, part in enumerate(parts))


def _key(point: Point) -> tuple[Any, ...]:
    return (by_number(point.address), point.address, point.commodity, point.ean, point.occupancy_id)


def _fits(point: Point, search: str) -> bool:
    """By a part of the address or of a meter's number, or by the last digits of the EAN code."""
    wanted = " ".join(search.split()).casefold()
    digits = wanted.replace(" ", "")
    is_end = digits.isdecimal() and len(digits) >= _SHORTEST_END and point.ean.endswith(digits)
    return (
        is_end or wanted in point.address.casefold() or any(wanted in one.casefold() for one in point.meters)
    )
