"""Image nodes against a server that speaks the images API: files, failures, and what the ledger keeps."""

from decimal import Decimal
from pathlib import Path

import pytest

from repomill.calls.ledger import CallState, LedgerMode, Usage
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.calls.recordings import Recordings
from repomill.errors import (
    CallRefused,
    CallUnavailable,
    CallUncertain,
    ImageInvalid,
    ImageRefused,
    ModelNotNamed,
    RecordingMissing,
    SourceMissing,
)
from repomill.nodes.registry import kind
from repomill.testing import Case, conformance
from repomill.trees.tree import TreeFile
from tests.fakes.agent_runs import ROOT
from tests.fakes.image_runs import PROMPT, OneSource, paint, painter
from tests.servers.image_server import Painted, image_server
from tests.servers.pictures import JPEG, WEBP, png


@pytest.fixture
def ledger() -> MemoryCallLedger:
    return MemoryCallLedger(ROOT)


def one(ledger: MemoryCallLedger) -> tuple[CallState, Usage]:
    [key] = ledger.rows
    return ledger.rows[key].state, ledger.usage[key]


async def test_an_image_becomes_a_file(ledger: MemoryCallLedger) -> None:
    with image_server() as server:
        result = await paint(painter(server.base_url), ledger, size="1024x1024", quality="low")
    assert result.files == (TreeFile("docs/cup.png", png()),)
    assert result.output == {"files": ["docs/cup.png"]}
    assert server.requests == [
        {
            "model": "gpt-image-1",
            "prompt": "A cup of tea.",
            "n": 1,
            "size": "1024x1024",
            "quality": "low",
            "output_format": "png",
        }
    ]
    assert server.keys == ["sk-image-key"]


async def test_several_images_get_numbered_names(ledger: MemoryCallLedger) -> None:
    with image_server() as server:
        result = await paint(painter(server.base_url), ledger, n=3)
    assert {file.path: file.content for file in result.files} == {
        "docs/cup-1.png": png(0),
        "docs/cup-2.png": png(1),
        "docs/cup-3.png": png(2),
    }


@pytest.mark.parametrize(("wanted", "path", "content"), [("jpeg", "a.jpg", JPEG), ("webp", "a.webp", WEBP)])
async def test_other_formats(ledger: MemoryCallLedger, wanted: str, path: str, content: bytes) -> None:
    with image_server() as server:
        result = await paint(painter(server.base_url), ledger, path=path, output_format=wanted, output_compression=50)
    assert result.files == (TreeFile(path, content),)
    assert server.requests[0]["output_compression"] == 50


async def test_a_stated_price_counts_the_images_that_came(ledger: MemoryCallLedger) -> None:
    with image_server() as server:
        await paint(painter(server.base_url, Decimal("0.04"), model="own"), ledger, n=2)
    assert one(ledger) == (CallState.SETTLED, Usage(10, 272, Decimal("0.08")))
    [asked] = ledger.requests.values()
    assert asked.bound.cost == Decimal("0.08")


async def test_an_unknown_price_is_none_not_zero(ledger: MemoryCallLedger) -> None:
    with image_server() as server:
        await paint(painter(server.base_url, model="own"), ledger)
    assert one(ledger)[1].cost is None


async def test_an_answer_is_asked_for_once(ledger: MemoryCallLedger) -> None:
    with image_server() as server:
        first = await paint(painter(server.base_url), ledger)
        assert await paint(painter(server.base_url), ledger) == first
    assert len(server.requests) == 1


async def test_a_recording_is_replayed_without_server_or_source(ledger: MemoryCallLedger, tmp_path: Path) -> None:
    with image_server() as server:
        first = await paint(painter(server.base_url), ledger, LedgerMode.LIVE, Recordings(tmp_path))
    assert await paint(None, MemoryCallLedger(ROOT), LedgerMode.STRICT, Recordings(tmp_path)) == first


async def test_a_changed_prompt_is_a_miss_that_names_it(ledger: MemoryCallLedger, tmp_path: Path) -> None:
    with image_server() as server:
        await paint(painter(server.base_url), ledger, LedgerMode.LIVE, Recordings(tmp_path))
    with pytest.raises(RecordingMissing, match="/prompt: recorded"):
        await paint(None, ledger, LedgerMode.STRICT, Recordings(tmp_path), prompt="A cup of tea!")


@pytest.mark.parametrize("code", ["moderation_blocked", "content_policy_violation"])
async def test_a_content_policy_refusal_is_kept_and_not_asked_again(ledger: MemoryCallLedger, code: str) -> None:
    with image_server(lambda asked: Painted(status=400, code=code, message="not that")) as server:
        for _ in range(2):
            with pytest.raises(ImageRefused, match=r"Node cup: .* refused the image: .*not that"):
                await paint(painter(server.base_url, Decimal(1)), ledger)
    assert len(server.requests) == 1
    assert one(ledger) == (CallState.SETTLED, Usage(cost=Decimal(0)))


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        ((png()[:-5],), "image 1 of the answer cannot be used: it was cut"),
        ((png().replace(b"IDAT", b"IDAX"),), "a checksum in it is wrong"),
        ((WEBP,), "it is webp, not png"),
        ((b"<html>sorry</html>",), "it is no image of a known format"),
        ((b"",), "it is empty"),
        ((png(), png()), "2 of 1 came"),
    ],
)
async def test_what_is_no_whole_image_never_becomes_a_file(
    ledger: MemoryCallLedger, images: tuple[bytes, ...], reason: str
) -> None:
    with image_server(lambda asked: Painted(images)) as server, pytest.raises(ImageInvalid, match=reason):
        await paint(painter(server.base_url), ledger)
    assert one(ledger)[0] is CallState.SETTLED  # paid for, and kept


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_refusal_for_good_is_not_repeated_and_shows_no_key(ledger: MemoryCallLedger, status: int) -> None:
    refusal = Painted(status=status, message="wrong key sk-image-key")
    with image_server(lambda asked: refusal) as server:  # noqa: SIM117  # the server stays when the node has failed
        with pytest.raises(CallRefused, match=rf"answered {status}: .*wrong key \*\*\*"):
            await paint(painter(server.base_url), ledger)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 503, 529])
async def test_a_busy_server_is_asked_again(ledger: MemoryCallLedger, status: int) -> None:
    answers = [Painted(status=status, headers={"Retry-After": "1"}), Painted()]
    with image_server(lambda asked: answers.pop(0)) as server:
        assert (await paint(painter(server.base_url), ledger)).files
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "painted", [Painted(raw="{"), Painted(raw='{"data": 3}'), Painted(images=()), Painted(drop=True)]
)
async def test_an_answer_nobody_can_read_is_lost_and_asked_for_once_more(
    ledger: MemoryCallLedger, painted: Painted
) -> None:
    with image_server(lambda asked: painted) as server, pytest.raises(CallUncertain):
        await paint(painter(server.base_url), ledger)
    assert len(server.requests) == 2


async def test_a_server_that_is_not_there_costs_nothing(ledger: MemoryCallLedger) -> None:
    with pytest.raises(CallUnavailable, match="cannot be reached"):
        await paint(painter(), ledger)
    assert [row.state for row in ledger.rows.values()] == [CallState.RELEASED]


async def test_a_missing_block_and_a_missing_model_are_told_apart(ledger: MemoryCallLedger) -> None:
    with pytest.raises(SourceMissing, match="repomill-images/painter"):
        await paint(None, ledger)
    with pytest.raises(ModelNotNamed, match="Node cup"):
        await paint(painter(model=""), ledger)


def test_the_kind_keeps_the_rules_of_node_kinds() -> None:
    with image_server() as server:
        ports = {"sources": OneSource(painter(server.base_url))}
        for check in conformance(kind("image"), Case(PROMPT, ports=ports, secrets=("sk-image-key",))):
            check()
