"""The `db` node: what its configuration may say, what it asks, and that it asks once."""

import io
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pytest
from pydantic import SecretStr, ValidationError

from repomill.calls.ledger import FREE, LedgerMode
from repomill.calls.sending import Answered, AnswerLost
from repomill.canonical import Json
from repomill.databases.source import DatabaseSource
from repomill.databases.statement import Statement, first_word, is_several, may_write, parameter_names
from repomill.errors import CallUncertain
from repomill.nodes.db import Db
from repomill.testing import Case, conformance, run_node
from repomill.testing._world import ledgered_calls, new_ledger
from repomill.testing.checks import Check

ANSWER: dict[str, Json] = {
    "columns": [{"name": "name", "type": "text"}, {"name": "picked", "type": "date"}],
    "rows": [{"name": "Assam", "picked": "2026-05-01"}, {"name": "Bancha", "picked": None}],
    "row_count": 2,
    "truncated": False,
}
READING = {"source": "shop", "sql": "SELECT name, picked FROM teas WHERE id < :most", "parameters": {"most": 3}}
WRITING = {"source": "shop", "sql": "DELETE FROM teas", "mode": "write"}


@dataclass
class Shop:
    """A database in memory, and the source that leads to it."""

    fails: Exception | None = None
    asked: list[Statement] = field(default_factory=list)

    def get(self, name: str, kind: type[Any]) -> Any:
        return kind(name=name, url=SecretStr("sqlite:///secret-4711.db"))

    def identity(self, name: str) -> dict[str, Json]:
        return {"kind": "database", "block": name}

    async def run(self, source: DatabaseSource, statement: Statement) -> Answered:
        self.asked.append(statement)
        if self.fails:
            raise self.fails
        return Answered(ANSWER, FREE)


def case(config: dict[str, Any], shop: Shop | None = None) -> Case:
    shop = shop or Shop()
    return Case(config, ports={"databases": shop, "sources": shop}, secrets=("secret-4711",), name=config.get("as", ""))


@pytest.mark.parametrize(
    "check", conformance(Db(), case(READING), case(READING | {"as": "csv", "path": "teas.csv"})), ids=str
)
def test_the_node_conforms(check: Check) -> None:
    check()


def test_values_stay_apart_from_the_text() -> None:
    shop = Shop()
    assert run_node(Db(), case(READING, shop)).output == ANSWER
    [asked] = shop.asked
    assert (asked.sql, asked.parameters, asked.writes) == (READING["sql"], {"most": 3}, False)


@pytest.mark.parametrize(("form", "read"), [("csv", pd.read_csv), ("json", pd.read_json), ("parquet", pd.read_parquet)])
def test_rows_become_a_file(form: str, read: Any) -> None:
    ran = run_node(Db(), case(READING | {"as": form, "path": f"data/teas.{form}"}))
    [file] = ran.files
    assert (file.path, list(read(io.BytesIO(file.content))["name"])) == (f"data/teas.{form}", ["Assam", "Bancha"])
    assert ran.output == {
        "files": [file.path],
        **{name: ANSWER[name] for name in ("columns", "row_count", "truncated")},
    }


def test_a_write_whose_end_is_unknown_is_not_repeated() -> None:
    shop, ledger = Shop(AnswerLost("the connection broke")), new_ledger()
    for _ in range(2):
        with pytest.raises(CallUncertain):
            run_node(Db(), case(WRITING, shop), calls=ledgered_calls(ledger, LedgerMode.LIVE))
    assert len(shop.asked) == 1


def test_a_write_that_may_be_repeated_is_repeated_once() -> None:
    ledger = new_ledger()
    shop = Shop(AnswerLost("the connection broke"))
    with pytest.raises(CallUncertain):
        run_node(Db(), case(WRITING | {"idempotent": True}, shop), calls=ledgered_calls(ledger, LedgerMode.LIVE))
    assert len(shop.asked) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sql": "SELECT '{{ inputs.name }}'"}, "SQL is never put together from expressions"),
        ({"sql": "SELECT {% if a %}1{% endif %}"}, "SQL is never put together from expressions"),
        ({"sql": "SELECT 1; DROP TABLE teas"}, "more than one statement"),
        ({"sql": "SELECT :a", "parameters": {}}, "':a' has no value"),
        ({"sql": "SELECT 1", "parameters": {"a": 1}}, "'a' is not used"),
        ({"sql": "SELECT :a", "parameters": {"a": {"b": 1}}}, "'a' is an object"),
        ({"sql": "SELECT :a", "parameters": {"a": [[1]]}}, "'a' is an object"),
        ({"sql": "DELETE FROM teas", "parameters": {}}, "say 'mode: write'"),
        ({"sql": "/* SELECT */ delete from teas", "parameters": {}}, "say 'mode: write'"),
        ({"sql": "SELECT 1 /*! INTO OUTFILE '/x' */", "parameters": {}}, "say 'mode: write'"),
        ({"sql": "SELECT 1 INTO  OUTFILE '/x'", "parameters": {}}, "say 'mode: write'"),
        ({"idempotent": True}, "'idempotent' goes with 'mode: write'"),
        ({"as": "csv"}, "these need it"),
        ({"path": "x.csv"}, "'path' goes with"),
        ({"as": "xlsx", "path": "x"}, "'rows'"),
        ({"max_rows": 0}, "greater than 0"),
        ({"timeout": 0}, "greater than 0"),
        ({"sql": ""}, "at least 1 character"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Db.config_model.model_validate(READING | change)
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT :a, :b, :a", ("a", "b")),
        ("SELECT x::text, '12:30', '\\:no' WHERE y = :yes", ("yes",)),
        ("SELECT a[1\\:2]", ()),
    ],
)
def test_parameters_are_found(sql: str, names: tuple[str, ...]) -> None:
    assert parameter_names(sql) == names


@pytest.mark.parametrize(
    "sql",
    ["SELECT 1;", "SELECT ';'", 'SELECT ";" ', "SELECT $$;$$ ", "SELECT 1; -- done", "SELECT `a;b`", "/*;*/ TABLE x"],
)
def test_a_semicolon_need_not_end_a_statement(sql: str) -> None:
    assert not is_several(sql)
    assert not may_write(sql)


@pytest.mark.parametrize("sql", ["SELECT 1; SELECT 2", "SELECT ';' ; DELETE FROM x", "SELECT 1;; SELECT 2"])
def test_two_statements_are_seen(sql: str) -> None:
    assert is_several(sql)


@pytest.mark.parametrize(("sql", "word"), [(" -- x\n(/* y */ Select 1)", "select"), ("", ""), ("(((", ""), ("1", "")])
def test_the_first_word_is_found_past_comments(sql: str, word: str) -> None:
    assert first_word(sql) == word
