"""The conformance kit finds what breaks its rules: each kind below breaks one."""

import asyncio
import logging
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import ConfigDict, Field

from repomill.calls.ledger import CallKind, Usage
from repomill.calls.sending import Answered
from repomill.errors import SourceMissing
from repomill.nodes.base import Idempotency, NodeConfig, NodeContext, NodeKind, NodeResult
from repomill.testing import Case, NotConforming, conformance
from repomill.trees.tree import TreeFile


class Config(NodeConfig):
    """Configuration of the kinds below."""

    text: Annotated[str, Field(description="What is said.")] = "hello"


class Good(NodeKind[Any]):
    """Says what it is told."""

    name: ClassVar[str] = "good"
    version: ClassVar[int] = 1
    idempotency: ClassVar[Idempotency] = Idempotency.PURE
    config_model = Config

    async def run(self, config: Any, context: NodeContext) -> NodeResult:
        return NodeResult({"text": config.text})


class BadName(Good):
    """Has a name no specification can be read with."""

    name: ClassVar[str] = "Bad Name"


class Undescribed(Good):
    """Has a field nobody explains."""

    class Bare(Config):
        """Configuration."""

        more: str = ""

    config_model = Bare


class Open(Good):
    """Takes any key."""

    class AnyKey(Config):
        """Configuration."""

        model_config = ConfigDict(extra="allow")

    config_model = AnyKey


class NotJson(Good):
    """Hands on what JSON cannot carry back."""

    async def run(self, config: Any, context: NodeContext) -> NodeResult:
        output: Any = {"pair": (1, 2)}
        return NodeResult(output)


class OtherOutput(Good):
    """Promises a field and gives another."""

    def output_schema(self, config: Any) -> Mapping[str, Any]:
        return {"type": "object", "required": ["answer"]}


class SecretWriter(Good):
    """Writes a file without having said so."""

    async def run(self, config: Any, context: NodeContext) -> NodeResult:
        return NodeResult(None, (TreeFile("a", b""),))


class Forgetful(Good):
    """Announces a file that it does not write."""

    def static_paths(self, config: Any) -> tuple[str, ...]:
        return ("README.md",)


class Brancher(Good):
    """Chooses a branch that no edge can name."""

    async def run(self, config: Any, context: NodeContext) -> NodeResult:
        return NodeResult({"text": ""}, branches=("left",))


class Caller(Good):
    """Calls itself pure and asks the network."""

    async def run(self, config: Any, context: NodeContext) -> NodeResult:
        with socket.socket() as asking:
            asking.connect_ex(("127.0.0.1", 9))
        return NodeResult({"text": ""})


class Moody(Good):
    """Calls itself pure and counts its runs."""

    runs = 0

    async def run(self, config: Any, context: NodeContext) -> NodeResult:
        Moody.runs += 1
        return NodeResult({"text": Moody.runs})


class Asking(Good):
    """Asks through the ledger."""

    idempotency: ClassVar[Idempotency] = Idempotency.RECORDED
    asked = 0

    async def run(self, config: Any, context: NodeContext) -> NodeResult:
        async def send() -> Answered:
            self.asked += 1
            return Answered({"text": f"answer {self.asked}"}, Usage())

        return NodeResult(await context.calls.call(CallKind.HTTP, "api", {"q": config.text}, send))


class AroundTheLedger(Caller):
    """Calls itself recorded and asks past the ledger."""

    idempotency: ClassVar[Idempotency] = Idempotency.RECORDED


class Leaky(Good):
    """Names its key in an error."""

    async def run(self, config: Any, context: NodeContext) -> NodeResult:
        raise SourceMissing("main", "key-1234")


class Chatty(Good):
    """Logs its key, at a level that nobody listens to by default."""

    async def run(self, config: Any, context: NodeContext) -> NodeResult:
        logging.getLogger("plugin").info("with key %s", "key-1234")
        return NodeResult({"text": ""})


class Tracing(Good):
    """Logs the traceback of an error that names its key."""

    async def run(self, config: Any, context: NodeContext) -> NodeResult:
        try:
            int("key-1234")
        except ValueError:
            logging.getLogger("plugin").warning("it did not go well", exc_info=True)
        return NodeResult({"text": ""})


class Aside(Good):
    """Logs its key to a logger that tells the root nothing."""

    async def run(self, config: Any, context: NodeContext) -> NodeResult:
        logger = logging.getLogger("plugin.aside")
        logger.propagate = False
        logger.debug("key-1234")
        return NodeResult({"text": ""})


class Stubborn(Good):
    """Takes a cancel for something else."""

    async def run(self, config: Any, context: NodeContext) -> NodeResult:
        for _ in range(100):
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)
        return NodeResult({"text": ""})


class Translator(Good):
    """Turns a cancel into an error of its own making."""

    async def run(self, config: Any, context: NodeContext) -> NodeResult:
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            raise ValueError("stopped") from None
        return NodeResult({"text": ""})


CASE = Case(name="plain", secrets=("key-1234",))


@pytest.mark.parametrize("check", [*conformance(Good(), CASE), *conformance(Asking(), CASE)], ids=str)
def test_a_good_kind_passes(check: Any) -> None:
    check()


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        (BadName, "the declaration is complete"),
        (Undescribed, "every field is described"),
        (Open, "unknown keys are refused"),
        (NotJson, "the output is plain data"),
        (OtherOutput, "the output follows its schema"),
        (SecretWriter, "files are announced"),
        (Forgetful, "files are announced"),
        (Brancher, "branches are announced"),
        (Caller, "a pure kind asks nobody"),
        (Moody, "a pure kind asks nobody"),
        (AroundTheLedger, "a recorded kind asks once"),
        (Leaky, "secrets stay inside"),
        (Chatty, "secrets stay inside"),
        (Tracing, "secrets stay inside"),
        (Translator, "a cancelled node ends"),
        (Translator, "a node out of time ends"),
    ],
)
def test_a_kind_that_breaks_a_rule_is_told_which(kind: type[Good], rule: str, socket_enabled: None) -> None:
    [check] = [check for check in conformance(kind(), CASE) if str(check) == f"plain: {rule}"]
    with pytest.raises(NotConforming):
        check()


def test_loggers_that_hand_nothing_on_are_listened_to_and_left_as_they_were() -> None:
    root, aside = logging.getLogger(), logging.getLogger("plugin.aside")
    aside.propagate = False
    before = [(logger.level, list(logger.handlers)) for logger in (root, aside)]
    [check] = [check for check in conformance(Aside(), CASE) if str(check) == "plain: secrets stay inside"]
    with pytest.raises(NotConforming, match="key-1234"):
        check()
    assert [(logger.level, list(logger.handlers)) for logger in (root, aside)] == before


def test_a_kind_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("repomill.testing._stopping.ENDS_WITHIN", 0.3)
    [check] = [check for check in conformance(Stubborn(), CASE) if str(check).endswith("a node out of time ends")]
    with pytest.raises(NotConforming, match="did not end within"):
        check()


TRACED = """
import sys, threading
from tests.unit.nodes.test_conformance_kit import CASE, Good, conformance

for check in conformance(Good(), CASE):
    check()

def begin_to_trace():
    for _ in range(5000):
        sys.settrace(None)

sys.setswitchinterval(1e-6)
threads = [threading.Thread(target=begin_to_trace) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_threads_can_be_traced_after_the_kit_ran() -> None:
    """Audit hooks cannot be taken away, and CPython before 3.12 lets threads fail that are traced while one runs.

    https://github.com/python/cpython/issues/98257
    """
    done = subprocess.run([sys.executable, "-c", TRACED], check=True, capture_output=True, text=True)
    assert not done.stderr


def test_no_case_is_no_test() -> None:
    with pytest.raises(ValueError, match="at least one case"):
        conformance(Good())
