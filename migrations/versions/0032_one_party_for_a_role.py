"""One party in a role for a grid operator, and one registered in a role on a point at a time.

Two would make a decision hang on which of them the database finds first. No btree_gist in the embedded server: point
and role are a range of one number.
"""

from __future__ import annotations

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

ONE = """
CREATE UNIQUE INDEX ON registry.party (operator, role) WHERE operator IS NOT NULL;

ALTER TABLE registry.registration
    ADD COLUMN access_point_no bigint,
    ADD COLUMN role text CHECK (role IN ('balance_responsible', 'shipper'));
UPDATE registry.registration r SET access_point_no = a.access_point_no FROM registry.access_point a
    WHERE a.access_point_id = r.access_point_id;
UPDATE registry.registration r SET role = p.role FROM registry.party p WHERE p.party_id = r.party_id;
ALTER TABLE registry.registration
    ALTER COLUMN access_point_no SET NOT NULL,
    ALTER COLUMN role SET NOT NULL,
    ADD EXCLUDE USING gist (
        int8range(access_point_no * 2 + (role = 'shipper')::int, access_point_no * 2 + (role = 'shipper')::int, '[]')
            WITH &&,
        daterange(from_day, until_day) WITH &&
    );
"""


def upgrade() -> None:
    op.execute(ONE)
