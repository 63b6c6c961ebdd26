"""Who supplies, told on paper alone (R80): a letter to a home waits with the others, and nothing names the supplier.

Sealed in it is the number of the caller's case. What is kept of it goes once it is posted.
"""

from __future__ import annotations

from alembic import op

revision = "0064"
down_revision = "0062"
branch_labels = None
depends_on = None

LETTERS = """
ALTER TABLE post.letter
    DROP CONSTRAINT letter_what_check,
    ADD CONSTRAINT letter_what_check CHECK (what IN ('code', 'goodbye', 'approval', 'supplier')),
    ADD COLUMN occupancy_id uuid REFERENCES registry.occupancy,
    ADD COLUMN opened_at timestamptz,  -- when the operator first took its text to print it
    ADD CONSTRAINT letter_home_check CHECK ((what = 'supplier') = (occupancy_id IS NOT NULL)),
    ADD CONSTRAINT letter_opened_check CHECK (opened_at IS NULL OR what = 'supplier');
CREATE UNIQUE INDEX ON post.letter (occupancy_id) WHERE occupancy_id IS NOT NULL;  -- one waits for a home
GRANT UPDATE (opened_at) ON post.letter TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(LETTERS)
