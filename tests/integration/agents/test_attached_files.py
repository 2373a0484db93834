"""Files of earlier nodes that an agent is shown, and settings that go along."""

from base64 import b64encode
from typing import Any

import pytest
from pydantic import ValidationError

from repomill.agents.attachments import MOST_FILES
from repomill.errors import AttachmentRefused
from repomill.nodes.llm import LlmConfig
from repomill.trees.tree import TreeFile
from tests.fakes.agent_tools import FilesInMemory, Said, run_llm
from tests.servers.model_server import Reply

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
FILES = [
    TreeFile("docs/plan.md", b"# Plan"),
    TreeFile("logo.png", PNG),
    TreeFile("src/a.py", b"x = 1\n"),
]


async def shown(*attach: Any, files: Any = FILES, **config: Any) -> Said:
    ports = {"node_files": FilesInMemory({"design": files})}
    return await run_llm(lambda _: Reply("Seen."), [], ports=ports, attach=list(attach), **config)


def parts(said: Said) -> list[Any]:
    content: list[Any] = said.requests[0].body["messages"][-1]["content"]
    return [part.get("text") or part["image_url"]["url"] for part in content]


async def test_texts_and_images_of_a_node_are_shown_after_the_prompt_by_path() -> None:
    said = await shown({"from": "design"})
    image = f"data:image/png;base64,{b64encode(PNG).decode()}"
    plan, source = "The file docs/plan.md:\n# Plan", "The file src/a.py:\nx = 1\n"
    assert parts(said) == ["Go.", plan, "The image logo.png:", image, source]


async def test_patterns_choose_files_as_git_reads_them() -> None:
    assert parts(await shown({"from": "design", "paths": ["docs/", "*.py", "!a.py"]})) == [
        "Go.",
        "The file docs/plan.md:\n# Plan",
    ]


async def test_without_files_the_prompt_is_plain_text() -> None:
    said = await shown({"from": "design"}, files=[])
    assert said.requests[0].body["messages"][-1]["content"] == "Go."


@pytest.mark.parametrize(
    ("attach", "files", "told"),
    [
        ({"from": "design", "paths": ["*.jpg"]}, FILES, r"\*\.jpg cannot be attached: no file"),
        ({"from": "design"}, [TreeFile("a.bin", b"\xff\x00")], "a.bin cannot be attached: it is neither"),
        ({"from": "design"}, [TreeFile(f"{n}.txt", b"") for n in range(MOST_FILES + 1)], "100 files"),
        ({"from": "design"}, [TreeFile("big.txt", b"x" * (20 * 1024 * 1024 + 1))], "bytes at most"),
    ],
)
async def test_what_cannot_be_shown_ends_the_node_before_the_model_is_asked(attach: Any, files: Any, told: str) -> None:
    with pytest.raises(AttachmentRefused, match=told):
        await shown(attach, files=files)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [(b"\xff\xd8\xff\xe0", "image/jpeg"), (b"GIF89a", "image/gif"), (b"RIFF0000WEBPVP8 ", "image/webp")],
)
async def test_an_image_is_known_by_how_it_begins(content: bytes, media_type: str) -> None:
    said = await shown({"from": "design"}, files=[TreeFile("picture", content)])
    assert parts(said)[-1].startswith(f"data:{media_type};base64,")


async def test_settings_are_sent_as_the_provider_knows_them() -> None:
    settings = {"top_p": 0.5, "seed": 7, "stop_sequences": ["END"], "extra_body": {"user": "tea"}}
    body = (await shown(settings=settings, model="gpt-4o")).requests[0].body
    assert {name: body[name] for name in ("top_p", "seed", "stop", "user")} == {
        "top_p": 0.5,
        "seed": 7,
        "stop": ["END"],
        "user": "tea",
    }


@pytest.mark.parametrize(("thinking", "effort"), [("low", "low"), ("high", "high"), (None, None)])
async def test_a_model_that_thinks_is_told_how_much(thinking: str | None, effort: str | None) -> None:
    body = (await shown(thinking=thinking, model="gpt-5")).requests[0].body
    assert body.get("reasoning_effort") == effort


@pytest.mark.parametrize(
    "wrong",
    [
        {"thinking": "deeply"},
        {"settings": {"top_q": 1}},
        {"settings": {"extra_body": {"n": 5}}},
        {"attach": [{"paths": ["x"]}]},
        {"fallback": [{}]},
    ],
)
def test_what_the_configuration_cannot_mean_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        LlmConfig.model_validate({"source": "main", "prompt": "Go.", "max_tokens": 5, **wrong})
