"""A server that speaks the protocols of model providers, counts what it is asked and misbehaves on demand.

In a test:            with model_server(lambda asked: "hello") as server: server.base_url, server.requests
In its own process:   python -m tests.servers.model_server --port 0 --answers answers.json --count-file count.jsonl

The answers file is a list; the first entry whose `contains` occurs in the prompt answers, `times` bounds how often:
[{"contains": "plan", "reply": {"modules": []}}, {"status": 503, "times": 2}, {"delay": 0.1}]
Whatever no entry answers gets text, or an object made from the JSON Schema that was sent along.
"""

import argparse
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil

from repomill.canonical import digest
from tests.servers.protocols import OUTPUT, PROTOCOLS, Protocol, Words, protocol_of
from tests.servers.schema_example import example_of
from tests.servers.streams import stream_of


@dataclass(frozen=True)
class Asked:
    """One request as it came in; `number` counts from 1."""

    number: int
    body: dict[str, Any]
    headers: Mapping[str, str]
    path: str = "/v1/chat/completions"
    protocol: Protocol = PROTOCOLS[0]

    @property
    def digest(self) -> str:
        return digest(self.body)

    @property
    def prompt(self) -> str:
        """All that was said so far, system prompt and repairs included."""
        return "\n".join(str(message.get("content") or "") for message in self.body.get("messages", ()))

    @property
    def schema(self) -> dict[str, Any] | None:
        """The JSON Schema of the tool call that is asked for; None when text is."""
        schema: dict[str, Any] | None = self.protocol.functions(self.body).get(OUTPUT)
        return schema


@dataclass(frozen=True)
class Reply:
    """What to answer; the defaults are a good answer.

    `reply` is text, or the arguments of the tool call, and made up when None. `drop` closes the connection instead:
    "before" the request is read or "after". `hang` keeps it open until the server stops. `raw` is sent as the body.
    """

    reply: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    finish_reason: str = ""
    refusal: str | None = None
    delay: float = 0.0
    hang: bool = False
    drop: str = ""
    raw: str | None = None
    pause: float = 0.0
    """Seconds between the events of a stream."""
    cut: bool = False
    """Whether a stream ends in the middle."""
    tail: str = ""
    """What a stream that is cut says last, as it is."""
    calls: Sequence[tuple[str, Any]] = ()
    """Functions to be called, with their arguments."""
    counts: bool = True
    """Whether it tells how many tokens were used."""


Answer = Callable[[Asked], Any]
"""Gives a `Reply`, or just its `reply`."""


class ModelServer:
    """The running server; `requests` holds all that was asked, in order."""

    def __init__(self, answer: Answer, port: int = 0, count_file: Path | None = None) -> None:
        self.requests: list[Asked] = []
        self.stopping = threading.Event()
        self._answer = answer
        self._count_file = count_file
        self._lock = threading.Lock()
        self._http = _Http(("127.0.0.1", port), self)
        self.base_url = f"http://127.0.0.1:{self._http.server_port}/v1"

    def serve(self) -> None:
        self._http.serve_forever(poll_interval=0.02)

    def stop(self) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()

    def is_left_alone(self) -> bool:
        """Tell whether nobody is connected: whatever was ever sent has been taken."""
        connections = psutil.Process().net_connections(kind="tcp")
        closed = {psutil.CONN_LISTEN, psutil.CONN_TIME_WAIT}
        return all(each.laddr.port != self._http.server_port or each.status in closed for each in connections)

    def take(self, body: dict[str, Any], headers: Mapping[str, str], path: str) -> Asked:
        with self._lock:
            protocol = protocol_of(path) or PROTOCOLS[0]
            asked = Asked(len(self.requests) + 1, body, headers, path, protocol)
            self.requests.append(asked)
            if self._count_file is not None:
                with self._count_file.open("a", encoding="utf-8") as file:
                    file.write(
                        json.dumps({"number": asked.number, "digest": asked.digest, "prompt": asked.prompt}) + "\n"
                    )
        return asked

    def reply(self, asked: Asked) -> Reply:
        given = self._answer(asked)
        return given if isinstance(given, Reply) else Reply(given)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], model_server: ModelServer) -> None:
        super().__init__(address, _Handler)
        self.model_server = model_server

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that are killed leave broken connections behind."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else a body waits until its headers are acknowledged, 40 ms
    server: _Http

    def do_GET(self) -> None:
        """List models, in every protocol's way at once; `Reply.raw` is another list."""
        asked = self.server.model_server.take({}, dict(self.headers), self.path)
        reply = self.server.model_server.reply(asked)
        if reply.status != 200:
            self._send(reply.status, reply.headers, json.dumps(asked.protocol.error(reply.status, reply.reply)))
        else:
            names = ["gpt-4o-mini", "another"]
            listed = {
                "data": [{"id": name} for name in names],
                "models": [{"name": f"models/{each}"} for each in names],
            }
            self._send(200, reply.headers, json.dumps(listed) if reply.raw is None else reply.raw)

    def do_POST(self) -> None:
        server = self.server.model_server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked = server.take(body, dict(self.headers), self.path)
        reply = server.reply(asked)
        if reply.delay or reply.hang:
            server.stopping.wait(None if reply.hang else reply.delay)
        if reply.drop or reply.hang:
            self._drop()
        elif protocol_of(self.path) is None:
            self._send(404, {}, json.dumps({"error": {"message": f"no route {self.path}"}}))
        elif reply.raw is not None:
            self._send(reply.status, reply.headers, reply.raw)
        elif reply.status != 200:
            self._send(reply.status, reply.headers, json.dumps(asked.protocol.error(reply.status, reply.reply)))
        elif body.get("stream") or ":streamGenerate" in self.path:
            self._stream(asked.protocol.name, _completion(asked, reply), reply)
        else:
            self._send(200, reply.headers, json.dumps(_completion(asked, reply)))

    def _stream(self, protocol: str, completion: dict[str, Any], reply: Reply) -> None:
        self.send_response(200)
        for name, value in {"Content-Type": "text/event-stream", "Connection": "close", **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        for event in stream_of(protocol, completion, cut=reply.cut):
            self.wfile.write(event)
            self.wfile.flush()
            self.server.model_server.stopping.wait(reply.pause)
        self.wfile.write(reply.tail.encode())
        self.close_connection = True

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, status: int, headers: Mapping[str, str], text: str) -> None:
        content = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
        """Say nothing."""


def _completion(asked: Asked, reply: Reply) -> dict[str, Any]:
    seed = digest(asked.prompt)[7:15]
    text, calls = _said(asked, reply, seed)
    numbered = [(f"call_{seed}_{asked.number}_{index}", *call) for index, call in enumerate(calls)]
    said = json.dumps([text, *map(list, calls)])
    words = Words(
        text=text,
        calls=numbered,
        stop=reply.finish_reason,
        refusal=reply.refusal,
        input_tokens=len(asked.prompt) // 4 + 1 if reply.counts else 0,
        output_tokens=len(said) // 4 + 1 if reply.counts else 0,
    )
    completion = asked.protocol.completion(str(asked.number), asked.body.get("model", "model"), words)
    if not reply.counts and asked.protocol.name != "messages":  # whose SDK insists on counts
        completion.update({name: None for name in ("usage", "usageMetadata") if name in completion})
    return completion


def _said(asked: Asked, reply: Reply, seed: str) -> tuple[str | None, Sequence[tuple[str, Any]]]:
    if reply.calls:
        return None, reply.calls
    if asked.schema is None or isinstance(reply.reply, str):
        text = f"Generated text {seed}." if reply.reply is None else reply.reply
        return (text if isinstance(text, str) else json.dumps(text)), ()
    return None, [(OUTPUT, example_of(asked.schema, seed) if reply.reply is None else reply.reply)]


def scripted(entries: list[dict[str, Any]]) -> Answer:
    """Return the answer callable of an answers file."""
    known = {item.name for item in fields(Reply)}
    left = [entry.get("times", -1) for entry in entries]
    lock = threading.Lock()

    def answer(asked: Asked) -> Reply:
        with lock:
            for index, entry in enumerate(entries):
                if entry.get("contains", "") in asked.prompt and left[index] != 0:
                    left[index] -= 1
                    return Reply(**{name: value for name, value in entry.items() if name in known})
        return Reply()

    return answer


@contextmanager
def model_server(answer: Answer = lambda asked: None, port: int = 0) -> Iterator[ModelServer]:
    """Serve on a free port of 127.0.0.1 until the block ends."""
    server = ModelServer(answer, port)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()


def main() -> None:
    """Serve in the foreground; the first line of output is the base URL."""
    parser = argparse.ArgumentParser(description="An OpenAI-compatible server that counts.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--answers", type=Path)
    parser.add_argument("--count-file", type=Path)
    options = parser.parse_args()
    entries = json.loads(options.answers.read_text(encoding="utf-8")) if options.answers else []
    server = ModelServer(scripted(entries), options.port, options.count_file)
    print(server.base_url, flush=True)  # noqa: T201  # how the caller learns the port
    server.serve()


if __name__ == "__main__":
    main()
