"""OpenAPI documents for tests, as plain data and as what is read from them."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from repomill.apis.description import ApiDescription
from repomill.apis.gathering import gather
from repomill.apis.reading import describe
from repomill.errors import ApiDocumentUnreadable

ROOT = "https://api.test/openapi.json"


def document(
    paths: Mapping[str, Any], schemas: Mapping[str, Any] | None = None, openapi: str = "3.1.0", **more: Any
) -> dict[str, Any]:
    """Return a document with these paths and shared schemas."""
    stated = {"openapi": openapi, "info": {"title": "Tea", "version": "1"}, "paths": dict(paths), **more}
    return stated | ({"components": {"schemas": dict(schemas)}} if schemas else {})


def get(*parameters: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return a path item with one GET."""
    return {"get": {"parameters": list(parameters), "responses": {"200": {"description": "fine"}}, **more}}


def post(schema: Mapping[str, Any], media_type: str = "application/json", **more: Any) -> dict[str, Any]:
    """Return a path item with one POST."""
    body = {"required": True, "content": {media_type: {"schema": dict(schema)}}}
    return {"post": {"requestBody": body, "responses": {"201": {"description": "made"}}, **more}}


def parameter(name: str, place: str = "query", kind: str = "string", **more: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "schema": {"type": kind}, "required": place == "path", **more}


def read(root: Mapping[str, Any], others: Mapping[str, Any] | None = None, uri: str = ROOT) -> ApiDescription:
    """Return what a document describes; `others` are further documents by URI."""
    known = {uri: root, **(others or {})}

    async def fetch(wanted: str) -> bytes:
        if wanted not in known:
            raise ApiDocumentUnreadable(wanted, "there is none")
        return json.dumps(known[wanted]).encode()

    return describe(asyncio.run(gather(uri, fetch)))
