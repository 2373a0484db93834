"""Validation and planning of 1,000 nodes, and how the cost grows; the peer only asks Jinja2 which names are used.

Three times: as a chain; with every tenth node a router, a loop around the others of its ten, or an `on_error: branch`;
and as one router with a branch for each of the others, all of which write one path.
"""

from collections.abc import Callable, Iterator
from itertools import count
from time import process_time

from jinja2 import Environment
from jinja2.meta import find_undeclared_variables

from benchmarks.measure import pair
from repomill.workflow.bound import bound
from repomill.workflow.plan import plan
from repomill.workflow.validation import validate

NODES = 1_000


def main() -> None:
    runs = count()
    for name, make in SHAPES.items():
        compare(name, make, runs)
    for name, make in (("branches and loops", make_branching), ("one path on all branches", make_fan)):
        grow(name, make, runs)


def compare(name: str, make: Callable[[int, int], str], runs: Iterator[int]) -> None:
    """Measure one sort of workflow beside the peer."""
    validated = pair(lambda: validate(make(next(runs), NODES), "spec.yaml"), lambda: read_names(next(runs)), 3)
    print(validated.line(f"validate {NODES} nodes, {name}", "Jinja2 names of the templates"))
    spec = validate(make(0, NODES), "spec.yaml")
    planned = pair(lambda: tuple(plan(spec).all_nodes()), lambda: read_names(0), 3)
    print(planned.line(f"plan {NODES} nodes, {name}", "the same"))
    bounded = pair(lambda: bound(spec), lambda: read_names(0), 3)
    print(bounded.line(f"bound {NODES} nodes, {name}", "the same"))


def grow(name: str, make: Callable[[int, int], str], runs: Iterator[int]) -> None:
    """Print processor time by size: it should double with it."""
    for size in (NODES // 2, NODES, NODES * 2, NODES * 4):
        text = make(next(runs), size)
        began = process_time()
        spec = validate(text, "spec.yaml")
        checked = process_time()
        plan(spec)
        took = f"validated in {checked - began:.3f} s, planned in {process_time() - checked:.3f} s of CPU"
        print(f"{size} nodes, {name}: {took}")


def make_workflow(run: int, size: int) -> str:
    """Write a chain of nodes; `run` makes every text a new one, so that nothing is remembered from the run before."""
    lines = ["apiVersion: repomill/v1", "name: chain", "inputs: {properties: {name: {type: string}}}", "nodes:"]
    for number in range(size):
        lines.append(f"- {{id: n{number}, type: file_generation, config: {{files: [")
        lines.append(f"    {{path: src/m{number}.md, content: '{template(number, run)}'}}]}}}}")
    lines.append("edges:")
    lines += [f"- {{from: n{number}, to: n{number + 1}}}" for number in range(size - 1)]
    return "\n".join(lines)


def make_branching(run: int, size: int) -> str:
    """Write groups of ten, one after the other: a router, a loop around three nodes, and those it chooses among."""
    lines = ["apiVersion: repomill/v1", "name: branching", "inputs: {properties: {name: {type: string}}}", "nodes:"]
    edges = []
    for at in range(size // 10):
        lines.append(f"- {{id: r{at}, type: router, config: {{choose: first, branches: {CHOICES}}}}}")
        lines.append(f"- {{id: l{at}, type: loop, on_error: branch, config: {{for_each: [1, 2], max_iterations: 2,")
        inside = ", ".join(file_node(f"i{number}", f"{at}/{{{{ index }}}}/{number}", run) for number in range(3))
        lines.append(f"    body: {{nodes: [{inside}], edges: [{{from: i0, to: i1}}, {{from: i1, to: i2}}]}}}}}}")
        lines += [f"- {file_node(f'n{at}_{number}', f'{at}/n{number}', run)}" for number in range(5)]
        edges += [f"{{from: r{at}, to: l{at}, branch: a}}", f"{{from: r{at}, to: n{at}_0, branch: b}}"]
        edges += [f"{{from: l{at}, to: n{at}_1}}", f"{{from: l{at}, to: n{at}_2, branch: error}}"]
        edges += [f"{{from: n{at}_{number}, to: n{at}_3}}" for number in range(3)]
        edges += [f"{{from: n{at}_3, to: n{at}_4}}", *([f"{{from: n{at - 1}_4, to: r{at}}}"] if at else [])]
    return "\n".join([*lines, "edges:", *(f"- {edge}" for edge in edges)])


def make_fan(run: int, size: int) -> str:
    """Write one router that takes one of its many branches, and a node on each that writes the same path."""
    named = ", ".join(f"{{name: b{at}, when: '{{{{ inputs.name == {at} }}}}'}}" for at in range(size - 1))
    lines = ["apiVersion: repomill/v1", "name: fan", "inputs: {properties: {name: {type: integer}}}", "nodes:"]
    lines.append(f"- {{id: r, type: router, config: {{choose: first, branches: [{named}]}}}}")
    lines += [f"- {file_node(f'n{at}', 'README', run)}" for at in range(size - 1)]
    return "\n".join([*lines, "edges:", *(f"- {{from: r, to: n{at}, branch: b{at}}}" for at in range(size - 1))])


CHOICES = "[{name: a, when: {value: '{{ inputs.name }}', regex: '^a'}}, {name: b, when: true}]"


def file_node(name: str, path: str, run: int) -> str:
    content = f"# {{{{ inputs.name }}}}, {path.partition('/')[0]} of run {run}"
    return f"{{id: {name}, type: file_generation, config: {{files: [{{path: '{path}', content: '{content}'}}]}}}}"


def template(number: int, run: int) -> str:
    before = f"{{{{ nodes.n{number - 1}.output.files[0] }}}}" if number else "nothing"
    return f"# {{{{ inputs.name }}}}, module {number} of run {run}, after {before}"


def read_names(run: int) -> None:
    environment = Environment()
    for number in range(NODES):
        find_undeclared_variables(environment.parse(template(number, run)))


SHAPES = {"chain": make_workflow, "branches and loops": make_branching, "one path on all branches": make_fan}
