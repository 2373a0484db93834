"""`repomill execution`: runs, their events, and taking them up again."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.output import Format, FormatOption, print_facts, print_rows, print_text, say
from cli.services import opened, query, run_async

app = typer.Typer(help="Runs of workflows.", no_args_is_help=True)

ReferenceArgument = Annotated[str, typer.Argument(metavar="EXECUTION", help="Id, unique prefix of an id, or `latest`.")]


@app.command("list")
def list_executions(
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    output: FormatOption = Format.TEXT,
) -> None:
    """List executions, newest first."""

    def rows(work: Any) -> list[dict[str, Any]]:
        return [_row(work, execution) for execution in work.executions.list(limit)]

    print_rows(query(rows), output, empty="Nothing ran yet; `repomill run SPEC` starts something.")


@app.command()
def show(
    reference: ReferenceArgument,
    everything: Annotated[
        bool, typer.Option("--all", help="A line for each iteration of a loop; JSON always has them.")
    ] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Print one execution with its output, nodes, attempts and model calls."""
    from cli.call_rows import call_rows, folded_call_rows
    from cli.node_rows import folded_rows, rows
    from tasks.run_output import load_output

    is_whole = everything or output is Format.JSON
    of_nodes, of_calls = (rows, call_rows) if is_whole else (folded_rows, folded_call_rows)

    def facts(work: Any) -> dict[str, Any]:
        execution = work.executions.resolve(reference)
        return _row(work, execution) | {
            "root": execution.root_id,
            "inputs": execution.inputs,
            "error": execution.error,
            "attempts": [_attempt(attempt) for attempt in work.executions.attempts(execution.id)],
            "nodes": of_nodes(work.nodes.list(execution.id)),
            "calls": of_calls(work.calls.list(execution.root_id)),
        }

    async def ask() -> dict[str, Any]:
        async with opened() as services:
            found = await services.database.run(services.scope, facts)
            organisation = services.scope.organisation_id
            result = await load_output(services.store, organisation, found["root"], found["id"])
            return found | {"output": result}

    found = run_async(ask())
    if output is Format.JSON:
        print_facts(found, output)
        return
    sections = {name: found.pop(name) for name in ("attempts", "nodes", "calls")}
    print_facts(found, output)
    for name, section in sections.items():
        say("")
        print_rows(section, output, empty=f"No {name}.")


@app.command()
def logs(
    reference: ReferenceArgument,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until the execution ends.")] = False,
    after: Annotated[int, typer.Option(min=0, help="Only events with a higher number.")] = 0,
    everything: Annotated[
        bool, typer.Option("--all", help="Also of iterations that went well; JSON always has them.")
    ] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Print the events of an execution: node by node, what happened when."""
    from cli.follow import print_events

    execution = query(lambda work: work.executions.resolve(reference))
    print_events(execution.id, after=after, follow=follow, output=output, everything=everything)


@app.command()
def graph(reference: ReferenceArgument, output: FormatOption = Format.TEXT) -> None:
    """Print an execution's graph as a Mermaid diagram, with the state, time and cost of each node."""
    from repomill.workflow.plan import plan
    from repomill.workflow.spec import WorkflowSpec
    from tasks.run_picture import instances, picture

    def diagram(work: Any) -> dict[str, Any]:
        execution = work.executions.resolve(reference)
        definition = work.workflows.version(execution.workflow_version_id).definition
        compiled = plan(WorkflowSpec.model_validate(definition))
        mermaid = picture(compiled, instances(work, execution.id, execution.root_id))
        return {"id": execution.id, "status": execution.status.value, "mermaid": mermaid}

    found = query(diagram)
    print_text(found["mermaid"]) if output is Format.TEXT else print_facts(found, output)


@app.command()
def cancel(reference: ReferenceArgument) -> None:
    """Ask a running execution to stop; what was paid for is kept."""
    from tasks.cancel import cancel as cancel_execution

    async def stop() -> str:
        async with opened() as services:
            return await cancel_execution(services, reference)

    say(run_async(stop()))


@app.command()
def resume(
    reference: ReferenceArgument,
    spec: Annotated[
        Path | None,
        typer.Option(help="An edited specification: what did not change is not run, nor paid for, again."),
    ] = None,
    deployment: Annotated[bool, typer.Option("--deployment", help="Run it on a worker and follow it.")] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Take an execution up where it stopped; refused while another process works on it."""
    from cli.engine import use_engine
    from tasks.resume import resume_execution

    async def take_up() -> Any:
        async with opened() as services:
            return await resume_execution(services, reference, spec)

    execution = run_async(take_up())  # what cannot be resumed is told before anything is started
    stack = use_engine()
    from cli.launch import Launch, launch

    what = Launch.of(execution)
    launch(what, stack, on_worker=deployment, output=output)


def _row(work: Any, execution: Any) -> dict[str, Any]:
    version = work.workflows.version(execution.workflow_version_id)
    return {
        "id": execution.id,
        "workflow": work.workflows.workflow_of(version).name,
        "version": version.number,
        "status": execution.status.value,
        "mode": execution.mode.value,
        "mocks": execution.use_mocks,
        "created": execution.created_at,
        "completed": execution.completed_at,
    }


def _attempt(attempt: Any) -> dict[str, Any]:
    return {
        "attempt": attempt.number,
        "flow_run": attempt.prefect_flow_run_id,
        "owner": attempt.owner,
        "started": attempt.started_at,
        "ended": attempt.ended_at,
        "outcome": attempt.outcome,
    }
