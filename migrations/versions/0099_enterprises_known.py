"""Which customers are enterprises: by the public name of one nobody is known, also where nobody logged in for it (R81).

Those that somebody acted for are known here. One that was registered before and that nobody logged in for is written
down when it is registered again (`registry.enterprise.add`), or when somebody logs in for it.
"""

from __future__ import annotations

from alembic import op

revision = "0099"
down_revision = "0098"
branch_labels = None
depends_on = None

_SQL = """
ALTER TABLE identity.person ADD COLUMN is_enterprise boolean NOT NULL DEFAULT false;
UPDATE identity.person p SET is_enterprise = true
    WHERE EXISTS (SELECT FROM identity.representation r WHERE r.person_id = p.person_id AND r.kind = 'enterprise');
GRANT UPDATE (is_enterprise) ON identity.person TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(_SQL)
