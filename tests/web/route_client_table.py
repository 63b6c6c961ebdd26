"""Which answer each kind of client gets at each address for programs: the table that a test walks.

A new address has no row, and the test says so. A row tells how to call it, what its owner gets, what a stranger gets
who calls it just so, which roles get something else, and what the owner gets who is suspended, with a new token.
Dead proofs (none, made up, revoked, expired, of an ended client, of before a suspension, of the sandbox, of the other
interface) get 401 at every one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from tests.databeheer.mandate_imports.importing import csv_of, line
from tests.web.facade.calling import REFERENCE, session_body

DOCUMENT = b"%PDF-1.7\n"
DAY = {"from": "2023-10-29", "until": "2023-10-30"}
WINDOW = {"from": "2023-10-28T22:00:00Z", "to": "2023-10-29T23:00:00Z"}
PDF = {"media_type": "application/pdf", "document": "JVBERi0xLjcK", "findings": "Signed at the fair."}


@dataclass(frozen=True)
class World:
    """What there is to call about: Bram's, who is an energy service, and of nobody else."""

    ean: str
    active: str
    ended: str
    to_end: str
    waiting: str
    job: str
    job_to_cancel: str
    index: int
    case: str
    doubtful: str
    delivery: str
    order: str
    mandate_import: str


@dataclass(frozen=True)
class Row:
    """One address and method. `owner` is who the call is meant for: `bram`, or `net` for the grid operator's own."""

    method: str
    rule: str
    ok: int
    stranger: int
    roles: Mapping[str, int] = field(default_factory=dict)
    suspended: int = 401
    body: Callable[[World], Any] | None = None
    path: Callable[[World], str] | None = None
    query: Callable[[World], dict[str, str]] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    owner: str = "bram"
    content_type: str = "application/json"
    needs_hook: bool = False
    """Whether it is about the caller's own web hook, which a stranger has put there just before."""

    @property
    def name(self) -> str:
        return f"{self.method} {self.rule}"


P = "/api/v1/permissions/<uuid:permission_id>"

OPEN = {
    "GET /api/v1/openapi.json",
    "GET /oauth2/jwks",
    "GET /.well-known/oauth-authorization-server",
    "POST /oauth2/token",
    "POST /oauth2/v2.0/token",
    "POST /oauth2/revoke",
}
"""What takes no token: public, or where the client shows itself each time (tests/web/test_tokens.py, test_oauth.py)."""

WRITES_REFUSED = {"POST /esco/v3/api/mandate/mock"}
"""What production refuses everybody, as if it were not there (tests/web/facade/test_sandbox.py)."""

ROWS = (
    Row("GET", "/api/v1/me", 200, 200, suspended=200),
    Row(
        "POST",
        "/api/v1/permission-requests",
        201,
        403,
        roles={"energy_service": 201, "supplier_service": 201},
        body=lambda _: {"purpose": "energy_advice", "granularity": "day", "data_from": "2023-01-01"},
    ),
    Row(
        "POST",
        "/api/v1/permission-requests/bulk",
        200,
        200,
        body=lambda _: {
            "requests": [{"purpose": "energy_advice", "granularity": "day", "data_from": "2023-01-01"}]
        },
    ),
    # Bram's is fresh, and cannot be renewed yet; a stranger does not learn that it is there.
    Row(
        "POST",
        "/api/v1/permission-requests/renewals",
        409,
        404,
        body=lambda w: {"renews": str(w.active)},
    ),
    Row(
        "POST",
        "/api/v1/permission-requests/renewals/bulk",
        200,
        200,
        body=lambda w: {"requests": [{"renews": str(w.active)}]},
    ),
    Row("GET", "/api/v1/permissions", 200, 200, suspended=200),
    Row("GET", P, 200, 404, suspended=200, path=lambda w: f"/api/v1/permissions/{w.active}"),
    Row(
        "GET",
        f"{P}/readings",
        200,
        403,
        suspended=403,
        path=lambda w: f"/api/v1/permissions/{w.active}/readings",
        query=lambda _: DAY,
    ),
    Row("GET", "/api/v1/mandate-imports", 200, 200, suspended=200),
    Row(
        "GET",
        "/api/v1/mandate-imports/<uuid:import_id>",
        200,
        404,
        suspended=200,
        path=lambda w: f"/api/v1/mandate-imports/{w.mandate_import}",
    ),
    Row(
        "GET",
        "/api/v1/mandate-imports/<uuid:import_id>/rows",
        200,
        404,
        suspended=200,
        path=lambda w: f"/api/v1/mandate-imports/{w.mandate_import}/rows",
    ),
    Row(
        "POST",
        "/api/v1/mandate-imports",
        202,
        403,
        roles={"energy_service": 202, "supplier_service": 202},
        body=lambda _: csv_of([line("brought")]),
        query=lambda _: {"dry_run": "true"},
        content_type="text/csv",
    ),
    Row("GET", f"{P}/mandate", 404, 404, path=lambda w: f"/api/v1/permissions/{w.active}/mandate"),
    Row(
        "POST",
        f"{P}/mandate",
        201,
        404,
        path=lambda w: f"/api/v1/permissions/{w.waiting}/mandate",
        body=lambda _: {"document_sha256": sha256(DOCUMENT).hexdigest(), "signed_on": "2026-10-01"},
    ),
    Row(
        "PUT",
        f"{P}/mandate/document",
        200,
        404,
        path=lambda w: f"/api/v1/permissions/{w.waiting}/mandate/document",
        body=lambda _: DOCUMENT,
        content_type="application/pdf",
    ),
    Row(
        "POST",
        "/api/v1/readings",
        200,
        200,
        suspended=200,
        body=lambda w: {"permissions": [w.active], "granularity": "quarter_hour", **DAY},
    ),
    Row(
        "POST",
        "/api/v1/readings/query",
        200,
        403,
        suspended=403,
        body=lambda w: {"ean": w.ean, "purpose": "energy_advice", "granularity": "day", **DAY},
    ),
    Row(
        "POST",
        "/api/v1/supply-quality/query",
        403,
        403,
        suspended=403,
        body=lambda w: {"ean": w.ean, "from": "2023-10-01", "until": "2023-11-01", "task": "complaint"},
    ),
    Row("GET", "/api/v1/deliveries", 200, 200),
    Row("GET", "/api/v1/jobs", 200, 200),
    Row("GET", "/api/v1/jobs/<uuid:job>", 200, 404, path=lambda w: f"/api/v1/jobs/{w.job}"),
    Row(
        "GET",
        "/api/v1/jobs/<uuid:job>/pieces/<ledger_index:piece>",
        200,
        404,
        path=lambda w: f"/api/v1/jobs/{w.job}/pieces/0",
    ),
    Row(
        "POST",
        "/api/v1/jobs",
        202,
        202,
        body=lambda w: {"permissions": [w.active], "granularity": "day", **DAY},
    ),
    Row("DELETE", "/api/v1/jobs/<uuid:job>", 200, 404, path=lambda w: f"/api/v1/jobs/{w.job_to_cancel}"),
    Row("GET", "/api/v1/receipts", 200, 200, suspended=200),
    Row(
        "GET",
        "/api/v1/receipts/<ledger_index:index>",
        200,
        404,
        suspended=200,
        path=lambda w: f"/api/v1/receipts/{w.index}",
    ),
    Row(
        "GET",
        "/api/v1/decisions/<ledger_index:index>",
        200,
        404,
        path=lambda w: f"/api/v1/decisions/{w.index}",
    ),
    Row(
        "POST",
        "/api/v1/decisions/query",
        200,
        200,
        body=lambda w: {"permission_id": w.active, "granularity": "day", **DAY},
    ),
    Row("GET", "/api/v1/doubts", 200, 200),
    Row("GET", "/api/v1/doubt-contacts", 200, 200),
    Row("GET", "/api/v1/doubts/<uuid:case_id>", 200, 404, path=lambda w: f"/api/v1/doubts/{w.case}"),
    Row(
        "POST",
        "/api/v1/doubts",
        201,
        404,
        body=lambda w: {
            "permission_id": w.doubtful,
            "concern": "not_given",
            "customer": "unsatisfied",
            "received_at": "2023-10-01T00:00:00Z",
            "findings": "She says that she never signed.",
        },
    ),
    Row(
        "POST",
        "/api/v1/doubts/<uuid:case_id>/evidence",
        200,
        404,
        path=lambda w: f"/api/v1/doubts/{w.case}/evidence",
        body=lambda _: PDF,
    ),
    Row(
        "POST",
        "/api/v1/doubt-contact",
        200,
        200,
        body=lambda _: {"name": "Desk", "email": "desk@party.example", "phone": "+32 9 000 00 00"},
    ),
    Row("PUT", "/api/v1/webhooks", 200, 200, body=lambda _: {"url": "https://party.example/hook"}),
    Row("GET", "/api/v1/webhooks", 200, 200),
    Row("POST", "/api/v1/webhooks/test", 202, 202, body=lambda _: {}, needs_hook=True),
    Row("GET", "/api/v1/webhooks/deliveries", 200, 200),
    Row(
        "POST",
        "/api/v1/webhooks/replay",
        202,
        202,
        body=lambda _: {"since": "2023-10-29T00:00:00Z", "state": "dead"},
    ),
    Row(
        "POST",
        "/api/v1/webhooks/deliveries/<uuid:delivery_id>/replay",
        409,
        404,
        path=lambda w: f"/api/v1/webhooks/deliveries/{w.delivery}/replay",
        body=lambda _: {},
    ),
    Row("DELETE", "/api/v1/webhooks", 200, 200, needs_hook=True),
    Row("GET", "/api/v1/ports/orders", 200, 403, owner="net"),
    Row("GET", "/api/v1/register/messages", 200, 403, roles={"supplier": 200}, owner="net"),
    Row(
        "POST",
        "/api/v1/register/messages",
        404,
        403,
        body=lambda _: {
            "number": "1",
            "kind": "contract.accepted",
            "announcement": "00000000-0000-0000-0000-000000000000",
        },
        owner="net",
    ),
    Row(
        "POST",
        "/api/v1/register/batches",
        200,
        403,
        roles={"supplier": 200},
        body=lambda _: {"messages": [{"number": "1", "kind": "of no kind"}]},
        owner="net",
    ),
    Row("GET", "/api/v1/register/announcements", 200, 403, roles={"supplier": 200}, owner="net"),
    Row("GET", "/api/v1/rereads", 200, 403, owner="net"),
    Row("POST", "/api/v1/rereads/tried", 404, 403, body=lambda _: {"rereads": [1]}, owner="net"),
    Row("GET", "/api/v1/supply-contracts", 403, 403, roles={"supplier": 200}, owner="net"),
    Row(
        "POST",
        "/api/v1/ports/orders/<uuid:order_id>/impossible",
        200,
        403,
        path=lambda w: f"/api/v1/ports/orders/{w.order}/impossible",
        body=lambda _: {"reason": "no_such_port"},
        owner="net",
    ),
    Row(
        "POST",
        "/api/v1/ports/orders/<uuid:order_id>/executed",
        409,
        403,
        path=lambda w: f"/api/v1/ports/orders/{w.order}/executed",
        body=lambda _: {},
        owner="net",
    ),
    Row(
        "POST",
        f"{P}/deletion-confirmation",
        200,
        404,
        suspended=409,
        path=lambda w: f"/api/v1/permissions/{w.ended}/deletion-confirmation",
        body=lambda _: {},
    ),
    Row("DELETE", P, 200, 404, suspended=409, path=lambda w: f"/api/v1/permissions/{w.to_end}"),
    Row("GET", "/esco/v3/api/mandate", 200, 200),
    Row(
        "GET",
        "/esco/v3/api/mandate/energy",
        200,
        403,
        query=lambda w: {"ean": w.ean, "periodType": "readTime", **WINDOW},
    ),
    Row(
        "POST",
        "/esco/v3/api/shorturlidentifier",
        200,
        403,
        roles={"energy_service": 200, "supplier_service": 200},
        body=lambda _: session_body(referenceNumber=REFERENCE),
    ),
)
