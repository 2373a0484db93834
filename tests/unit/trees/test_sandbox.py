from itertools import count

import pytest
from jinja2.filters import FILTERS as JINJA_FILTERS

from repomill.canonical import Json
from repomill.errors import ExpressionFailed, RenderingTooLarge
from repomill.trees._filters import FILTERS
from repomill.trees.rendering import Limits, evaluate, render_text

SCOPE: dict[str, Json] = {
    "plan": {"modules": ["api", "db"], "items": "mine", "rows": [{"k": 1, "v": 2}, {"k": 1, "v": 3}]},
    "name": "Billing API",
    "n": 3,
}
CHARACTERS = 100_000
FAST = Limits(CHARACTERS, seconds=0.3)


def failure(source: str) -> ExpressionFailed:
    with pytest.raises(ExpressionFailed) as caught:
        render_text(source, SCOPE, "file", Limits(CHARACTERS))
    return caught.value


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ plan.modules[1] }} {{ plan['items'] }} {{ plan.items }}", "db mine mine"),
        ("{{ name|slug }} {{ name|snake_case }} {{ name|pascal_case }}", "billing-api billing_api BillingApi"),
        ("{{ '2fa code'|snake_case }} {{ '2fa'|pascal_case }}", "_2_fa_code _2Fa"),
        (
            "{% for m in plan.modules %}{{ loop.index }}{{ m }}{{ ',' if not loop.last else '' }}{% endfor %}",
            "1api,2db",
        ),
        ("{% for m in plan.modules %}{{ loop.cycle('a', 'b') }}{{ loop.length }}{% endfor %}", "a2b2"),
        ("{{ {'b': 1, 'a': ['é', '<']}|tojson }}", '{"a": ["é", "<"], "b": 1}'),
        ("{{ [1]|tojson(indent=2) }}", "[\n  1\n]"),
        ("{{ plan.modules|map('upper')|join('-') }}", "API-DB"),
        ("{{ plan.rows|sum('v') }} {{ plan.rows|map(attribute='k')|list }}", "5 [1, 1]"),
        ("{% for g in plan.rows|groupby('k') %}{{ g.grouper }}:{{ g.list|length }}{% endfor %}", "1:2"),
        ("{{ '%03d %s'|format(n, name) }}", "003 Billing API"),
        ("{{ 'a,b'|split(',')|last }} {{ name is startswith 'Bill' }} {{ name is endswith 'x' }}", "b True False"),
        ("{{ absent|default('d') }}{{ plan.absent|default(1) }}{{ absent is defined }}", "d1False"),
        ("{% set ns = namespace(x=0) %}{% for i in range(4) %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}", "6"),
        ("{% macro hi(x) %}hi {{ x }}{% endmacro %}{{ hi(n) }}{% set t %}!{% endset %}{{ t }}", "hi 3!"),
        ("{{ 'x' * 3 }}{{ 2 ** 10 }}{{ 7 % 4 }}{{ [1] + [2] }}{{ 1 ~ 'a' }}", "xxx10243[1, 2]1a"),
        ("{{ 'aXa'|replace('a', 'b') }}{{ ' x '|trim }}{{ 'a\nb'|indent(2) }}{{ 'x'|center(3) }}|", "bXbxa\n  b x |"),
        (
            "{{ 'aa bb'|wordwrap(2) }} {{ '<'|e }} {{ 3.14159|round(2) }} {{ [1]|batch(2)|list }}",
            "aa\nbb &lt; 3.14 [[1]]",
        ),
        ("ends with a newline\n", "ends with a newline\n"),
        ("<{{ '<b>' }}>", "<<b>>"),
    ],
)
def test_a_template_renders_plain_data(source: str, text: str) -> None:
    assert render_text(source, SCOPE, "file") == text


LEFT_OUT = {"attr", "random", "pprint", "safe", "forceescape", "urlize", "xmlattr", "striptags"}
EVERY_FILTER = [
    ("abs", "{{ -1 | abs }}", "1"),
    ("batch", "{{ [1, 2, 3] | batch(2, 0) | list }}", "[[1, 2], [3, 0]]"),
    ("capitalize", "{{ 'aB' | capitalize }}", "Ab"),
    ("center", "{{ 'a' | center(3) }}", " a "),
    ("count", "{{ [1, 2] | count }}", "2"),
    ("d", "{{ none | d('x', true) }}", "x"),
    ("default", "{{ absent | default('x') }}", "x"),
    ("dictsort", "{{ {'b': 1, 'a': 2} | dictsort }}", "[('a', 2), ('b', 1)]"),
    ("e", "{{ '<' | e }}", "&lt;"),
    ("escape", "{{ '<' | escape }}", "&lt;"),
    ("filesizeformat", "{{ 2000 | filesizeformat }}", "2.0 kB"),
    ("first", "{{ [1, 2] | first }}", "1"),
    ("float", "{{ '1.5' | float }}", "1.5"),
    ("format", "{{ '%s-%d' | format('a', 1) }}", "a-1"),
    ("groupby", "{% for k, all in plan.rows | groupby('v') %}{{ k }}{{ all | length }}{% endfor %}", "2131"),
    ("indent", "{{ 'a\nb' | indent(1) }}", "a\n b"),
    ("int", "{{ '7' | int }}", "7"),
    ("items", "{{ {'a': 1} | items | list }}", "[('a', 1)]"),
    ("join", "{{ [1, 'a'] | join('-') }}", "1-a"),
    ("last", "{{ [1, 2] | last }}", "2"),
    ("length", "{{ 'abc' | length }}", "3"),
    ("list", "{{ 'ab' | list }}", "['a', 'b']"),
    ("lower", "{{ 'AB' | lower }}", "ab"),
    ("map", "{{ plan.rows | map(attribute='v') | list }}", "[2, 3]"),
    ("max", "{{ [1, 2] | max }}", "2"),
    ("min", "{{ [1, 2] | min }}", "1"),
    ("pascal_case", "{{ 'a b' | pascal_case }}", "AB"),
    ("reject", "{{ [1, 2] | reject('odd') | list }}", "[2]"),
    ("rejectattr", "{{ plan.rows | rejectattr('v', 'odd') | map(attribute='v') | list }}", "[2]"),
    ("replace", "{{ 'aa' | replace('a', 'b', 1) }}", "ba"),
    ("reverse", "{{ [1, 2] | reverse | list }}", "[2, 1]"),
    ("round", "{{ 1.25 | round(1, 'floor') }}", "1.2"),
    ("select", "{{ [1, 2] | select('odd') | list }}", "[1]"),
    ("selectattr", "{{ plan.rows | selectattr('v', 'odd') | map(attribute='v') | list }}", "[3]"),
    ("slice", "{{ [1, 2, 3] | slice(2) | list }}", "[[1, 2], [3]]"),
    ("slug", "{{ 'A b' | slug }}", "a-b"),
    ("snake_case", "{{ 'A b' | snake_case }}", "a_b"),
    ("sort", "{{ [2, 1] | sort }}", "[1, 2]"),
    ("split", "{{ 'a,b' | split(',') }}", "['a', 'b']"),
    ("string", "{{ [1] | string | length }}", "3"),
    ("sum", "{{ plan.rows | sum('v') }}", "5"),
    ("title", "{{ 'a b' | title }}", "A B"),
    ("tojson", "{{ {'b': none, 'a': true} | tojson }}", '{"a": true, "b": null}'),
    ("trim", "{{ ' a ' | trim }}", "a"),
    ("truncate", "{{ 'a b c d' | truncate(5, true, '..', 0) }}", "a b.."),
    ("unique", "{{ [1, 1, 2] | unique | list }}", "[1, 2]"),
    ("upper", "{{ 'ab' | upper }}", "AB"),
    ("urlencode", "{{ 'a b' | urlencode }}", "a%20b"),
    ("wordcount", "{{ 'a b' | wordcount }}", "2"),
    ("wordwrap", "{{ 'aa bb' | wordwrap(2) }}", "aa\nbb"),
]


@pytest.mark.parametrize(("name", "source", "text"), EVERY_FILTER)
def test_every_filter_works(name: str, source: str, text: str) -> None:
    assert f"| {name}" in source
    assert render_text(source, SCOPE, "file") == text


def test_the_filters_are_those_that_the_page_on_expressions_names() -> None:
    added = {"slug", "snake_case", "pascal_case", "split"}
    assert {name for name, _, _ in EVERY_FILTER} == (JINJA_FILTERS.keys() - LEFT_OUT) | added
    assert {name for name, _, _ in EVERY_FILTER} == FILTERS.keys() - {"_each"}


@pytest.mark.parametrize("source", ["{{ [1] | slice(0) | list }}", "{{ [1] | slice(-1) | list }}"])
def test_a_list_has_one_slice_at_least(source: str) -> None:
    assert "slices" in str(failure(source))


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ ''|attr('__class__') }}",
        "{{ [].__class__.__mro__ }}",
        "{{ plan.keys() }}",
        "{{ name.upper() }}",
        "{{ name.format(n) }}",
        "{{ '{0.__class__}'.format(n) }}",
        "{{ '{}'['format'](n) }}",
        "{{ range.__globals__ }}",
        "{{ range }}",
        "{{ [range] }}",
        "{{ [range]|join }}",
        "{{ range|string }}",
        "{{ range ~ '' }}",
        "{{ {'a': namespace()}|tojson }}",
        "{{ lipsum.__globals__ }}",
        "{{ cycler.__init__ }}",
        "{{ joiner }}",
        "{{ dict }}",
        "{{ self }}",
        "{{ self.__init__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ namespace.__init__ }}",
        "{% set ns = namespace() %}{{ ns._Namespace__attrs }}",
        "{% macro m() %}{% endmacro %}{{ m.name }}{{ m._func }}",
        "{% macro m() %}{% endmacro %}{{ m|list }}",
        "{% for i in [1] %}{{ loop }}{% endfor %}",
        "{% for i in [1] %}{{ loop._iterable }}{% endfor %}",
        "{% for i in [1] %}{{ loop.__init__ }}{% endfor %}",
        "{{ plan.rows|map(attribute='__class__')|list }}",
        "{{ plan.modules|map('attr', '__class__')|list }}",
        "{{ plan.modules|map('upper') }}",
        "{{ plan() }}",
        "{{ n() }}",
        "{{ '%s' % name }}",
        "{{ environment }}",
        "{{ plan.modules.append(1) }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
    ],
)
def test_no_python_object_can_be_reached(source: str) -> None:
    assert failure(source).place == "file"


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a' * 10 ** 9 }}",
        "{{ 10 ** 9 * [0] }}",
        "{% set ns = namespace(x='ab') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% set ns = namespace(x='ab') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = {'a': ns.x, 'b': ns.x} %}{% endfor %}",
        "{% set ns = namespace(x=1) %}{% for i in range(60) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}",
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}A{% endmacro %}{{ f(50) }}",
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{% for i in range(99999) %}" + "x" * 999 + "{% endfor %}",
        "{% macro f() %}{% for i in range(99999) %}" + "x" * 9999 + "{% endfor %}{% endmacro %}{% set y = f() %}",
        "{{ ('a' * 10000)|replace('a', 'b' * 10000) }}",
        "{{ range(99999)|join('x' * 9999) }}",
        "{{ ('\n' * 1000000)|indent(100) }}",
        "{{ ('x' * 1000000)|list|tojson(indent=16) }}",
        "{{ 'x' * 100001 }}",
    ],
)
def test_a_greedy_template_is_stopped(source: str) -> None:
    with pytest.raises(RenderingTooLarge) as caught:
        render_text(source, SCOPE, "file", FAST)
    assert caught.value.place == "file"


@pytest.mark.parametrize(
    "source",
    [
        "{{ 2 ** 99999999 }}",
        "{% set ns = namespace(x=9) %}{% for i in range(99) %}{% set ns.x = ns.x * ns.x %}{% endfor %}",
        "{{ range(10 ** 8) }}",
        "{{ '%99999d'|format(1) }}",
        "{{ '%*d'|format(99999, 1) }}",
        "{{ 'x'|center(10 ** 9) }}",
        "{{ 'x'|indent(10 ** 9) }}",
        "{{ [1]|batch(10 ** 9, 'x')|list }}",
        "{{ [1]|slice(10 ** 9)|list }}",
        "{{ 1|round(10 ** 9, 'floor') }}",
        "{{ ('x' * 200000)|wordwrap(1) }}",
        "{{ [[1], [2]]|sum(start=[]) }}",
        "{{ [1]|tojson(indent=99999) }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{{ " + "9" * 5000 + " }}",
    ],
)
def test_an_absurd_argument_is_refused(source: str) -> None:
    assert failure(source).reason


@pytest.mark.parametrize(
    ("source", "line", "reason"),
    [
        ("a\n{{ nope }}", 2, "'nope' is undefined"),
        ("a\nb\n{{ plan.nope.x }}", 3, "'dict object' has no attribute 'nope'"),
        ("a\n{% if %}", 2, "Expected an expression, got 'end of statement block'"),
        ("{{ 1 }}\n{{ x | nofilter }}", 2, "No filter named 'nofilter'."),
        ("\n\n{% for i in n %}{% endfor %}", 3, "'int' object is not iterable"),
        ("\n{{ 1 / 0 }}", 2, "division by zero"),
        ("{% macro m() %}\n{{ nope }}{% endmacro %}\n{{ m() }}", 2, "'nope' is undefined"),
        ("{{ name.upper }}", 1, "values have no methods here: write `| upper`"),
        ("{{ nope.upper() }}", 1, "'nope' is undefined"),
        ("{% for i in range(3) %}\n{{ nope }}{% endfor %}", 2, "'nope' is undefined"),
    ],
)
def test_a_fault_names_its_line(source: str, line: int, reason: str) -> None:
    found = failure(source)
    assert (found.place, found.line, found.reason) == ("file", line, reason)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("plan.modules", ["api", "db"]),
        ("n + 1", 4),
        ("plan.modules|map('upper')", ["API", "DB"]),
        ("range(3)", [0, 1, 2]),
        ("(1, {'a': none})", [1, {"a": None}]),
        ("n > 2 and name is startswith('B')", True),
        ("1.5", 1.5),
    ],
)
def test_an_expression_gives_its_value(expression: str, value: object) -> None:
    assert evaluate(expression, SCOPE, "field") == value


@pytest.mark.parametrize(
    "expression", ["nope", "plan.nope", "range", "namespace()", "{1: 2}", "1e308 * 10", "1 }} {{ 2", "'a'|float(nope)"]
)
def test_an_expression_that_gives_no_json_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionFailed):
        evaluate(expression, SCOPE, "field")


def test_time_that_others_take_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """At each look at the clock it is a second later, and the template took next to nothing of it."""
    monkeypatch.setattr("repomill.trees._budget.monotonic", count(1).__next__)
    assert render_text("{% for i in range(100) %}{{ i // 100 }}{% endfor %}", {}, "file", FAST) == "0" * 100
