"""A person chooses one language for all that we say, of four; who chose none has none, and is spoken to in Dutch."""

from __future__ import annotations

from alembic import op

revision = "0078"
down_revision = "0080"
branch_labels = None
depends_on = None

LANGUAGES = """
ALTER TABLE post.contact ALTER language DROP NOT NULL,
    DROP CONSTRAINT contact_language_check,
    ADD CONSTRAINT contact_language_check CHECK (language IN ('nl', 'en', 'fr', 'de'));
"""


def upgrade() -> None:
    op.execute(LANGUAGES)
