"""Many rows of one organisation on PostgreSQL, made by the server itself: a million files take it seconds."""

from sqlalchemy import Connection, text

from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from tests.fakes.stored_rows import new_execution

EXECUTIONS = """
    INSERT INTO executions (id, organisation_id, root_id, workflow_version_id, project_id, acting_user_id, status, mode,
        inputs, use_mocks, fence, event_sequence, created_at, updated_at)
    SELECT made.id, e.organisation_id, made.id, e.workflow_version_id, e.project_id, e.acting_user_id,
        CASE WHEN made.n % 10 = 0 THEN 'failed' ELSE 'completed' END, e.mode, e.inputs, false, 1, 0,
        e.created_at - made.n * interval '1 minute', e.updated_at
    FROM executions e, (SELECT n, gen_random_uuid() AS id FROM generate_series(1, :projects) AS n) AS made
    WHERE e.id = :execution
"""
ATTEMPTS = """
    INSERT INTO execution_attempts (id, organisation_id, execution_id, number, owner, fence, heartbeat_at, started_at,
        ended_at, outcome)
    SELECT gen_random_uuid(), organisation_id, id, 1, 'host:1:1', 1, created_at, created_at, created_at, 'completed'
    FROM executions
"""
EVENTS = """
    INSERT INTO events (id, organisation_id, execution_id, sequence, kind, payload, created_at)
    SELECT gen_random_uuid(), organisation_id, id, n, 'node.started', '{}', created_at
    FROM executions, generate_series(1, 5) AS n
"""
PROJECTS = """
    INSERT INTO generated_projects (id, organisation_id, project_id, workflow_execution_id, output_directory, status,
        total_files, total_size, created_by, created_at, updated_at, completed_at)
    SELECT gen_random_uuid(), organisation_id, project_id, id, 'here', status, :files, :files * 100, acting_user_id,
        created_at, updated_at, CASE WHEN status = 'completed' THEN created_at END
    FROM executions WHERE status <> 'pending'
"""
EXPORTS = """
    INSERT INTO repository_exports (id, organisation_id, generated_project_id, export_type, status, target_digest,
        tree_digest, archive_path, archive_size, config, created_by, created_at, updated_at, completed_at)
    SELECT gen_random_uuid(), organisation_id, id, 'tar', 'completed', 'sha256:' || encode(sha256('tar'), 'hex'),
        'sha256:' || encode(sha256(id::text::bytea), 'hex'), 'org/' || id, 100, '{}', created_by, created_at,
        updated_at, completed_at
    FROM generated_projects WHERE status = 'completed'
"""
FILES = """
    INSERT INTO project_files (id, organisation_id, generated_project_id, file_path, file_name, file_type, file_size,
        content_hash, content_preview, mode, data_offset, stored_size, compression, created_at, updated_at)
    SELECT gen_random_uuid(), organisation_id, id, 'src/f' || n || '.py', 'f' || n || '.py',
        (ARRAY['python', 'markdown', 'json', 'yaml', 'text'])[1 + n % 5], 100,
        encode(sha256((id::text || n)::bytea), 'hex'), 'print', '100644', n * 100, 100, 'stored', created_at, updated_at
    FROM generated_projects, generate_series(1, :files) AS n
"""


def fill(database: Database, projects: int, files: int) -> None:
    """Write so many generated projects with so many files each, and tell the planner."""
    with database.transaction(DEFAULT_SCOPE) as work:
        execution = new_execution(work).id
    with database.exclusive(1) as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in (EXECUTIONS, ATTEMPTS, EVENTS, PROJECTS, EXPORTS, FILES):
            _execute(connection, statement, projects=projects, files=files, execution=execution)
        connection.execute(text("ANALYZE"))


def _execute(connection: Connection, statement: str, **values: object) -> None:
    named = {name: value for name, value in values.items() if f":{name}" in statement}
    connection.execute(text(statement), named)
