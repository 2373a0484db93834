"""Settings that cannot be used, and parts that are down when a command starts."""

import json
from pathlib import Path

import pytest

from tests.integration.cli.conftest import CommandLine, Ended

SECRET = "s3cret"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("REPOMILL_MAX_FILE_SIZE", "abc", "should be a valid integer"),
        ("REPOMILL_MAX_FILE_SIZE", "0", "greater than 0"),
        ("REPOMILL_DATABASE_URL", "nonsense", "not a URL"),
        ("REPOMILL_DATABASE_URL", f"mysql://me:{SECRET}@host/x", "only sqlite:/// and postgresql:// are known"),
        ("REPOMILL_DATABASE_URL", "sqlite://", "SQLite needs a file"),
        ("REPOMILL_ARTIFACTS_URL", "ftp://host/x", "write file:///dir or minio://"),
        ("REPOMILL_ARTIFACTS_URL", "file:relative", "write file:///dir or minio://"),
        (
            "REPOMILL_ARTIFACTS_URL",
            f"minio://me:{SECRET}@host:9000/bucket",
            "keys belong into REPOMILL_MINIO_ACCESS_KEY",
        ),
        ("REPOMILL_ARTIFACTS_URL", "minio://host:9000", "write file:///dir or minio://"),
        ("REPOMILL_ARTIFACTS_URL", "minio://host:9000/bucket?secure=maybe", "write file:///dir or minio://"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(repomill: CommandLine, name: str, value: str, reason: str) -> None:
    repomill.set(**{name: value})
    said = repomill.fails(2, "execution", "list")
    assert said.startswith(f"error: {name}=")
    assert reason in said
    assert SECRET not in said


def test_settings_are_read_from_a_dotenv_file(repomill: CommandLine) -> None:
    Path(".env").write_text("REPOMILL_MAX_FILE_SIZE=many\nUNRELATED=1\n")
    assert "REPOMILL_MAX_FILE_SIZE='many'" in repomill.fails(2, "execution", "list")


def test_the_home_is_the_nearest_one_above(repomill: CommandLine) -> None:
    repomill.monkeypatch.delenv("REPOMILL_HOME")
    (repomill.folder / ".repomill").mkdir()
    (inner := repomill.folder / "a" / "b").mkdir(parents=True)
    repomill.monkeypatch.chdir(inner)
    assert repomill.json("db", "current")["database"] == f"sqlite:///{repomill.folder}/.repomill/repomill.db"


@pytest.mark.parametrize(
    "command", [("execution", "list"), ("project", "list"), ("workflow", "list"), ("db", "current")]
)
def test_a_database_that_is_down_is_said_with_its_setting(repomill: CommandLine, command: tuple[str, ...]) -> None:
    repomill.set(REPOMILL_DATABASE_URL=f"postgresql://me:{SECRET}@127.0.0.1:9/mill")
    said = repomill.fails(3, *command)
    assert "127.0.0.1:9/mill cannot be reached" in said
    assert "mend REPOMILL_DATABASE_URL" in said
    assert SECRET not in said


def test_a_run_does_not_start_without_its_database(repomill: CommandLine) -> None:
    repomill("init", "new")
    repomill.set(REPOMILL_DATABASE_URL="postgresql://127.0.0.1:9/mill")
    repomill.fails(3, "run", "new/workflow.yaml")


def test_a_run_does_not_start_without_its_artefact_store(repomill: CommandLine) -> None:
    repomill("init", "new")
    repomill.set(REPOMILL_ARTIFACTS_URL="minio://127.0.0.1:9/bucket?secure=false")
    said = repomill.fails(3, "run", "new/workflow.yaml")
    assert "The artefact store" in said
    assert "REPOMILL_ARTIFACTS_URL" in said


def test_a_home_that_cannot_be_made_is_said(repomill: CommandLine) -> None:
    Path("file").write_text("mine")
    repomill.set(REPOMILL_HOME=repomill.folder / "file" / "home")
    assert "file/home" in repomill.fails(3, "execution", "list")


def test_a_database_file_that_is_none_is_said(repomill: CommandLine) -> None:
    (repomill.home / "repomill.db").write_text("no database " * 100)
    assert "is not a database" in repomill.fails(3, "execution", "list")


def test_an_empty_home_works_at_once(repomill: CommandLine) -> None:
    (repomill.home / "repomill.db").unlink()
    assert repomill.json("execution", "list") == []
    facts = repomill.json("db", "current")
    assert facts["revision"] == facts["wanted"]


def test_current_of_an_empty_database_has_no_revision_until_the_upgrade(repomill: CommandLine) -> None:
    repomill.set(REPOMILL_DATABASE_URL=f"sqlite:///{repomill.folder}/other.db")
    Path("other.db").touch()
    assert repomill.json("db", "current")["revision"] is None
    assert "is at revision" in repomill("db", "upgrade").err
    assert repomill("db", "upgrade").code == 0
    assert repomill.json("db", "current")["revision"] is not None


def test_doctor_finds_nothing_wrong(repomill: CommandLine) -> None:
    repomill.monkeypatch.delenv("PREFECT_API_URL")
    rows = repomill.json("doctor")
    assert [row["part"] for row in rows] == ["settings", "git", "database", "artifact store", "prefect"]
    assert {row["state"] for row in rows} == {"ok"}
    assert "repomill up" in rows[-1]["detail"]


def test_doctor_goes_on_after_the_first_broken_part(repomill: CommandLine) -> None:
    repomill.set(
        PATH="",
        REPOMILL_ARTIFACTS_URL="minio://127.0.0.1:9/bucket?secure=false",
        REPOMILL_DATABASE_URL="postgresql://127.0.0.1:9/mill",
    )
    ended = repomill("doctor", "--format", "json")
    rows = {row["part"]: row for row in ended.json}
    assert ended.code == 3
    assert [name for name, row in rows.items() if row["state"] == "wrong"] == [
        "git",
        "database",
        "artifact store",
        "prefect",
    ]
    assert all(row["advice"] for row in rows.values() if row["state"] == "wrong")
    assert json.dumps(rows).count("127.0.0.1:9") >= 3


def test_doctor_says_a_bad_setting_as_one_of_its_rows(repomill: CommandLine) -> None:
    repomill.set(REPOMILL_ARTIFACTS_URL="ftp://x")
    ended = repomill("doctor", "--format", "json")
    assert [row["part"] for row in ended.json if row["state"] == "wrong"] == ["artifact store", "prefect"]


@pytest.mark.parametrize("command", [("up",), ("workflow", "add", "new/workflow.yaml"), ("run", "new/workflow.yaml")])
def test_a_prefect_api_that_does_not_answer_is_said(repomill: CommandLine, command: tuple[str, ...]) -> None:
    repomill("init", "new")
    said = repomill.fails(3, *command)
    assert "The Prefect API at http://127.0.0.1:9/api cannot be reached" in said
    assert "unset PREFECT_API_URL" in said


def test_a_run_that_prefect_cannot_take_is_kept(repomill: CommandLine) -> None:
    repomill("init", "new")
    said = repomill.fails(3, "run", "new/workflow.yaml")
    [row] = repomill.json("execution", "list")
    assert row["status"] == "pending"
    assert f"Execution {row['id']} is stored; `repomill execution resume latest` runs it" in said
    assert repomill.fails(3, "execution", "resume", "latest").startswith("error: The Prefect API")


def test_a_demo_without_git_says_so(repomill: CommandLine) -> None:
    repomill.set(PATH="")
    assert "Git is not installed" in repomill.fails(3, "demo")


def test_down_without_a_stack_is_no_error(repomill: CommandLine) -> None:
    assert repomill("down") == Ended(0, "", "Nothing was running.\n")
