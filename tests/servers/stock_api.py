"""A small HTTP API with an OpenAPI document: how many pieces of each product are in stock, for those with a token."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from tests.servers.processes import LOOPBACK
from tests.servers.waiting import wait_until

TOKEN = "stock-token-of-tests"

Bearer = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]


class Level(BaseModel):
    """Pieces of one product."""

    id: int
    pieces: int


@dataclass
class StockApi:
    """The running service; `asked` counts what it answered."""

    url: str = ""
    asked: list[str] = field(default_factory=list)


@contextmanager
def stock_api(levels: Mapping[int, int]) -> Iterator[StockApi]:
    """Run the service for the length of the block."""
    api = StockApi()
    config = uvicorn.Config(_app(api, levels), host=LOOPBACK, port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started)
        api.url = f"http://{LOOPBACK}:{server.servers[0].sockets[0].getsockname()[1]}"
        yield api
    finally:
        server.should_exit = True
        thread.join()


def _app(api: StockApi, levels: Mapping[int, int]) -> FastAPI:
    app = FastAPI(title="Stock")

    @app.get("/stock", operation_id="listStock")
    def list_stock(credentials: Bearer) -> list[Level]:
        if credentials.credentials != TOKEN:
            raise HTTPException(401, "unknown token")
        api.asked.append("listStock")
        return [Level(id=product, pieces=pieces) for product, pieces in levels.items()]

    return app
