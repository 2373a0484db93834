"""PostgreSQL takes both steps of a plain call by itself: reserved and sent, answered and settled.

What is out of the ordinary is left alone: a lease that is lost, an account that is not there yet, a budget that has too
little. The functions do nothing then and give no row, and the repositories take the step and say what is wrong.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

LEASE = "_here uuid, _execution uuid, _fence integer, _attempt uuid"
LOCK_LEASE = """
    SELECT executions.project_id INTO _project
    FROM executions JOIN execution_attempts ON execution_attempts.execution_id = executions.id
    WHERE executions.organisation_id = _here AND executions.id = _execution AND executions.fence = _fence
        AND execution_attempts.organisation_id = _here AND execution_attempts.id = _attempt
        AND execution_attempts.ended_at IS NULL
    FOR NO KEY UPDATE OF executions, execution_attempts;
    IF NOT FOUND THEN
        RETURN;
    END IF;
"""

BEGIN_CALL = f"""
CREATE FUNCTION begin_call(
    {LEASE},
    _root uuid, _day text, _run_cost numeric, _run_calls numeric, _run_tokens numeric,
    _is_free boolean, _cost numeric, _tokens bigint,
    _id uuid, _path text, _nth integer, _digest text, _kind text, _source text, _model text, _place text,
    _now timestamptz
) RETURNS TABLE (sends integer) LANGUAGE plpgsql AS $$
DECLARE
    _project uuid;
    _names text[];
    _costs numeric[];
    _counts numeric[];
    _totals numeric[];
BEGIN
    {LOCK_LEASE}
    IF NOT _is_free THEN
        SELECT array_agg(name ORDER BY name), array_agg(cost ORDER BY name), array_agg(calls ORDER BY name),
            array_agg(tokens ORDER BY name)
        INTO _names, _costs, _counts, _totals
        FROM (
            SELECT
                CASE WHEN project_id IS NULL THEN 'organisation' ELSE 'project ' || project_id END
                || CASE period WHEN 'day' THEN ' ' || _day ELSE '' END AS name,
                budgets.cost_usd AS cost, budgets.calls::numeric AS calls, budgets.tokens::numeric AS tokens
            FROM budgets
            WHERE organisation_id = _here AND (project_id = _project OR project_id IS NULL)
            UNION ALL
            SELECT 'run ' || _root, _run_cost, _run_calls, _run_tokens
            WHERE coalesce(_run_cost, _run_calls, _run_tokens) IS NOT NULL
        ) AS applied;
    END IF;
    IF _names IS NOT NULL THEN
        -- None is locked before all are there: who opens one waits for others who do.
        IF (
            SELECT count(*) FROM budget_accounts WHERE organisation_id = _here AND name = ANY (_names)
        ) < cardinality(_names) THEN
            RETURN;
        END IF;
        PERFORM 1 FROM budget_accounts WHERE organisation_id = _here AND name = ANY (_names) ORDER BY name FOR UPDATE;
        IF EXISTS (
            SELECT FROM budget_accounts AS taken
            JOIN unnest(_names, _costs, _counts, _totals) AS most (name, cost, calls, tokens) ON most.name = taken.name
            WHERE taken.organisation_id = _here AND (
                (most.cost IS NOT NULL AND _cost IS NULL)
                OR taken.spent_cost + taken.reserved_cost + _cost > most.cost
                OR taken.spent_calls + taken.reserved_calls + 1 > most.calls
                OR taken.spent_tokens + taken.reserved_tokens + _tokens > most.tokens
            )
        ) THEN
            RETURN;
        END IF;
        UPDATE budget_accounts
        SET reserved_cost = reserved_cost + coalesce(_cost, 0), reserved_calls = reserved_calls + 1,
            reserved_tokens = reserved_tokens + _tokens
        WHERE organisation_id = _here AND name = ANY (_names);
    END IF;
    INSERT INTO calls (
        organisation_id, id, root_execution_id, execution_id, node_path, ordinal, request_digest, kind, source, model,
        state, sends, reserved_amount, reserved_tokens, budget_accounts, input_tokens, output_tokens, request_key,
        created_at, sent_at
    ) VALUES (
        _here, _id, _root, _execution, _path, _nth, _digest, _kind, _source, _model,
        'sent', 1, _cost, _tokens, to_jsonb(_names), 0, 0, _place,
        _now, _now
    );
    sends := 1;
    RETURN NEXT;
END $$
"""  # noqa: S608  # nothing in it comes from outside

END_CALL = f"""
CREATE FUNCTION end_call(
    {LEASE},
    _root uuid, _path text, _nth integer, _digest text,
    _place text, _now timestamptz, _latency integer, _in integer, _out integer, _price numeric
) RETURNS TABLE (sends integer) LANGUAGE plpgsql AS $$
DECLARE
    _project uuid;
    _accounts jsonb;
    _account text;
    _bound numeric;
    _tokens bigint;
BEGIN
    {LOCK_LEASE}
    UPDATE calls
    SET state = 'settled', response_key = _place, answered_at = _now, settled_at = _now, latency_ms = _latency,
        input_tokens = _in, output_tokens = _out,
        cost = coalesce(calls.cost + coalesce(_price, 0), _price)  -- what an earlier sending was charged stays charged
    WHERE organisation_id = _here AND root_execution_id = _root AND node_path = _path AND ordinal = _nth
        AND request_digest = _digest AND state = 'sent'
    RETURNING calls.sends, budget_accounts, reserved_amount, reserved_tokens INTO sends, _accounts, _bound, _tokens;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    FOR _account IN SELECT name FROM jsonb_array_elements_text(_accounts) AS names (name) ORDER BY name LOOP
        UPDATE budget_accounts
        SET spent_cost = spent_cost + coalesce(_price, _bound, 0), spent_calls = spent_calls + 1,
            spent_tokens = spent_tokens + _in + _out, reserved_cost = reserved_cost - coalesce(_bound, 0),
            reserved_calls = reserved_calls - 1, reserved_tokens = reserved_tokens - _tokens
        WHERE organisation_id = _here AND name = _account;
    END LOOP;
    RETURN NEXT;
END $$
"""  # noqa: S608  # nothing in it comes from outside


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.get_bind().exec_driver_sql(BEGIN_CALL)
        op.get_bind().exec_driver_sql(END_CALL)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION begin_call")
        op.execute("DROP FUNCTION end_call")
