"""A call whose answer was taken for lost is answered when it is found."""

from storage.database.migrations.revision_0001.transitions import TRANSITIONS, replace

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BEFORE = {**TRANSITIONS["calls", "state"], "sent": ["answered", "released", "settled", "uncertain"]}
SINCE = {**BEFORE, "uncertain": ["answered", "sent"]}


def upgrade() -> None:
    replace("calls", "state", SINCE)


def downgrade() -> None:
    replace("calls", "state", BEFORE)
