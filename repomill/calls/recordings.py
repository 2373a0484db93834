"""Recorded answers in a folder: one readable JSON file per call, made to be kept in Git beside an example."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import uuid4

from pydantic import BaseModel, Field, ValidationError

from repomill.calls._difference import difference, distance
from repomill.calls.ledger import CallKey, CallRequest
from repomill.canonical import Json, digest
from repomill.errors import RecordingUnreadable

RECORDING_FORMAT: Literal[1] = 1


class Recording(BaseModel):
    """One recorded call; `request` is the canonical form whose digest is `request_digest`."""

    format: Literal[1] = RECORDING_FORMAT
    node: str
    ordinal: Annotated[int, Field(ge=1)]
    request_digest: str
    request: Any
    response: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recordings:
    """The folder `<node path>/<ordinal>.json`; a missing folder holds no recordings."""

    folder: Path

    def find(self, key: CallKey) -> Json:
        """Return the recorded response to this very request within the node, or None.

        The file of the same ordinal comes first, so that equal prompts keep their own answers.

        Raises:
            RecordingUnreadable: a file of the node is not a recording.
        """
        same = [found for found in self._of_node(key.node_path) if found.request_digest == key.request_digest]
        same.sort(key=lambda found: (found.ordinal != key.ordinal, found.ordinal))
        return same[0].response if same else None

    def has_any(self) -> bool:
        """Tell whether something is recorded there."""
        return any(self.folder.glob("*/[0-9]*.json"))

    def save(self, call: CallRequest, response: Json) -> None:
        """Write the call's file, whole or not at all; a recording of the same node and ordinal is replaced."""
        path = self._node_folder(call.key.node_path) / f"{call.key.ordinal}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{uuid4().hex}")
        draft.write_text(json.dumps(recording(call, response), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        draft.replace(path)

    def nearest(self, call: CallRequest) -> str:
        """Say in words how the request differs from the recorded one that is most like it."""
        known = sorted(
            self._of_node(call.key.node_path),
            key=lambda found: (found.ordinal != call.key.ordinal, distance(found.request, call.request)),
        )
        if not known:
            return f"Nothing is recorded for this node in {self.folder}."
        changes = difference(known[0].request, call.request)
        return f"Against the recording of call {known[0].ordinal}: {changes}"

    def _of_node(self, node_path: str) -> Iterator[Recording]:
        for path in sorted(self._node_folder(node_path).glob("[0-9]*.json")):
            recording = _read(path)
            if recording.node == node_path:
                yield recording

    def _node_folder(self, node_path: str) -> Path:
        return self.folder / folder_name(node_path)


def recording(call: CallRequest, response: Json) -> dict[str, Json]:
    """Return a call as a file of a recording holds it."""
    return {
        "format": RECORDING_FORMAT,
        "node": call.key.node_path,
        "ordinal": call.key.ordinal,
        "request_digest": call.key.request_digest,
        "request": call.request,
        "response": response,
    }


def folder_name(node_path: str) -> str:
    """Return a folder name every file system takes; a path that had to be changed ends in a part of its digest."""
    plain = re.sub(r"[^a-z0-9_.\[\]-]", "_", node_path)
    if plain == node_path and not plain.startswith(".") and not plain.endswith("."):
        return plain
    return f"{plain.strip('.')}-{digest(node_path)[7:15]}"


def _read(path: Path) -> Recording:
    try:
        recording = Recording.model_validate_json(path.read_bytes())
    except OSError as error:
        raise RecordingUnreadable(str(path), error.strerror or str(error)) from error
    except ValidationError as error:
        raise RecordingUnreadable(str(path), _first(error)) from error
    if digest(recording.request) != recording.request_digest:
        raise RecordingUnreadable(str(path), "its request was edited: request_digest is another one")
    return recording


def _first(error: ValidationError) -> str:
    fault = error.errors()[0]
    place = "/".join(str(part) for part in fault["loc"])
    return f"{place}: {fault['msg']}" if place else fault["msg"]
