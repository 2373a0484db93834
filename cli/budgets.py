"""`repomill budget` and `repomill costs`: what may be spent, and what was."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer

from cli.output import Format, FormatOption, print_rows, print_text, say
from cli.services import opened, run_async
from repomill.calls.budget import Limits, Period

app = typer.Typer(help="What may be spent, by project and day.", no_args_is_help=True)


def _money(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise typer.BadParameter(f"{text!r} is no amount") from error
    if not amount.is_finite() or amount < 0:
        raise typer.BadParameter("an amount is 0 or more")
    return amount


@app.command("set")
def set_(  # noqa: PLR0913, PLR0917  # options of one command
    project: Annotated[str, typer.Argument(metavar="[PROJECT]", help="Name of a project; none for all of them.")] = "",
    period: Annotated[Period, typer.Option(help="All there ever was, or each day (UTC).")] = Period.TOTAL,
    cost: Annotated[Decimal | None, typer.Option(parser=_money, metavar="USD", help="Money, in US dollars.")] = None,
    calls: Annotated[int | None, typer.Option(min=0, help="Calls of models.")] = None,
    tokens: Annotated[int | None, typer.Option(min=0, help="Tokens, in and out.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the budget away.")] = False,
) -> None:
    """Set what a project, or everything together, may spend; a call that could cost more is not made."""
    from tasks.budgets import set_budget

    limits = None if remove else Limits(cost, calls, tokens)

    async def run() -> None:
        async with opened() as services:
            await set_budget(services, project, period, limits)

    run_async(run())
    say("The budget is taken away." if remove else "The budget is set.")


@app.command()
def show(
    project: Annotated[str, typer.Argument(metavar="[PROJECT]", help="Name of a project; none for all.")] = "",
    output: FormatOption = Format.TEXT,
) -> None:
    """Print budgets, what is spent of them, and what calls under way have reserved."""
    from tasks.budgets import show_budgets

    async def run() -> list[dict[str, Any]]:
        async with opened() as services:
            return await show_budgets(services, project)

    print_rows(run_async(run()), output, empty="No budget is set.")


def costs(
    by: Annotated[str, typer.Option(help="project, workflow, model, source, day; several with commas.")] = "project",
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Only from this day on (UTC).")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Print what calls cost, the dearest first."""
    from tasks.costs import CostKey
    from tasks.costs import costs as summed

    try:
        keys = [CostKey(name.strip()) for name in by.split(",")]
    except ValueError as error:
        raise typer.BadParameter(f"{error}; known are {', '.join(CostKey)}", param_hint="--by") from error

    async def run() -> list[dict[str, Any]]:
        async with opened() as services:
            return await summed(services, keys, None if since is None else since.replace(tzinfo=UTC))

    rows = run_async(run())
    if csv:
        print_text(_csv(rows))
        return
    print_rows(rows, output, empty="No call was made.")


def _csv(rows: list[dict[str, Any]]) -> str:
    import csv
    import io

    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue().rstrip("\n")
