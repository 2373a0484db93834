"""The command line: noun, then verb. Modules are light; what is heavy is imported by the command that needs it."""

import typer

from cli import (
    budgets,
    bundles,
    calls,
    credentials,
    databases,
    executions,
    exports,
    limits,
    memories,
    nodes,
    projects,
    retention,
    running,
    sources,
    stacks,
    storage,
    users,
    workflows,
)
from cli.boundary import error_boundary

app = typer.Typer(
    name="repomill",
    help="Turn a workflow specification into a stored, archived and pushed repository, on Prefect.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.command("demo")(running.demo)
app.command("init")(workflows.init)
app.command("run")(running.run)
app.command("up")(stacks.up)
app.command("down")(stacks.down)
app.command("doctor")(stacks.doctor)
app.add_typer(workflows.app, name="workflow")
app.add_typer(nodes.app, name="node")
app.add_typer(executions.app, name="execution")
app.add_typer(calls.app, name="call")
executions.app.command("calls")(calls.list_calls)
executions.app.command("replay")(bundles.replay)
executions.app.add_typer(bundles.app, name="bundle")
app.add_typer(projects.app, name="project")
app.add_typer(exports.app, name="export")
app.command("drift")(exports.drift)
app.add_typer(credentials.app, name="credentials")
app.add_typer(budgets.app, name="budget")
app.command("costs")(budgets.costs)
app.add_typer(sources.app, name="source")
app.add_typer(users.app, name="user")
app.add_typer(limits.app, name="limit")
app.add_typer(memories.app, name="memory")
app.add_typer(databases.app, name="db")
app.add_typer(retention.app, name="retention")
app.add_typer(storage.app, name="storage")


def main() -> None:
    """Run the command line; exit codes: 0 done, 1 run failed, 2 bad input, 3 a person must act."""
    with error_boundary():
        app()
