"""Serves archives and reports of the artefact store over loopback, read-only, so that links in Prefect's UI open.

`python -m deployments.link_server --port 4280`; an object is at `http://127.0.0.1:4280/{key}`.
"""

import argparse
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from deployments._byte_ranges import ByteRange, NotSatisfiable, parse_range
from deployments._media_types import describe
from deployments.environment import LOOPBACK
from repomill.errors import (
    ArtifactKeyInvalid,
    ArtifactMissing,
    ArtifactStoreRefused,
    ArtifactStoreUnavailable,
    SettingInvalid,
)
from repomill.settings import Settings
from storage.artifacts.factory import store_of
from storage.artifacts.port import ArtifactStore

SERVED = re.compile(r"org/[^/]+/(archives|reports)/.+")
"""Finished trees and reports only: prompts, answers and results of calls are nobody's link."""

CHUNK = 1024 * 1024
LOOPBACK_NAMES = (LOOPBACK, "localhost", "[::1]", "::1")
SAFETY = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "Accept-Ranges": "bytes",
}


def make_app(store: ArtifactStore) -> Starlette:
    """Return the server's application; a page that points its own name at loopback (DNS rebinding) is refused."""

    async def serve(request: Request) -> Response:
        key = str(request.scope["path"]).removeprefix("/")  # the route's own parameter drops a line feed at the end
        try:
            return await _answer(store, key, request)
        except (ArtifactMissing, ArtifactKeyInvalid):
            return PlainTextResponse("Not found", 404)
        except (ArtifactStoreUnavailable, ArtifactStoreRefused) as error:
            return PlainTextResponse(str(error), 503)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await store.aclose()

    return Starlette(
        routes=[Route("/health", _health), Route("/{key:path}", serve)],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=LOOPBACK_NAMES, www_redirect=False)],
        lifespan=lifespan,
    )


async def _health(_: Request) -> Response:
    return PlainTextResponse("ok")


async def _answer(store: ArtifactStore, key: str, request: Request) -> Response:
    if not SERVED.fullmatch(key):
        raise ArtifactMissing(key)
    size = await store.size(key)
    headers = SAFETY | describe(key.rpartition("/")[2])
    try:
        wanted = parse_range(request.headers.get("range", ""), size)
    except NotSatisfiable:
        return PlainTextResponse("Range not satisfiable", 416, SAFETY | {"Content-Range": f"bytes */{size}"})
    part = wanted or ByteRange(0, size - 1)
    headers["Content-Length"] = str(part.length)
    if wanted:
        headers["Content-Range"] = f"bytes {part.first}-{part.last}/{size}"
    status = 206 if wanted else 200
    if request.method == "HEAD":
        return Response(None, status, headers)
    return StreamingResponse(_chunks(store, key, part), status, headers)


async def _chunks(store: ArtifactStore, key: str, part: ByteRange) -> AsyncIterator[bytes]:
    for offset in range(part.first, part.last + 1, CHUNK):
        yield await store.get_range(key, offset, min(CHUNK, part.last + 1 - offset))


def _store(settings: Settings) -> ArtifactStore:
    return store_of(settings)


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default=LOOPBACK, choices=[LOOPBACK])
    parser.add_argument("--port", type=int, required=True)
    chosen = parser.parse_args()
    try:
        store = _store(Settings())
    except SettingInvalid as error:
        sys.exit(str(error))
    uvicorn.run(make_app(store), host=chosen.host, port=chosen.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
