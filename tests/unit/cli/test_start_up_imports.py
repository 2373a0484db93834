"""What is imported when: start-up time is part of the interface, and a forgotten import costs seconds."""

import subprocess
import sys

HEAVY = {"prefect", "sqlalchemy", "pydantic_ai", "pandas", "openai", "anthropic", "git", "minio", "alembic", "fastapi"}
FLOWS_KEEP_OUT = {"pandas", "openai", "anthropic", "git", "minio", "pydantic_ai", "alembic"}


def imported_by(statement: str) -> set[str]:
    """Return the top-level packages that a fresh interpreter has after the statement."""
    code = f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_the_command_line_starts_without_anything_heavy() -> None:
    assert imported_by("import cli.main") & HEAVY == set()


def test_help_needs_nothing_heavy() -> None:
    statement = (
        "import cli.main\nsys.argv = ['repomill', 'run', '--help']\ntry: cli.main.main()\nexcept SystemExit: print()"
    )
    assert imported_by(statement) & HEAVY == set()


def test_flows_load_vendors_only_where_they_are_used() -> None:
    found = imported_by("import flows.run_workflow, flows.generate_project, flows.export_repository")
    assert "prefect" in found
    assert found & FLOWS_KEEP_OUT == set()


def test_the_core_knows_no_engine_and_no_database() -> None:
    statement = "import repomill.nodes.registry, repomill.workflow.validation\nrepomill.nodes.registry.kinds()"
    assert imported_by(statement) & HEAVY == set()
