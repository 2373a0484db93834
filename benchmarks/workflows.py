"""Validation and planning of a workflow of 1,000 nodes; the peer only asks Jinja2 which names its templates use."""

from itertools import count

from jinja2 import Environment
from jinja2.meta import find_undeclared_variables

from benchmarks.measure import pair
from repomill.workflow.plan import plan
from repomill.workflow.validation import validate

NODES = 1_000


def main() -> None:
    runs = count()
    validated = pair(lambda: validate(make_workflow(next(runs)), "spec.yaml"), lambda: read_names(next(runs)), 3)
    print(validated.line(f"validate {NODES} nodes", "Jinja2 names of the templates"))
    spec = validate(make_workflow(0), "spec.yaml")
    planned = pair(lambda: plan(spec).order, lambda: read_names(0), 3)
    print(planned.line(f"plan {NODES} nodes", "the same"))


def make_workflow(run: int) -> str:
    """Write a chain of nodes; `run` makes every text a new one, so that nothing is remembered from the run before."""
    lines = ["apiVersion: repomill/v1", "name: chain", "inputs: {properties: {name: {type: string}}}", "nodes:"]
    for number in range(NODES):
        lines.append(f"- {{id: n{number}, type: file_generation, config: {{files: [")
        lines.append(f"    {{path: src/m{number}.md, content: '{template(number, run)}'}}]}}}}")
    lines.append("edges:")
    lines += [f"- {{from: n{number}, to: n{number + 1}}}" for number in range(NODES - 1)]
    return "\n".join(lines)


def template(number: int, run: int) -> str:
    before = f"{{{{ nodes.n{number - 1}.output.files[0] }}}}" if number else "nothing"
    return f"# {{{{ inputs.name }}}}, module {number} of run {run}, after {before}"


def read_names(run: int) -> None:
    environment = Environment()
    for number in range(NODES):
        find_undeclared_variables(environment.parse(template(number, run)))
