"""Git credentials as the Prefect UI makes them."""

from tests.e2e.prefect_server import PrefectServer


def make_credentials(stack: PrefectServer, name: str, username: str, password: str) -> None:
    kind = stack.get("/block_types/slug/repomill-git-credentials")
    [schema] = stack.post("/block_schemas/filter", block_schemas={"block_type_id": {"any_": [kind["id"]]}})
    data = {"username": username, "password": password}
    stack.post("/block_documents/", name=name, data=data, block_type_id=kind["id"], block_schema_id=schema["id"])
