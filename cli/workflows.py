"""`repomill workflow`: specifications, and the versions that are stored of them."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from cli.output import Format, FormatOption, print_facts, print_rows, print_text, say
from cli.services import opened, query, run_async

if TYPE_CHECKING:
    from repomill.workflow.faults import Fault
    from repomill.workflow.spec import WorkflowSpec

app = typer.Typer(help="Workflow specifications and their stored versions.", no_args_is_help=True)

SpecArgument = Annotated[Path, typer.Argument(metavar="SPEC", help="A specification, JSON or YAML.")]
ReferenceArgument = Annotated[
    str, typer.Argument(metavar="WORKFLOW", help="Name, id, unique prefix of an id, or `latest`.")
]


def init(folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is new or empty.")]) -> None:
    """Write a starter workflow into a folder."""
    import shutil

    from deployments.examples import example_folder
    from repomill.errors import DestinationExists

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DestinationExists(str(folder))
    shutil.copytree(example_folder("starter"), folder, dirs_exist_ok=True)
    say(f"Wrote {folder}. Next: repomill workflow validate {folder / 'workflow.yaml'}")


@app.command()
def validate(
    spec: SpecArgument,
    worst_case: Annotated[
        bool, typer.Option("--bound", help="Also say how many nodes, model calls and dollars a run comes to at most.")
    ] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Find every fault of a specification, and where a Prefect API is up missing blocks and too small a budget."""
    from repomill.errors import WorkflowInvalid
    from repomill.workflow.bound import bound
    from tasks.intake import read_specification

    try:
        _, workflow = read_specification(spec)
    except WorkflowInvalid as error:
        if output is Format.JSON:
            print_facts({"faults": [asdict(cast("Fault", fault)) for fault in error.faults]}, output)
        raise
    facts: dict[str, Any] = {"workflow": workflow.name, "nodes": len(workflow.nodes), "faults": []}
    if worst_case:
        most = bound(workflow)
        facts |= {"most_node_instances": most.nodes, "most_model_calls": most.model_calls}
    _print_with_blocks(workflow, facts, output, worst_case=worst_case)


def _print_with_blocks(workflow: "WorkflowSpec", facts: dict[str, Any], output: Format, *, worst_case: bool) -> None:
    """Add what blocks tell, where a Prefect API is up: which are missing, and what a run costs at most.

    Raises:
        SourceMissing: for the first that is missing.
        BoundExceedsBudget, CostUnbounded: the workflow's budget does not hold what a run may cost.
    """
    from cli.engine import engine_if_up

    if not workflow.sources or engine_if_up() is None:
        print_facts(facts, output)
        if workflow.sources and worst_case:
            say(
                "What that costs is told where a Prefect API is up: its blocks say where models are, and at what price."
            )
        return
    from repomill.workflow.cost_bound import cost_bound, require_affordable
    from repomill.workflow.plan import plan
    from tasks.sources import block_of, load_sources, missing_sources, require_sources

    compiled, found = plan(workflow), run_async(load_sources(workflow))
    facts["missing_blocks"] = [block_of(workflow, name) for name in missing_sources(compiled, found)]
    worst = cost_bound(workflow, found)
    if worst_case:
        facts |= {"most_cost_usd": worst.cost, "most_cost_by_node": [str(node) for node in worst.nodes]}
    print_facts(facts, output)
    require_sources(compiled, found)
    require_affordable(workflow, worst)


@app.command()
def schema(
    spec: Annotated[Path | None, typer.Argument(metavar="[SPEC]", help="Print this workflow's inputs.")] = None,
    output: FormatOption = Format.JSON,  # every command that prints data takes it; a schema is JSON
) -> None:
    """Print the JSON Schema of the language, or of one workflow's inputs; always JSON."""
    from repomill.workflow.spec_schema import spec_schema
    from tasks.intake import read_specification

    document: Any = spec_schema() if spec is None else read_specification(spec)[1].inputs
    print_text(json.dumps(document, indent=2, ensure_ascii=False))


@app.command()
def graph(spec: SpecArgument, output: FormatOption = Format.TEXT) -> None:
    """Print a specification's graph: a Mermaid diagram, or as JSON also nodes and edges."""
    from repomill.workflow.mermaid import to_mermaid
    from repomill.workflow.plan import plan
    from tasks.intake import read_specification

    workflow = read_specification(spec)[1]
    diagram = to_mermaid(plan(workflow))
    if output is Format.TEXT:
        print_text(diagram)
        return
    nodes = [{"id": node.id, "type": node.type} for node in workflow.nodes]
    edges = [edge.model_dump(by_alias=True, exclude_none=True) for edge in workflow.edges]
    print_facts({"workflow": workflow.name, "nodes": nodes, "edges": edges, "mermaid": diagram}, output)


@app.command()
def add(spec: SpecArgument, output: FormatOption = Format.TEXT) -> None:
    """Store a version and give the workflow its own Prefect deployment, whose form is the workflow's inputs."""
    from cli.engine import use_engine
    from tasks.intake import read_specification, store_workflow

    read_specification(spec)  # a faulty one is told before anything is started
    stack = use_engine()
    from deployments.workflows import deploy_workflow

    async def store() -> dict[str, Any]:
        async with opened() as services:
            version = await store_workflow(services, spec)
            deployment = await deploy_workflow(services, version)
            facts = {"workflow": deployment.workflow, "version": version.number, "id": version.id}
            return facts | {"deployment": deployment.name, "form": f"{stack.ui_url}/{deployment.form_path}"}

    print_facts(run_async(store()), output)


@app.command("list")
def list_workflows(output: FormatOption = Format.TEXT) -> None:
    """List stored workflows, each with its newest version."""
    found = query(lambda work: work.workflows.list())
    rows = [
        {
            "name": workflow.name,
            "version": version.number,
            "id": version.id,
            "created": version.created_at,
            "description": workflow.description.partition("\n")[0],
        }
        for workflow, version in found
    ]
    print_rows(rows, output, empty="No workflow is stored; `repomill workflow add SPEC` stores one.")


@app.command()
def show(reference: ReferenceArgument, output: FormatOption = Format.TEXT) -> None:
    """Print a stored workflow as it was handed in, or as JSON."""
    version = query(lambda work: work.workflows.resolve(reference))
    if output is Format.TEXT:
        print_text(version.source_text.rstrip("\n"))
    else:
        print_text(json.dumps(version.definition, indent=2, ensure_ascii=False))
