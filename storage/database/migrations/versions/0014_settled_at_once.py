"""A call whose answer came is settled in the same step."""

from storage.database.migrations.revision_0001.transitions import TRANSITIONS, replace

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BEFORE = TRANSITIONS["calls", "state"]
SINCE = {**BEFORE, "sent": ["answered", "released", "settled", "uncertain"]}


def upgrade() -> None:
    replace("calls", "state", SINCE)


def downgrade() -> None:
    replace("calls", "state", BEFORE)
