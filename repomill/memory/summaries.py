"""Older turns of a conversation put into fewer words, so that all of it fits what the model is shown."""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from repomill.errors import AnswerCut, AnswerNotUsable, PromptTooLong
from repomill.memory.port import Conversation, MemoryUse, WhenFull
from repomill.memory.turns import Turn, newest

Ask = Callable[[str, int], Awaitable[str]]
"""Asks the agent's model a question of its own: prompt and bound of the answer in tokens."""

LEAST_TOKENS: Final = 200
QUESTION: Final = "What was said before, in short?"
PROMPT: Final = """\
Below is the older part of a conversation. Put into at most {words} words what has to be known to go on with it: facts,
decisions, names, open questions. Answer with these words alone.

{conversation}"""


async def fitted(use: MemoryUse, conversation: Conversation, ask: Ask) -> tuple[Turn, ...]:
    """Return the turns that the model is shown, a summary of the older ones before them where one is wanted."""
    turns = conversation.turns
    sizes = [turn.tokens for turn in turns]
    fitting = _last(turns, newest(sizes, use.max_tokens))
    if use.when_full is not WhenFull.SUMMARISE or fitting == turns:
        return fitting
    recent = _last(turns, newest(sizes, use.max_tokens // 2))
    older = turns[: len(turns) - len(recent)]
    try:
        said = await ask(*_question(use, older))
    except (AnswerCut, AnswerNotUsable, PromptTooLong):  # of no use half, or not to be had; the next run tries again
        return fitting
    summary = Turn(({"role": "user", "content": QUESTION}, _answer(said)), older[-1].number)
    await conversation.summarise(summary)
    return (summary, *recent)


def longest_summary(use: MemoryUse) -> int:
    """Return the bound of a summary, in tokens."""
    return max(LEAST_TOKENS, use.max_tokens // 4)


def _question(use: MemoryUse, older: Sequence[Turn]) -> tuple[str, int]:
    bound = longest_summary(use)
    text = "\n".join(as_text(turn) for turn in older)
    return PROMPT.format(words=bound // 2, conversation=text), bound


def _answer(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"type": "text", "text": text}]}


def _last(turns: tuple[Turn, ...], count: int) -> tuple[Turn, ...]:
    return turns[len(turns) - count :]


def as_text(turn: Turn) -> str:
    """Return a turn as people read it, a line for each message."""
    return "\n".join(f"{message['role']}: {_said(message['content'])}" for message in turn.messages)


def _said(content: Any) -> str:
    if isinstance(content, str):
        return content
    return " ".join(part.get("text") or f"[{part['name']} {json.dumps(part['arguments'])}]" for part in content)
