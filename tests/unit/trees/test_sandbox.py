from itertools import count

import pytest

from repomill.canonical import Json
from repomill.errors import ExpressionFailed, RenderingTooLarge
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
