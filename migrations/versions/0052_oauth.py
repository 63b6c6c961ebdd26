"""Keys of clients with their days, keys that sign access tokens, and what a token is bound to."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE identity.client_key (
    key_id uuid PRIMARY KEY,
    client_id text NOT NULL REFERENCES identity.client,
    kid text,  -- as its owner calls it
    thumbprint text NOT NULL,  -- RFC 7638
    public_key text NOT NULL,
    certificate_sha256 bytea,  -- of the certificate that it came in
    valid_from timestamptz,  -- NULL: since it was added
    valid_until timestamptz,
    added_at timestamptz NOT NULL
);
CREATE INDEX ON identity.client_key (client_id);

CREATE TABLE identity.token_key (
    kid text PRIMARY KEY,
    algorithm text NOT NULL,
    public_key text NOT NULL,
    private_half bytea NOT NULL,  -- sealed under a key of the key store
    made_at timestamptz NOT NULL,
    retired_at timestamptz,
    published_until timestamptz,
    CHECK ((retired_at IS NULL) = (published_until IS NULL))
);
CREATE UNIQUE INDEX ON identity.token_key (algorithm) WHERE retired_at IS NULL;

ALTER TABLE identity.access_token
    ADD COLUMN key_id uuid REFERENCES identity.client_key,
    ADD COLUMN certificate_sha256 bytea;
CREATE INDEX ON identity.access_token (key_id) WHERE key_id IS NOT NULL AND revoked_at IS NULL;

GRANT SELECT, INSERT ON identity.client_key, identity.token_key TO databeheer_door;
GRANT UPDATE (valid_until) ON identity.client_key TO databeheer_door;
GRANT UPDATE (retired_at, published_until) ON identity.token_key TO databeheer_door;
"""
_THUMBED = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}


def upgrade() -> None:
    op.execute(TABLES)
    connection = op.get_bind()
    signing = connection.execute(
        sa.text("SELECT client_id, public_key, created_at FROM identity.client WHERE public_key IS NOT NULL")
    )
    for row in signing.all():
        key = json.loads(row.public_key)
        members = {name: key[name] for name in _THUMBED[key["kty"]]}
        spelled = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
        connection.execute(
            sa.text(
                "INSERT INTO identity.client_key (key_id, client_id, kid, thumbprint, public_key, added_at)"
                " VALUES (:id, :client, :kid, :thumbprint, :key, :at)"
            ),
            {
                "id": uuid4(),
                "client": row.client_id,
                "kid": key.get("kid"),
                "thumbprint": urlsafe_b64encode(sha256(spelled).digest()).decode().rstrip("="),
                "key": row.public_key,
                "at": row.created_at,
            },
        )
