"""Triggers: a status changes only the way its table says, whoever writes; the audit log is only added to."""

from alembic import op

Ends = dict[str, list[str]]
"""What each status may become."""

TRANSITIONS: dict[tuple[str, str], Ends] = {
    ("executions", "status"): {
        "pending": ["cancelled", "failed", "running"],
        "running": ["cancelled", "completed", "failed", "suspended"],
        "suspended": ["cancelled", "failed", "running"],
        "completed": [],
        "failed": ["running"],
        "cancelled": ["running"],
    },
    ("node_executions", "status"): {
        "pending": ["cached", "cancelled", "completed", "failed", "running", "skipped"],
        "running": ["cached", "cancelled", "completed", "failed", "skipped", "suspended"],
        "suspended": ["cached", "cancelled", "completed", "failed", "running", "skipped"],
        "completed": ["cached", "running", "skipped"],
        "cached": ["running", "skipped"],
        "skipped": ["cached", "cancelled", "running"],
        "failed": ["cached", "cancelled", "running", "skipped"],
        "cancelled": ["cached", "running", "skipped"],
    },
    ("generated_projects", "status"): {
        "pending": ["cancelled", "failed", "generating"],
        "generating": ["blocked", "cancelled", "completed", "failed"],
        "completed": ["archived"],
        "failed": ["generating"],
        "cancelled": ["generating"],
        "blocked": ["completed", "generating"],
        "archived": ["deleted"],
        "deleted": [],
    },
    ("repository_exports", "status"): {
        "pending": ["cancelled", "exporting", "failed"],
        "exporting": ["cancelled", "completed", "failed"],
        "completed": ["archived"],
        "failed": ["archived", "exporting"],
        "cancelled": ["archived", "exporting"],
        "archived": [],
    },
    ("export_steps", "state"): {
        "started": ["done", "failed"],
        "done": [],
        "failed": ["started"],
    },
    ("calls", "state"): {
        "reserved": ["released", "sent"],
        "sent": ["answered", "released", "uncertain"],
        "answered": ["settled"],
        "settled": [],
        "uncertain": ["sent"],
        "released": ["reserved"],
    },
}

APPEND_ONLY = "audit_entries"

REFUSE_TRANSITION = """
CREATE FUNCTION refuse_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'illegal transition of %.%', TG_TABLE_NAME, TG_ARGV[0] USING ERRCODE = 'check_violation';
END $$
"""

REFUSE_REWRITE = """
CREATE FUNCTION refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$
"""


def create() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _create_postgresql()
    else:
        _create_sqlite()


def replace(table: str, column: str, transitions: Ends) -> None:
    """Have a table's status change as these say from now on."""
    on = f" ON {table}" if op.get_bind().dialect.name == "postgresql" else ""
    _run(f"DROP TRIGGER {table}_{column}_transition{on}")
    _refuse_others(table, column, transitions)


def drop() -> None:
    """Remove the functions, after the tables: triggers go with their tables."""
    if op.get_bind().dialect.name == "postgresql":
        _run("DROP FUNCTION refuse_transition()")
        _run("DROP FUNCTION refuse_rewrite()")


def _create_postgresql() -> None:
    _run(REFUSE_TRANSITION)
    _run(REFUSE_REWRITE)
    for (table, column), transitions in TRANSITIONS.items():
        _refuse_others(table, column, transitions)
    _run(
        f"CREATE TRIGGER {APPEND_ONLY}_append_only BEFORE UPDATE OR DELETE ON {APPEND_ONLY}"
        " FOR EACH ROW EXECUTE FUNCTION refuse_rewrite()"
    )


def _create_sqlite() -> None:
    for (table, column), transitions in TRANSITIONS.items():
        _refuse_others(table, column, transitions)
    for verb in ("UPDATE", "DELETE"):
        _run(
            f"CREATE TRIGGER {APPEND_ONLY}_no_{verb.lower()} BEFORE {verb} ON {APPEND_ONLY}"
            f" BEGIN SELECT RAISE(ABORT, '{APPEND_ONLY} is append-only'); END"
        )


def _refuse_others(table: str, column: str, transitions: Ends) -> None:
    refusal = f"BEGIN SELECT RAISE(ABORT, 'illegal transition of {table}.{column}'); END"
    if op.get_bind().dialect.name == "postgresql":
        refusal = f"EXECUTE FUNCTION refuse_transition('{column}')"
    _run(
        f"CREATE TRIGGER {table}_{column}_transition BEFORE UPDATE OF {column} ON {table} FOR EACH ROW"
        f" WHEN ({_is_illegal(column, transitions)}) {refusal}"
    )


def _is_illegal(column: str, transitions: Ends) -> str:
    pairs = [f"'{before}>{after}'" for before, ends in transitions.items() for after in ends]
    change = f"OLD.{column} || '>' || NEW.{column}"
    return f"OLD.{column} <> NEW.{column} AND ({change}) NOT IN ({', '.join(pairs)})"


def _run(statement: str) -> None:
    """Execute as it is: no bind parameter is looked for."""
    op.get_bind().exec_driver_sql(statement.replace("%", "%%") if _is_format() else statement)


def _is_format() -> bool:
    return op.get_bind().dialect.paramstyle in {"format", "pyformat"}
