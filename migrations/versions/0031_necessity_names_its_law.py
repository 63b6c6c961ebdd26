"""A record of necessity of an authority names the law that it rests on."""

from __future__ import annotations

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

LAW = """
ALTER TABLE registry.necessity ADD COLUMN authorisation_id uuid REFERENCES registry.authorisation;
-- Of records from before: the law of the article that they cite, where that is one. The others open nothing more.
UPDATE registry.necessity n SET authorisation_id = one.id FROM (
    SELECT party_id, article, min(authorisation_id::text)::uuid AS id FROM registry.authorisation
    GROUP BY party_id, article HAVING count(*) = 1
) one WHERE one.party_id = n.party_id AND one.article = n.article;
"""


def upgrade() -> None:
    op.execute(LAW)
