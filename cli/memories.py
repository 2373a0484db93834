"""`repomill memory`: what agents remember of conversations."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import Format, FormatOption, as_json_line, print_list, print_rows, print_text, say
from cli.services import opened, query, run_async

if TYPE_CHECKING:
    from repomill.memory.turns import Turn
    from storage.database.models import MemoryTurn

app = typer.Typer(help="What agents remember of conversations.", no_args_is_help=True)

MemoryArgument = Annotated[str, typer.Argument(metavar="MEMORY", help="Its key, its id, or a unique prefix of the id.")]


@app.command("list")
def list_memories(output: FormatOption = Format.TEXT) -> None:
    """List conversations, each with its turns and about how many tokens they take."""
    rows = [
        {
            "id": memory.id,
            "scope": memory.scope.value,
            "key": memory.key,
            "turns": turns,
            "tokens": tokens,
            "updated": memory.updated_at,
        }
        for memory, turns, tokens in query(lambda work: work.memories.list())
    ]
    print_rows(rows, output, empty="No agent remembers anything; `memory:` of an llm node makes it.")


@app.command()
def show(reference: MemoryArgument, output: FormatOption = Format.TEXT) -> None:
    """Print a conversation as it would be gone on with, whole."""
    from repomill.memory.summaries import as_text

    said = _said(reference)
    if output is Format.JSON:
        print_list([_facts(*each) for each in said])
    for _, turn in said if output is Format.TEXT else ():
        print_text(as_text(turn))


@app.command()
def export(reference: MemoryArgument) -> None:
    """Print a conversation as JSON, one turn a line, with those that a summary stands for by now."""
    for each in _said(reference, everything=True):
        print_text(as_json_line(_facts(*each)))


@app.command()
def reset(reference: MemoryArgument) -> None:
    """Forget a conversation; executions that have read it can still be resumed and replayed."""
    from tasks.memories import forget

    async def run() -> str:
        async with opened() as services:
            return await forget(services, reference)

    say(f"Forgot {run_async(run())}.")


def _said(reference: str, *, everything: bool = False) -> "list[tuple[MemoryTurn, Turn]]":
    from storage.database.work import Work
    from tasks.memories import load_turns

    def read(work: Work) -> "list[MemoryTurn]":
        memory = work.memories.resolve(reference)
        return list((work.memories.turns if everything else work.memories.shown)(memory.id))

    async def run() -> "list[tuple[MemoryTurn, Turn]]":
        async with opened() as services:
            rows = await services.database.run(services.scope, read, read_only=True)
            return list(zip(rows, await load_turns(services, rows), strict=True))

    return run_async(run())


def _facts(row: "MemoryTurn", turn: "Turn") -> dict[str, Any]:
    facts = {"number": row.number, "at": row.created_at, "execution": row.root_execution_id, "node": row.node_path}
    return facts | {"summarises": row.summarises, "messages": list(turn.messages)}
