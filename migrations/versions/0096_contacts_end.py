"""A contact ends by the clock itself; which EAN codes were asked in it; in which one a case's customer was known."""

from __future__ import annotations

from alembic import op

revision = "0096"
down_revision = "0095"
branch_labels = None
depends_on = None

ENDS = """
ALTER TABLE staff.case_file
    ADD COLUMN ends_at timestamptz,
    ADD COLUMN contact_id uuid REFERENCES staff.contact;
UPDATE staff.case_file f SET ends_at = f.opened_at
    + CASE WHEN c.channel IN ('call', 'visit') THEN interval '24 hours' ELSE interval '744 hours' END
    FROM staff.contact c WHERE c.case_id = f.case_id;
ALTER TABLE staff.case_file ADD CONSTRAINT a_contact_ends CHECK ((kind = 'contact') = (ends_at IS NOT NULL));
CREATE INDEX ON staff.case_file (ends_at) WHERE closed_at IS NULL;
"""

ASKED = """
-- Each access point once, however often and by whichever of its meters its EAN code is asked in a contact (R85).
CREATE TABLE staff.ean_asked (
    case_id uuid REFERENCES staff.contact,
    code_hash bytea,
    operator smallint NOT NULL,
    way_hashes bytea[] NOT NULL,
    answered_in uuid REFERENCES staff.case_file,
    PRIMARY KEY (case_id, code_hash)
);
GRANT SELECT, INSERT ON staff.ean_asked TO databeheer_door;
GRANT UPDATE (way_hashes) ON staff.ean_asked TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(ENDS)
    op.execute(ASKED)
