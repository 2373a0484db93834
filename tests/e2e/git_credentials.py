"""Git credentials as the Prefect UI makes them."""

from typing import Any

from tests.e2e.prefect_server import PrefectServer


def make_credentials(stack: PrefectServer, name: str, username: str, password: str) -> None:
    make_block(stack, "repomill-git-credentials", name, {"username": username, "password": password})


def make_block(stack: PrefectServer, slug: str, name: str, data: dict[str, Any]) -> None:
    kind = stack.get(f"/block_types/slug/{slug}")
    [schema] = stack.post("/block_schemas/filter", block_schemas={"block_type_id": {"any_": [kind["id"]]}})
    stack.post("/block_documents/", name=name, data=data, block_type_id=kind["id"], block_schema_id=schema["id"])
