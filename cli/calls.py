"""`repomill execution calls` and `repomill call show`: what was asked, and what came back."""

from typing import Annotated, Any

import typer

from cli.output import Format, FormatOption, print_facts, print_rows, print_text, say
from cli.services import opened, query, run_async

app = typer.Typer(help="Recorded calls.", no_args_is_help=True)


def list_calls(
    reference: Annotated[str, typer.Argument(metavar="EXECUTION", help="Id, unique prefix of an id, or `latest`.")],
    output: FormatOption = Format.TEXT,
) -> None:
    """List the calls of an execution and of those it continues: models, images, HTTP, SQL and tools."""

    def rows(work: Any) -> list[dict[str, Any]]:
        return [_row(call, output) for call in work.calls.list(work.executions.resolve(reference).root_id)]

    print_rows(query(rows), output, empty="It has asked nothing outside yet.")


@app.command()
def show(
    reference: Annotated[str, typer.Argument(metavar="CALL", help="Id of a call, a unique prefix of it, or `latest`.")],
    output: FormatOption = Format.TEXT,
) -> None:
    """Print a whole exchange, request and answer, with every known secret masked."""
    import json

    from cli.known_secrets import known_secrets, reachable_engine
    from repomill.masking import Masker
    from tasks.exchanges import load_exchange

    is_reachable = reachable_engine()

    async def ask() -> dict[str, Any]:
        async with opened() as services:
            found = await load_exchange(services, reference)
            secrets = await known_secrets(services, str(found.call.execution_id), with_blocks=is_reachable)
            facts = _facts(found.call) | {"request": found.request, "response": found.response}
            masked: dict[str, Any] = Masker(secrets).value(facts)
            return masked

    found = run_async(ask())
    if not is_reachable:
        say("No Prefect API is running: keys of blocks are not known and not masked; `repomill up` starts one.")
    if output is Format.JSON:
        print_facts(found, output)
        return
    sides = {name: found.pop(name) for name in ("request", "response")}
    print_facts(found, output)
    for name, side in sides.items():
        say("")
        print_text(f"{name}: {json.dumps(side, indent=2, ensure_ascii=False)}")


def _row(call: Any, output: Format) -> dict[str, Any]:
    return {
        "call": str(call.id) if output is Format.JSON else str(call.id)[:8],
        "node": call.node_path,
        "ordinal": call.ordinal,
        "kind": call.kind.value,
        "source": call.source,
        "model": call.model,
        "state": call.state.value,
        "tokens_in": call.input_tokens,
        "tokens_out": call.output_tokens,
        "cost_usd": call.cost,
        "latency_ms": call.latency_ms,
    }


def _facts(call: Any) -> dict[str, Any]:
    return _row(call, Format.JSON) | {
        "execution": str(call.execution_id),
        "sends": call.sends,
        "request_digest": call.request_digest,
        "created": call.created_at,
        "answered": call.answered_at,
        "error": call.error,
    }
