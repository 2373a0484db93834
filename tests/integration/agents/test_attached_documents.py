"""PDF documents that agents are shown: how each provider is sent them, what they count at most, which are refused."""

from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from repomill.agents.attachments import IMAGE_TOKENS, MOST_FILES, Attachment, attachments, checked
from repomill.agents.pdf import PAGE_TOKENS, PDF, PdfLimits, PdfSize
from repomill.agents.request import ModelChoice
from repomill.agents.runner import AgentRunner
from repomill.agents.source import ModelSource
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import CallState, LedgerMode
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.errors import AttachmentRefused, CallRefused, DocumentsNotTaken, PromptTooLong, RecordingMissing
from repomill.sources import SourceKind
from repomill.trees.tree import TreeFile
from tests.fakes.agent_runs import ROOT, UNREACHABLE, ask, runner_for
from tests.fakes.agent_tools import FilesInMemory, Said, run_llm
from tests.fakes.pdf_documents import encrypted, endless_pdf, layered_pdf, pdf
from tests.servers.model_server import Asked, Reply, model_server

TEAS = pdf("One tea.", "Two teas.")
SHOWN = (Attachment("teas.pdf", TEAS, PDF, PdfSize(2, 17)),)
DATA = b64encode(TEAS).decode()
FILE = {"file_data": f"data:application/pdf;base64,{DATA}", "filename": "filename.pdf"}
GOOGLES = DATA.replace("+", "-").replace("/", "_")

RESPONSES = {"api": "responses", "model": "gpt-5-mini"}
PROVIDERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "chat": ({}, {"type": "file", "file": FILE}),
    "responses": (RESPONSES, {"type": "input_file", **FILE}),
    "azure": ({"kind": "azure", **RESPONSES}, {"type": "input_file", **FILE}),
    "anthropic": (
        {"kind": "anthropic", "model": "claude-opus-4-7"},
        {"type": "document", "source": {"type": "base64", "media_type": PDF, "data": DATA}},
    ),
    "google": (
        {"kind": "google", "model": "gemini-2.5-flash"},
        {"inlineData": {"mime_type": PDF, "data": GOOGLES}},
    ),
}


async def run(reply: Reply, given: dict[str, Any], ledger: MemoryCallLedger | None = None) -> list[Asked]:
    with model_server(lambda _: reply) as server:
        base = server.base_url.removesuffix("/v1") if "kind" in given else server.base_url
        async with runner_for(base, ledger, api_key="sk", **given) as agents:
            await agents.run(ask(attachments=SHOWN))
        return server.requests


async def shown(content: bytes = TEAS, *more: Any, **config: Any) -> Said:
    """Show the file to an `llm` node; its name says nothing."""
    ports = {"node_files": FilesInMemory({"design": [TreeFile("teas", content)]})}
    return await run_llm(lambda _: Reply("Seen."), [], *more, ports=ports, attach=[{"from": "design"}], **config)


def parts(value: Any) -> list[Any]:
    """Return all objects in a body."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(part for each in inner for part in parts(each))]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_document_is_sent_as_the_provider_takes_it(provider: str) -> None:
    given, part = PROVIDERS[provider]
    [asked] = await run(Reply("Two teas."), given)
    assert part in parts(asked.body)
    assert "The document teas.pdf:" in str(asked.body)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_model_that_takes_no_documents_refuses_for_good(provider: str) -> None:
    ledger = MemoryCallLedger(ROOT)
    with pytest.raises(CallRefused, match=r"400.*no documents"):
        await run(Reply("this model takes no documents", status=400), PROVIDERS[provider][0], ledger)
    assert [row.state for row in ledger.rows.values()] == [CallState.RELEASED]


async def test_chat_at_azure_takes_no_documents_and_is_not_asked() -> None:
    ledger = MemoryCallLedger(ROOT)
    async with runner_for(ledger=ledger, kind="azure") as agents:
        with pytest.raises(DocumentsNotTaken, match="Azure takes none in chat"):
            await agents.run(ask(attachments=SHOWN))
    assert ledger.rows == {}


async def test_a_fallback_takes_the_place_of_what_takes_no_documents() -> None:
    with model_server(lambda _: "Two teas.") as server:
        azure = ModelSource(name="main", kind=SourceKind.AZURE, base_url=UNREACHABLE, model="gpt-4o-mini")
        other = ModelSource(name="other", base_url=server.base_url, model="gpt-4o-mini")
        calls = LedgeredCalls(MemoryCallLedger(ROOT), LedgerMode.LIVE)
        async with AgentRunner({"main": azure, "other": other}, calls) as agents:
            answer = await agents.run(ask(attachments=SHOWN, fallback=(ModelChoice("other"),)))
    assert answer.output == {"text": "Two teas."}


async def test_a_document_is_known_by_how_it_begins() -> None:
    said = await shown()
    assert said.requests[0].body["messages"][-1]["content"][1:] == [
        {"type": "text", "text": "The document teas:"},
        {"type": "file", "file": FILE},
    ]


async def test_a_document_counts_the_pictures_and_the_text_of_its_pages() -> None:
    ledger = MemoryCallLedger(ROOT)
    await shown(TEAS, ledger)
    [call] = ledger.requests.values()
    words = 2 * len("One tea.Two teas.")
    most = 2 * (IMAGE_TOKENS + PAGE_TOKENS) + words
    assert most < call.bound.input_tokens < most + 5_000


@pytest.mark.parametrize("written", [pdf, layered_pdf])
async def test_text_counts_twice_however_it_is_written(written: Callable[[str], bytes]) -> None:
    [found] = await checked("n", attachments("n", [TreeFile("a.pdf", written("tea " * 5_000))], []))
    assert found.most_tokens >= IMAGE_TOKENS + 2 * 19_999


async def test_a_document_that_is_longer_than_stated_is_not_sent() -> None:
    with pytest.raises(PromptTooLong):
        await shown(max_input_tokens=2 * IMAGE_TOKENS)


async def test_the_kept_request_names_a_document_by_its_digest() -> None:
    ledger = MemoryCallLedger(ROOT)
    await shown(TEAS, ledger)
    [call] = ledger.requests.values()
    kept = {"type": PDF, "digest": f"sha256:{sha256(TEAS).hexdigest()}", "size": len(TEAS)}
    assert kept in parts(call.request)


async def test_a_recorded_answer_about_a_document_is_replayed_for_it_alone(tmp_path: Path) -> None:
    await shown(TEAS, None, LedgerMode.REPLAY, folder=tmp_path)
    replayed = await shown(TEAS, None, LedgerMode.REPLAY, folder=tmp_path)
    assert (replayed.result.output, replayed.requests) == ({"text": "Seen."}, [])
    with pytest.raises(RecordingMissing):
        await shown(pdf("Another."), None, LedgerMode.STRICT, folder=tmp_path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (encrypted(TEAS, "tea"), "it is encrypted"),
        (encrypted(TEAS, ""), "it is encrypted"),
        (b"%PDF-1.7\nnothing", "it cannot be read as a PDF"),
        (TEAS[:200], "it cannot be read as a PDF"),
        (pdf(), "it has no pages"),
        (pdf(*["tea"] * (MOST_FILES + 1)), "it has 101 pages"),
        (pdf(*["tea"] * (MOST_FILES + 1), count=1), "it has 101 pages"),
    ],
    ids=["encrypted", "encrypted without password", "broken", "cut", "empty", "long", "lying"],
)
async def test_what_no_provider_could_take_ends_the_node_before_the_model_is_asked(content: bytes, told: str) -> None:
    with pytest.raises(AttachmentRefused, match=f"teas cannot be attached: {told}"):
        await shown(content)


@pytest.mark.parametrize(
    ("content", "limits", "told"),
    [
        (endless_pdf(), PdfLimits(seconds=1), "took longer than 1 seconds"),
        (TEAS, PdfLimits(memory=30 << 20), "cannot be read"),
    ],
    ids=["endless", "much memory"],
)
async def test_reading_a_document_is_bounded(content: bytes, limits: PdfLimits, told: str) -> None:
    with pytest.raises(AttachmentRefused, match=told):
        await checked("n", attachments("n", [TreeFile("a.pdf", content)], []), limits)


async def test_each_page_counts_as_a_file() -> None:
    files = [TreeFile("a.pdf", pdf(*["tea"] * 60)), TreeFile("b.txt", b"tea"), TreeFile("c.pdf", pdf(*["tea"] * 40))]
    with pytest.raises(AttachmentRefused, match=r"c\.pdf.*each page of a PDF"):
        await checked("n", attachments("n", files, []))
    assert [each.pictures for each in await checked("n", attachments("n", files[:2], []))] == [60, 0]
