"""The `aggregator` node: values of several nodes as one, tables through steps, and what is refused."""

import io
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from repomill.errors import ColumnUnknown, ConditionFailed, TableInvalid
from repomill.nodes.aggregator import Aggregator
from repomill.tables import operations
from repomill.testing import Case, conformance, run_node
from repomill.testing.checks import Check
from repomill.workflow.source_text import load_workflow

TEAS = [
    {"name": "Assam", "kind": "black", "price": 4.5, "stock": 3},
    {"name": "Bancha", "kind": "green", "price": 3.25, "stock": None},
    {"name": "Ceylon", "kind": "black", "price": 2.5, "stock": 9},
]
KINDS = [{"kind": "black", "degrees": 95}, {"kind": "white", "degrees": 70}]


def run(**config: Any) -> Any:
    return run_node(Aggregator(), Case(config)).output


def table(*steps: dict[str, Any], rows: Any = TEAS) -> Any:
    return run(mode="table", table=rows, steps=list(steps))["rows"]


def column(name: str, *steps: dict[str, Any], rows: Any = TEAS) -> list[Any]:
    return [row[name] for row in table(*steps, rows=rows)]


@pytest.mark.parametrize(
    "check",
    conformance(
        Aggregator(),
        Case({"mode": "first", "values": [None, 1]}, name="first"),
        Case({"mode": "table", "table": TEAS, "as": "parquet", "path": "teas.parquet"}, name="file"),
        Case({"mode": "table", "table": TEAS, "steps": [{"sort": [{"by": "price"}]}]}, name="table"),
    ),
    ids=str,
)
def test_the_node_conforms(check: Check) -> None:
    check()


@pytest.mark.parametrize(
    ("config", "output"),
    [
        ({"mode": "merge", "values": [{"a": {"x": 1}}, None, {"a": {"y": 2}, "b": 3}]}, {"a": {"y": 2}, "b": 3}),
        (
            {"mode": "merge", "deep": True, "values": [{"a": {"x": 1}}, {"a": {"y": 2}}, {"a": {"x": [3]}}]},
            {"a": {"x": [3], "y": 2}},
        ),
        ({"mode": "concat", "values": [[1], None, [2, [3]]]}, [1, 2, [3]]),
        ({"mode": "concat", "values": ["a", None, "b"], "separator": ", "}, "a, b"),
        ({"mode": "concat", "values": [None]}, []),
        ({"mode": "concat", "values": [None, None], "separator": ", "}, ""),
        ({"mode": "first", "values": [None, False, "x"]}, False),
        ({"mode": "first", "values": [None]}, None),
        ({"mode": "template", "template": "text"}, "text"),
    ],
)
def test_values_become_one(config: dict[str, Any], output: Any) -> None:
    assert run(**config) == output


def test_rows_pass_through_unchanged() -> None:
    assert run(mode="table", table=TEAS) == {
        "columns": ["name", "kind", "price", "stock"],
        "rows": TEAS,
        "row_count": 3,
    }


def test_integers_stay_integers_beside_nulls() -> None:
    stocks = column("stock", {"sort": [{"by": "name", "descending": True}]})
    assert stocks == [9, None, 3]
    assert [type(stock) for stock in stocks] == [int, type(None), int]


def test_groups_are_aggregated_in_the_order_of_their_appearance() -> None:
    aggregate = {"teas": {"column": "name", "function": "count"}, "stock": {"column": "stock", "function": "sum"}}
    assert table({"group": {"by": ["kind"], "aggregate": aggregate}}) == [
        {"kind": "black", "teas": 2, "stock": 12},
        {"kind": "green", "teas": 1, "stock": 0},
    ]


def test_a_table_is_one_group_without_by() -> None:
    aggregate = {
        "dearest": {"column": "price", "function": "max"},
        "kinds": {"column": "kind", "function": "unique_count"},
    }
    assert table({"group": {"aggregate": aggregate}}) == [{"dearest": 4.5, "kinds": 2}]


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ("inner", [("Assam", 95), ("Ceylon", 95)]),
        ("left", [("Assam", 95), ("Bancha", None), ("Ceylon", 95)]),
        ("right", [("Assam", 95), ("Ceylon", 95), (None, 70)]),
        ("outer", [("Assam", 95), ("Ceylon", 95), ("Bancha", None), (None, 70)]),
    ],
)
def test_tables_are_joined(how: str, found: list[Any]) -> None:
    rows = table({"join": {"with": KINDS, "on": ["kind"], "how": how}})
    assert [(row["name"], row["degrees"]) for row in rows] == found


def test_a_cross_join_pairs_every_row_and_keeps_both_columns() -> None:
    rows = table({"join": {"with": KINDS, "how": "cross"}})
    assert len(rows) == 6
    assert (rows[1]["kind"], rows[1]["kind_other"]) == ("black", "white")


def test_values_become_columns() -> None:
    sold = [
        {"tea": "b", "month": "may", "kg": 1},
        {"tea": "a", "month": "jun", "kg": 2},
        {"tea": "b", "month": "may", "kg": 3},
    ]
    pivot = {"rows": ["tea"], "columns": "month", "values": "kg", "function": "sum"}
    assert table({"pivot": pivot}, rows=sold) == [
        {"tea": "b", "jun": None, "may": 4},
        {"tea": "a", "jun": 2, "may": None},
    ]


@pytest.mark.parametrize("month", ["may", 5, 5.5, True])
@pytest.mark.parametrize("function", ["count", "unique_count", "sum"])
def test_cells_without_values_leave_the_others_integers_and_null_is_one_column(month: Any, function: str) -> None:
    sold = [{"tea": "a", "month": month, "kg": 1}, {"tea": "b", "month": None, "kg": 1}]
    pivot = {"rows": ["tea"], "columns": "month", "values": "kg", "function": function}
    rows = table({"pivot": pivot}, rows=sold)
    assert rows == [{"tea": "a", str(month): 1, "null": None}, {"tea": "b", str(month): None, "null": 1}]
    assert {type(value) for row in rows for value in row.values()} == {str, int, type(None)}


@pytest.mark.parametrize("key", [7, 7.5, "x", True])
def test_a_key_that_is_null_throughout_matches_nothing_but_null(key: Any) -> None:
    join = {"with": [{"id": None, "b": 2}], "on": ["id"], "how": "left"}
    assert column("b", {"join": join}, rows=[{"id": key}, {"id": None}]) == [None, 2]


@pytest.mark.parametrize(
    "step",
    [
        {"group": {"by": ["tea"], "aggregate": {"all": {"column": "kg", "function": "sum"}}}},
        {"group": {"aggregate": {"all": {"column": "kg", "function": "sum"}}}},
        {"pivot": {"rows": ["tea"], "columns": "to", "values": "kg", "function": "sum"}},
    ],
)
@pytest.mark.parametrize("kg", [2**51, 2**62, -(2**62)])
def test_sums_are_exact_and_integers_beyond_json_are_text(step: dict[str, Any], kg: int) -> None:
    rows: list[dict[str, Any]] = [{"tea": "a", "to": "all", "kg": value} for value in (kg, kg, None)]
    [row] = table(step, rows=rows)
    assert row["all"] == (2 * kg if abs(kg) < 2**53 else str(2 * kg))


def test_small_groups_of_large_integers_take_no_sum_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "sum", lambda _: pytest.fail("summed one by one"), raising=False)
    rows: list[dict[str, Any]] = [{"tea": at, "to": "all", "kg": 2**61} for at in range(4)]
    aggregate = {"all": {"column": "kg", "function": "sum"}}
    assert column("all", {"group": {"by": ["tea"], "aggregate": aggregate}}, rows=rows) == [str(2**61)] * 4
    pivot = {"rows": ["tea"], "columns": "to", "values": "kg", "function": "sum"}
    assert column("all", {"pivot": pivot}, rows=rows) == [str(2**61)] * 4


def test_one_large_group_among_others_is_summed_exactly() -> None:
    rows: list[dict[str, Any]] = [
        {"tea": tea, "kg": kg} for tea, kg in [("a", 1), ("b", 2**62), ("b", 2**62), (None, 3)]
    ]
    step = {"group": {"by": ["tea"], "aggregate": {"all": {"column": "kg", "function": "sum"}}}}
    assert column("all", step, rows=rows) == [1, str(2**63), 3]


def test_integers_beyond_json_pass_through_as_text() -> None:
    rows = [{"id": 1234567890123456789}, {"id": 2**70}, {"id": 1}]
    assert column("id", {"filter": {"field": "id", "greater": 1}}, rows=rows) == ["1234567890123456789", str(2**70)]


BEYOND = "9007199254740993"


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ("inner", [(1, "a", 7)]),
        ("left", [(1, "a", 7), (2, "b", None)]),
        ("right", [(1, "a", 7), (BEYOND, None, 8)]),
        ("outer", [(1, "a", 7), (2, "b", None), (BEYOND, None, 8)]),
    ],
)
def test_integers_match_in_a_key_that_has_integers_beyond_json_as_text(how: str, found: list[Any]) -> None:
    small, mixed = [{"id": 1, "l": "a"}, {"id": 2, "l": "b"}], [{"id": 1, "r": 7}, {"id": BEYOND, "r": 8}]
    rows = table({"join": {"with": mixed, "on": ["id"], "how": how}}, rows=small)
    assert [(row["id"], row["l"], row["r"]) for row in rows] == found
    turned = table({"join": {"with": small, "on": ["id"], "how": "inner"}}, rows=mixed)
    assert turned == [{"id": 1, "l": "a", "r": 7}]


def test_null_matches_null_beside_integers_beyond_json() -> None:
    join = {"with": [{"id": 1, "r": 7}, {"id": BEYOND, "r": 8}, {"id": None, "r": 9}], "on": ["id"]}
    assert column("r", {"join": join}, rows=[{"id": None}, {"id": 1}]) == [9, 7]


def test_integers_beyond_json_are_sorted_as_the_numbers_they_are() -> None:
    ids = ["10007199254740993", 3, None, BEYOND, "-9007199254740993", 2.5]
    rows = [{"id": value, "at": at} for at, value in enumerate(ids)]
    assert column("at", {"sort": [{"by": "id"}]}, rows=rows) == [4, 5, 1, 3, 0, 2]
    assert column("at", {"sort": [{"by": "id", "descending": True}, {"by": "at"}]}, rows=rows) == [0, 3, 1, 5, 4, 2]
    assert column("id", {"sort": [{"by": "id"}]}, rows=rows[:2]) == [3, "10007199254740993"]


def test_steps_follow_each_other() -> None:
    steps: list[dict[str, Any]] = [
        {"filter": {"field": "price", "greater": 3}},
        {"sort": [{"by": "price"}]},
        {"select": ["name", "price"]},
        {"rename": {"name": "tea"}},
        {"limit": 1},
    ]
    assert table(*steps) == [{"tea": "Bancha", "price": 3.25}]


def test_rows_are_kept_by_conditions_on_several_columns() -> None:
    condition = {"any": [{"field": "stock", "exists": False}, {"not": {"field": "kind", "equals": "black"}}]}
    assert column("name", {"filter": condition}) == ["Bancha"]


def test_nested_values_can_be_looked_into() -> None:
    rows = [{"tea": {"name": "Assam"}}, {"tea": {"name": "Bancha"}}]
    assert table({"filter": {"field": "tea.name", "starts_with": "B"}}, rows=rows) == [{"tea": {"name": "Bancha"}}]


@pytest.mark.parametrize("name", ["unit price", "2020", "größe (cm)", "a.b", "it's"])
def test_a_column_of_any_name_can_be_asked_for(name: str) -> None:
    rows = [{name: {"net": 1}}, {name: {"net": 3}}]
    assert table({"filter": {"field": f'["{name}"].net', "greater": 2}}, rows=rows) == rows[1:]
    with pytest.raises(ColumnUnknown):
        table({"filter": {"field": f'["{name}x"]', "exists": True}}, rows=rows)


def test_rows_alike_are_kept_once() -> None:
    assert column("name", {"unique": ["kind"]}) == ["Assam", "Bancha"]
    assert table({"unique": []}, rows=[{"a": 1}, {"a": 1}]) == [{"a": 1}]


def test_a_table_without_rows_stays_one() -> None:
    assert table({"limit": 3}, {"unique": []}, rows=[]) == []
    assert table({"join": {"with": [], "how": "cross"}}) == []


ABSENT: list[tuple[list[dict[str, Any]], list[str], list[Any]]] = [
    ([{"sort": [{"by": "a"}]}], ["a"], []),
    ([{"filter": {"field": "a", "greater": 1}}], ["a"], []),
    ([{"select": ["a", "b"]}], ["a", "b"], []),
    ([{"rename": {"a": "b"}}, {"unique": ["c"]}], ["b", "c"], []),
    ([{"group": {"by": ["a"], "aggregate": {"n": {"column": "b", "function": "sum"}}}}], ["a", "n"], []),
    ([{"pivot": {"rows": ["a"], "columns": "b", "values": "c"}}, {"sort": [{"by": "may"}]}], ["a", "may"], []),
    ([{"join": {"with": [], "on": ["a"], "how": "outer"}}, {"select": ["b"]}], ["b"], []),
    ([{"join": {"with": [{"a": 1, "b": 2}], "on": ["a"]}}], ["a", "b"], []),
    ([{"join": {"with": [{"a": 1, "b": 2}], "on": ["a"], "how": "left"}}], ["a", "b"], []),
    ([{"join": {"with": [{"a": 1}], "on": ["a"], "how": "right"}}, {"sort": [{"by": "b"}]}], ["a", "b"], [[1, None]]),
    ([{"join": {"with": [{"a": 1, "b": 2}], "on": ["a"], "how": "outer"}}], ["a", "b"], [[1, 2]]),
]


@pytest.mark.parametrize(("steps", "columns", "rows"), ABSENT)
def test_a_table_without_rows_has_whatever_column_is_named(
    steps: list[dict[str, Any]], columns: list[str], rows: list[Any]
) -> None:
    made = run(mode="table", table=[], steps=steps)
    assert (made["columns"], [list(row.values()) for row in made["rows"]]) == (columns, rows)


@pytest.mark.parametrize(("how", "rows"), [("left", TEAS), ("outer", TEAS), ("inner", []), ("right", [])])
def test_rows_are_joined_with_a_table_that_has_none(how: str, rows: list[Any]) -> None:
    assert table({"join": {"with": [], "on": ["name"], "how": how}}) == rows


def test_what_a_table_without_rows_would_have_brought_is_null() -> None:
    assert column("pieces", {"join": {"with": [], "on": ["kind"], "how": "left"}}, {"sort": [{"by": "pieces"}]}) == [
        None,
        None,
        None,
    ]


def test_the_shop_of_the_examples_takes_an_answer_without_stock() -> None:
    text = (Path(__file__).parents[3] / "examples" / "shop" / "workflow.yaml").read_text()
    workflow: Any = load_workflow(text, "workflow.yaml").data
    [steps] = [node["config"]["steps"] for node in workflow["nodes"] if node["id"] == "table"]
    steps[0]["join"]["with"] = []
    [row] = table(*steps, rows=[{"id": 1, "name": "Sencha", "category": "green", "price": 4.5}])
    assert row["pieces"] is None


def test_rows_that_are_gone_leave_their_columns() -> None:
    gone = {"filter": {"field": "price", "greater": 100}}
    assert run(mode="table", table=TEAS, steps=[gone])["columns"] == ["name", "kind", "price", "stock"]
    pivot = {"pivot": {"rows": ["name"], "columns": "kind", "values": "stock"}}
    assert run(mode="table", table=TEAS, steps=[gone, pivot, {"sort": [{"by": "green"}]}])["columns"] == [
        "name",
        "green",
    ]
    with pytest.raises(ColumnUnknown):
        table(gone, {"sort": [{"by": "prise"}]})


def test_no_rows_are_one_group_without_by() -> None:
    functions = ("count", "sum", "unique_count", "mean", "max", "first")
    aggregate = {function: {"column": "a", "function": function} for function in functions}
    nothing = {"count": 0, "sum": 0, "unique_count": 0, "mean": None, "max": None, "first": None}
    assert table({"group": {"aggregate": aggregate}}, rows=[]) == [nothing]


@pytest.mark.parametrize(("form", "read"), [("csv", pd.read_csv), ("json", pd.read_json), ("parquet", pd.read_parquet)])
def test_a_table_becomes_the_same_file_every_time(form: str, read: Any) -> None:
    case = Case({"mode": "table", "table": TEAS, "as": form, "path": f"out/teas.{form}"})
    [first], [second] = (run_node(Aggregator(), case).files for _ in range(2))
    assert first == second
    assert list(read(io.BytesIO(first.content))["stock"].fillna(0)) == [3, 0, 9]


def test_nested_and_mixed_values_are_written_as_json() -> None:
    rows = [{"a": {"b": [1]}, "c": 1}, {"a": None, "c": "x"}]
    case = Case({"mode": "table", "table": rows, "as": "parquet", "path": "t.parquet"})
    [file] = run_node(Aggregator(), case).files
    read = pd.read_parquet(io.BytesIO(file.content))
    assert (read["a"][0], list(read["c"])) == ('{"b": [1]}', ["1", "x"])


@pytest.mark.parametrize(
    ("step", "place"),
    [
        ({"filter": {"field": "prize", "greater": 3}}, "filter"),
        ({"group": {"by": ["knd"], "aggregate": {"n": {"column": "name", "function": "count"}}}}, "group"),
        ({"group": {"by": [], "aggregate": {"n": {"column": "nam", "function": "count"}}}}, "group"),
        ({"join": {"with": KINDS, "on": ["kin"]}}, "join"),
        ({"join": {"with": KINDS, "on": ["name"]}}, "join/with"),
        ({"pivot": {"rows": ["name"], "columns": "knd", "values": "price"}}, "pivot"),
        ({"sort": [{"by": "prise"}]}, "sort"),
        ({"select": ["nme"]}, "select"),
        ({"rename": {"nme": "x"}}, "rename"),
        ({"unique": ["nme"]}, "unique"),
    ],
)
def test_a_column_that_is_not_there(step: dict[str, Any], place: str) -> None:
    with pytest.raises(ColumnUnknown) as unknown:
        table({"limit": 9}, step)
    assert unknown.value.place == f"node node_under_test/steps/1/{place}"
    assert "did you mean" in str(unknown.value) or "there is" in str(unknown.value)


NULLS = [{"tea": "a", "month": "null", "kg": 1}, {"tea": "a", "month": None, "kg": 2}]
MANY = [{"n": 1, "at": at} for at in range(1100)]


@pytest.mark.parametrize(
    ("rows", "step", "said"),
    [
        ({"rows": []}, {"limit": 1}, "this is an object"),
        ("x", {"limit": 1}, "this is the text 'x'"),
        ([{"a": 1}, [2]], {"limit": 1}, "row 1 is a list"),
        (TEAS, {"join": {"with": 7, "how": "cross"}}, "this is 7"),
        (TEAS, {"group": {"aggregate": {"n": {"column": "name", "function": "sum"}}}}, "does not hold numbers only"),
        (TEAS, {"group": {"by": ["kind"], "aggregate": {"kind": {"column": "name", "function": "first"}}}}, "'kind'"),
        ([{"id": 1}], {"join": {"with": [{"id": "1"}], "on": ["id"]}}, "text or several kinds of values in the other"),
        (NULLS, {"pivot": {"rows": ["tea"], "columns": "month", "values": "kg"}}, "two columns would be called 'null'"),
        (TEAS, {"rename": {"name": "kind"}}, "two columns would be called 'kind'"),
        (TEAS, {"pivot": {"rows": ["kind"], "columns": "kind", "values": "price"}}, "at once"),
        ([{"a": 1}, {"a": "x"}], {"sort": [{"by": "a"}]}, "the column 'a' holds values that have no order"),
        ([{"a": {}}, {"a": {}}], {"sort": [{"by": "a"}]}, "the column 'a' holds values that have no order"),
        ([{"id": 1}], {"join": {"with": [{"id": "9007199254740993"}], "on": ["id"]}}, "text or several kinds"),
        ([{"id": True}], {"join": {"with": [{"id": 1}, {"id": "x"}], "on": ["id"]}}, "text or several kinds"),
        ([{"id": 1}], {"join": {"with": [{"id": 1}, {"id": True}], "on": ["id"]}}, "text or several kinds"),
        (MANY, {"join": {"with": MANY, "how": "cross"}}, "1210000 rows"),
        (MANY, {"join": {"with": MANY, "on": ["n"]}}, "1210000 rows"),
        (TEAS, {"filter": {"field": "name", "greater": 3}}, "cannot be compared"),
    ],
)
def test_what_cannot_be_done_says_where(rows: Any, step: dict[str, Any], said: str) -> None:
    with pytest.raises((TableInvalid, ConditionFailed, ColumnUnknown)) as refusal:
        table(step, rows=rows)
    assert said in str(refusal.value)
    assert "node node_under_test" in str(refusal.value)


@pytest.mark.parametrize(
    "config",
    [
        {"mode": "merge", "values": [{}, [1]]},
        {"mode": "concat", "values": [[1], "x"]},
        {"mode": "concat", "values": [[1], [2]], "separator": ","},
    ],
)
def test_values_that_do_not_go_together(config: dict[str, Any]) -> None:
    with pytest.raises(TableInvalid):
        run(**config)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"mode": "sum"}, "'merge'"),
        ({"mode": "merge"}, "needs 'values'"),
        ({"mode": "merge", "values": []}, "at least 1"),
        ({"mode": "table", "values": [1]}, "needs 'table'"),
        ({"mode": "table", "table": None}, "missing or null"),
        ({"mode": "table", "table": [], "values": [1]}, "'values' does not go with"),
        ({"mode": "first", "values": [1], "as": "csv"}, "'as' does not go with"),
        ({"mode": "table", "table": [], "as": "csv"}, "these need it"),
        ({"mode": "table", "table": [], "path": "x"}, "'path' goes with"),
        ({"mode": "table", "table": [], "steps": [{}]}, "give one of filter"),
        ({"mode": "table", "table": [], "steps": [{"limit": 1, "unique": []}]}, "give one of filter"),
        ({"mode": "table", "table": [], "steps": [{"query": "x"}]}, "Extra inputs"),
        ({"mode": "table", "table": [], "steps": [{"join": {"with": []}}]}, "'on' goes with"),
        ({"mode": "table", "table": [], "steps": [{"join": {"with": [], "how": "cross", "on": ["a"]}}]}, "'on' goes"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(config: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Aggregator.config_model.model_validate(config)
    assert said in str(refusal.value)
