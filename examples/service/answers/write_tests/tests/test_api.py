import json
import tempfile
import threading
import unittest
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

from flagpost.api import MAX_BODY, create_server, handle, main
from flagpost.flags import Flag, flag_to_json
from flagpost.store import FlagStore


class ApiTestCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.path = Path(folder) / "flags.json"
        self.store = FlagStore(self.path)


class HandleTest(ApiTestCase):
    def test_a_flag_is_created_then_replaced(self) -> None:
        created = handle(self.store, "PUT", "/flags/dark-mode", b'{"rollout": 5}')
        replaced = handle(self.store, "PUT", "/flags/dark-mode", b'{"rollout": 10}')
        self.assertEqual((created.status, replaced.status), (201, 200))
        self.assertEqual(self.store.get("dark-mode"), Flag("dark-mode", 10))

    def test_what_was_read_can_be_put_back(self) -> None:
        self.store.put(Flag("dark-mode", 5, allowed=frozenset({"ada"})))
        read = handle(self.store, "GET", "/flags/dark-mode")
        put = handle(self.store, "PUT", "/flags/dark-mode", json.dumps(read.body).encode())
        self.assertEqual((put.status, put.body), (200, read.body))

    def test_flags_are_listed_and_counted(self) -> None:
        self.store.put(Flag("dark-mode"))
        listed = handle(self.store, "GET", "/flags")
        self.assertEqual(listed.body, {"flags": [flag_to_json(Flag("dark-mode"))]})
        self.assertEqual(handle(self.store, "GET", "/health").body, {"status": "ok", "flags": 1})

    def test_a_decision_says_why(self) -> None:
        self.store.put(Flag("dark-mode", allowed=frozenset({"zoë"})))
        answer = handle(self.store, "GET", "/flags/dark-mode/decision?user=zo%C3%AB")
        expected = {"flag": "dark-mode", "user": "zoë", "enabled": True, "reason": "allowed"}
        self.assertEqual((answer.status, answer.body), (200, expected))

    def test_a_deleted_flag_is_not_found(self) -> None:
        self.store.put(Flag("dark-mode"))
        self.assertEqual(handle(self.store, "DELETE", "/flags/dark-mode").status, 204)
        self.assertEqual(handle(self.store, "GET", "/flags/dark-mode").status, 404)

    def test_bad_requests_change_nothing_and_say_what_is_wrong(self) -> None:
        cases = [
            ("PUT", "/flags/dark-mode", b"{", 400, "JSON"),
            ("PUT", "/flags/dark-mode", b"[" * 50_000, 400, "JSON"),
            ("PUT", "/flags/dark-mode", b'{"rollout": 200}', 400, "rollout"),
            ("PUT", "/flags/dark-mode", b'{"name": "other"}', 400, "path"),
            ("PUT", "/flags/Dark%20Mode", b"{}", 400, "name"),
            ("GET", "/flags/dark-mode/decision", b"", 400, "user"),
            ("GET", "/flags/dark-mode/decision?user=ada", b"", 404, "dark-mode"),
            ("GET", "/elsewhere", b"", 404, "/elsewhere"),
            ("POST", "/flags/dark-mode", b"{}", 405, "GET, PUT, DELETE"),
        ]
        for method, target, body, status, named in cases:
            with self.subTest(method=method, target=target, body=body[:20]):
                answer = handle(self.store, method, target, body)
                self.assertEqual(answer.status, status)
                self.assertIn(named, str(answer.body))
        self.assertEqual(self.store.list_flags(), ())

    def test_a_change_that_cannot_be_written_is_the_servers_fault(self) -> None:
        self.path.mkdir()  # a folder stands where the file should go
        with self.assertLogs("flagpost.api", "ERROR"):
            answer = handle(self.store, "PUT", "/flags/dark-mode", b"{}")
        self.assertEqual((answer.status, self.store.list_flags()), (500, ()))


class ServerTest(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        server = self.enterContext(create_server(self.store, port=0))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        self.connection = HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        self.addCleanup(self.connection.close)

    def ask(
        self, method: str, target: str, body: bytes | None = None
    ) -> tuple[HTTPResponse, bytes]:
        self.connection.request(method, target, body)
        response = self.connection.getresponse()
        return response, response.read()

    def test_one_connection_carries_a_whole_conversation(self) -> None:
        self.assertEqual(self.ask("PUT", "/flags/dark-mode", b'{"rollout": 100}')[0].status, 201)
        response, content = self.ask("GET", "/flags/dark-mode/decision?user=ada")
        self.assertEqual(response.headers["Content-Type"], "application/json")
        self.assertIs(json.loads(content)["enabled"], True)
        self.assertEqual(self.ask("DELETE", "/flags/dark-mode")[0].status, 204)
        self.assertEqual(json.loads(self.ask("GET", "/flags")[1]), {"flags": []})

    def test_a_wrong_method_is_told_the_right_ones(self) -> None:
        response, _ = self.ask("PATCH", "/flags/dark-mode", b"{}")
        self.assertEqual((response.status, response.headers["Allow"]), (405, "GET, PUT, DELETE"))

    def test_a_body_that_is_too_large_is_refused_unread(self) -> None:
        self.connection.putrequest("PUT", "/flags/dark-mode")
        self.connection.putheader("Content-Length", str(MAX_BODY + 1))
        self.connection.endheaders()
        response = self.connection.getresponse()
        self.assertEqual((response.status, response.headers["Connection"]), (413, "close"))


class MainTest(ApiTestCase):
    def test_a_broken_file_stops_the_service_before_it_listens(self) -> None:
        self.path.write_text("{", encoding="utf-8")
        self.assertEqual(main(["--data", str(self.path), "--port", "0"]), 1)
