import subprocess
import sys

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine, inspect, select, text
from sqlalchemy.engine import Inspector

from repomill.errors import DatabaseOutdated
from storage.database import schema
from storage.database.models import Base, Organisation, User
from storage.database.scope import DEFAULT_ORGANISATION_ID, DEFAULT_SCOPE, DEFAULT_USER_ID
from storage.database.session import Database

UPGRADE = """
import sys
from storage.database import schema
from storage.database.session import Database
database = Database(sys.argv[1])
schema.upgrade(database)
database.close()
"""


def test_an_empty_database_has_no_revision(empty_database: Database) -> None:
    assert schema.current(empty_database) is None


def test_an_upgrade_brings_the_newest_revision(database: Database) -> None:
    assert schema.current(database) == schema.HEAD
    schema.check(database)


def test_upgrading_again_changes_nothing(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        project = work.projects.get_or_create("kept")
    schema.upgrade(database)
    with database.transaction(DEFAULT_SCOPE) as work:
        assert work.projects.get_or_create("kept").id == project.id


def test_the_head_the_code_names_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", "storage/database/migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == schema.HEAD


def test_models_and_migrations_agree(database: Database) -> None:
    assert schema.drift(database) == []


def test_drift_is_seen(database: Database) -> None:
    with database.exclusive(1) as connection:
        connection.execute(text("ALTER TABLE projects ADD COLUMN surprise INTEGER"))
    assert schema.drift(database)


def test_migrations_make_what_the_models_say(database: Database, tmp_path_factory: pytest.TempPathFactory) -> None:
    # Alembic compares neither CHECK constraints nor SQLite's descending indexes.
    made = create_engine(f"sqlite:///{tmp_path_factory.mktemp('made')}/made.db")
    Base.metadata.create_all(made)
    migrated, wanted = inspect(database.engine), inspect(made)
    for table in wanted.get_table_names():
        assert _names(migrated, table) == _names(wanted, table)
    made.dispose()


def _names(inspector: Inspector, table: str) -> set[str | None]:
    constraints = [
        *inspector.get_check_constraints(table),
        *inspector.get_unique_constraints(table),
        *inspector.get_foreign_keys(table),
        inspector.get_pk_constraint(table),
    ]
    # PostgreSQL also shows the index below each unique constraint.
    indexes = {index["name"] for index in inspector.get_indexes(table)}
    return {constraint["name"] for constraint in constraints} | indexes


def test_every_constraint_has_a_name(database: Database) -> None:
    reflected = MetaData()
    reflected.reflect(database.engine)
    constraints = [
        item for table in reflected.tables.values() if table.name != "alembic_version" for item in table.constraints
    ]
    assert len(constraints) > 50
    assert [item for item in constraints if item.name is None] == []


def test_every_table_but_organisations_belongs_to_one(database: Database) -> None:
    inspector = inspect(database.engine)
    for table in set(inspector.get_table_names()) - {"alembic_version", "organisations"}:
        columns = {column["name"]: column for column in inspector.get_columns(table)}
        assert columns["organisation_id"]["nullable"] is False
        assert "organisations" in {key["referred_table"] for key in inspector.get_foreign_keys(table)}


def test_there_is_a_default_organisation_and_user(database: Database) -> None:
    with database.engine.connect() as connection:
        assert connection.execute(select(Organisation.id, Organisation.slug)).tuples().all() == [
            (DEFAULT_ORGANISATION_ID, "default")
        ]
        assert connection.execute(select(User.id, User.name)).tuples().all() == [(DEFAULT_USER_ID, "default")]


def test_a_downgrade_leaves_nothing(database: Database) -> None:
    schema.downgrade(database)
    assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}
    assert schema.current(database) is None


def test_after_a_downgrade_it_can_be_upgraded_again(database: Database) -> None:
    schema.downgrade(database)
    schema.upgrade(database)
    schema.check(database)


def test_a_database_without_schema_is_outdated(empty_database: Database) -> None:
    with pytest.raises(DatabaseOutdated) as caught, empty_database.transaction(DEFAULT_SCOPE):
        pass
    assert (caught.value.found, caught.value.wanted) == ("none", schema.HEAD)


def test_a_database_of_another_version_is_outdated(database: Database) -> None:
    with database.exclusive(1) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseOutdated) as caught:
        schema.check(database)
    assert caught.value.found == "9999"


def test_a_failing_upgrade_leaves_nothing_behind(empty_database: Database) -> None:
    with empty_database.exclusive(1) as connection:
        connection.execute(text("CREATE TABLE export_steps (id INTEGER)"))
    with pytest.raises(Exception, match="export_steps"):
        schema.upgrade(empty_database)
    assert set(inspect(empty_database.engine).get_table_names()) == {"export_steps"}


def test_processes_that_upgrade_at_once_both_succeed(database_url: str) -> None:
    starters = [
        subprocess.Popen([sys.executable, "-c", UPGRADE, database_url], stderr=subprocess.PIPE) for _ in range(3)
    ]
    errors = [starter.communicate()[1].decode() for starter in starters]
    assert [starter.returncode for starter in starters] == [0, 0, 0], errors


def test_the_folder_of_a_new_sqlite_file_is_made(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("home") / "not" / "there" / "repomill.db"
    database = Database(f"sqlite:///{file}")
    schema.upgrade(database)
    database.close()
    assert file.is_file()


def test_looking_at_a_database_does_not_import_alembic() -> None:
    script = "import sys, storage.database.session; print('alembic' in sys.modules, 'asyncpg' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False", "False"]
