"""`repomill source`: HTTP APIs whose documents were discovered, and whether what blocks name answers."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import Format, FormatOption, print_facts, print_rows, print_text, say
from cli.services import opened, query, run_async

if TYPE_CHECKING:
    from repomill.apis.description import ApiDescription

app = typer.Typer(help="HTTP APIs and their operations; whether sources answer.", no_args_is_help=True)

ApiArgument = Annotated[str, typer.Argument(metavar="API", help="Name of the API.")]


@app.command()
def discover(
    api: ApiArgument,
    document: Annotated[str, typer.Argument(metavar="DOCUMENT", help="A file, a URL, or `artifact:` and a key.")],
    host: Annotated[
        list[str] | None, typer.Option("--host", help="A further host that parts of the document may lie on.")
    ] = None,
    credentials: Annotated[
        str | None,
        typer.Option(metavar="BLOCK", help="A Repomill HTTP API block, for a document that asks for credentials."),
    ] = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Read an OpenAPI document, keep its operations under a name, and say what changed since the last time."""
    if credentials is not None:
        from cli.engine import use_engine

        use_engine()
    from tasks.discovery import discover, discovery_facts, location_of

    async def run() -> Any:
        source = await _api_block(credentials) if credentials is not None else None
        async with opened() as services:
            return await discover(services, api, location_of(document), host or (), source)

    facts = discovery_facts(run_async(run()))
    if output is Format.JSON:
        print_facts(facts, output)
        return
    print_facts({name: value for name, value in facts.items() if not isinstance(value, list)}, output)
    for line in [*facts["changes"], *(f"note: {note}" for note in facts["notes"])]:
        say(str(line))


async def _api_block(block: str) -> Any:
    from repomill.sources import SourceKind
    from tasks.source_checks import named_source

    return await named_source(SourceKind.HTTP, block)


@app.command()
def check(
    block: Annotated[
        str, typer.Argument(metavar="BLOCK", help="Kind of source and name of its block, as `openai/openai`.")
    ],
    output: FormatOption = Format.TEXT,
) -> None:
    """Ask what a block names something harmless: whether it answers, and takes the key. Costs nothing."""
    from cli.engine import use_engine

    use_engine()
    from tasks.source_checks import check_block

    async def run() -> str:
        async with opened() as services:
            return await check_block(services, block)

    print_facts({"block": block, "found": run_async(run())}, output)


@app.command("list")
def list_apis(output: FormatOption = Format.TEXT) -> None:
    """List discovered APIs, each with the newest version of its document."""
    rows = [
        {
            "api": api.name,
            "version": version.number,
            "title": f"{version.title} {version.version}",
            "openapi": version.openapi,
            "looked": api.updated_at,
            "changed": version.created_at,
            "document": version.location,
        }
        for api, version in query(lambda work: work.apis.list())
    ]
    print_rows(rows, output, empty="No API is known; `repomill source discover API DOCUMENT` reads one.")


@app.command()
def show(
    api: ApiArgument,
    operation: Annotated[
        str | None, typer.Argument(metavar="[OPERATION]", help="An operationId, or method and path as one word.")
    ] = None,
    page: Annotated[bool, typer.Option("--page", help="Print the whole page of endpoints as Markdown.")] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Print an API's operations, or what one of them takes."""
    from repomill.apis.page import endpoints_page
    from tasks.api_registry import load_api

    async def run() -> "ApiDescription":
        async with opened() as services:
            return await load_api(services, api)

    description = run_async(run())
    if operation is not None:
        _show_operation(description, api, operation, output)
    elif page:
        print_text(endpoints_page(api, description))
    else:
        rows = [
            {"method": each.method, "path": each.path, "operation": each.name, "summary": each.summary}
            for each in description.operations
        ]
        print_rows(rows, output, empty="The document has no operations.")


def _show_operation(description: "ApiDescription", api: str, reference: str, output: Format) -> None:
    from repomill.apis.arguments import arguments_schema

    found = description.operation(reference, api)
    facts = {
        "operation": found.name,
        "method": found.method,
        "path": found.path,
        "summary": found.summary,
        "answers": sorted(found.responses),
        "arguments": arguments_schema(found, description.definitions),
    }
    print_facts(facts, output)
