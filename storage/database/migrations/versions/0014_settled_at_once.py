"""A call whose answer came is settled in the same step."""

from storage.database.migrations.revision_0001.transitions import replace

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BEFORE = {
    "reserved": ["released", "sent"],
    "sent": ["answered", "released", "uncertain"],
    "answered": ["settled"],
    "settled": [],
    "uncertain": ["sent"],
    "released": ["reserved"],
}
SINCE = {**BEFORE, "sent": ["answered", "released", "settled", "uncertain"]}


def upgrade() -> None:
    replace("calls", "state", SINCE)


def downgrade() -> None:
    replace("calls", "state", BEFORE)
