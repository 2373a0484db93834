"""One Pydantic AI agent run, with its answer checked and repaired."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic_ai import Agent, AgentRetries, ModelRetry, StructuredDict, ToolOutput
from pydantic_ai.capabilities import PrepareOutputTools
from pydantic_ai.direct import model_request
from pydantic_ai.exceptions import ToolFailed, UnexpectedModelBehavior, UsageLimitExceeded
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    UserPromptPart,
    repair_messages,
)
from pydantic_ai.tools import RunContext, Tool, ToolDefinition
from pydantic_ai.usage import UsageLimits

from repomill.agents._history import history, turn_of
from repomill.agents._ledger_model import LedgerModel
from repomill.agents._prompts import prompt_of, settings_of
from repomill.agents._tool_calls import ToolCalls, ToolMistake
from repomill.agents.functions import Function
from repomill.agents.output import OutputShape
from repomill.agents.request import AgentRequest
from repomill.calls.choke_point import LedgeredCalls
from repomill.errors import AgentCallsExhausted, AnswerNotUsable
from repomill.memory.turns import Turn

OUTPUT_TOOL = "answer"
WRONG_CALLS = 3
"""How often in a row a call of a function that is no JSON goes back; what is JSON is our own matter."""
REPAIR = "The answer is not what was asked for. Send the whole answer again, with this mended:\n"


async def run_agent(
    request: AgentRequest, shape: OutputShape, model: LedgerModel, calls: LedgeredCalls
) -> tuple[Any, Turn]:
    """Return the model's answer, right by the shape, and what was said on the way.

    Where any text will do and nothing may be called, one request is all: a loop of checks and tools begins only when
    no text came back.

    Raises:
        AnswerNotUsable: it is not, after all the repairs that the request allows.
        AgentCallsExhausted: the bound of requests to the model is reached.
    """
    before = history(request.history, request.system_prompt, with_tools=bool(request.functions))
    said: list[ModelMessage] = []
    if shape.schema is None and not request.functions:
        said += await _first_exchange(request, before, model)
        text = _plain_text(said[-1])
        if text:
            return text, turn_of(said, OUTPUT_TOOL)
    answer, more = await _loop(request, shape, model, calls, [*before, *said])
    return answer, turn_of([*said, *more], OUTPUT_TOOL)


async def _first_exchange(
    request: AgentRequest, before: Sequence[ModelMessage], model: LedgerModel
) -> tuple[ModelMessage, ModelMessage]:
    """Ask as the loop would, in the same words, so that the call's key is the same."""
    parts: list[ModelRequestPart] = [UserPromptPart(prompt_of(request))]
    if request.system_prompt and not before:
        parts.insert(0, SystemPromptPart(request.system_prompt))
    asked = ModelRequest(parts)
    shown = repair_messages([*before, asked])  # as the loop does: neighbours of one side become one message
    return asked, await model_request(model, shown, model_settings=settings_of(request))


def _plain_text(message: ModelMessage) -> str:
    """Return the text of an answer; "" where there is none, or something that is neither text nor a thought."""
    if not all(isinstance(part, TextPart | ThinkingPart) for part in message.parts):
        return ""
    return "".join(part.content for part in message.parts if isinstance(part, TextPart))


async def _loop(
    request: AgentRequest, shape: OutputShape, model: LedgerModel, calls: LedgeredCalls, said: list[ModelMessage]
) -> tuple[Any, list[ModelMessage]]:
    """Let Pydantic AI ask until the answer is right; it goes on from a first answer that has been said already."""
    problems: list[str] = []
    agent = _agent(request, shape, model, ToolCalls(request, calls))

    def check(answer: Any) -> Any:
        problems[:] = shape.problems(answer)
        if problems:
            raise ModelRetry(REPAIR + "\n".join(problems))
        return answer

    if shape.schema is not None:  # any text will do, and each check is a thread's work
        agent.output_validator(check)
    try:
        result = await agent.run(
            None if model.requests else prompt_of(request),
            message_history=said or None,
            model_settings=settings_of(request),
            usage_limits=UsageLimits(request_limit=request.most_requests - model.requests),
        )
    except UsageLimitExceeded as error:
        raise AgentCallsExhausted(request.node_path, request.most_requests) from error
    except UnexpectedModelBehavior as error:
        reason = "; ".join(problems) or f"{error.__cause__ or error}"
        raise AnswerNotUsable(request.node_path, reason) from error
    return result.output, result.new_messages()


def _agent(request: AgentRequest, shape: OutputShape, model: LedgerModel, calls: ToolCalls) -> Agent[object, Any]:
    tools = [_tool(function, calls) for function in request.functions]
    retries = AgentRetries(output=request.repairs, tools=WRONG_CALLS)
    if shape.schema is None:
        return Agent(model, system_prompt=request.system_prompt or (), retries=retries, tools=tools)
    schema = shape.schema

    def with_schema(_: RunContext[object], tools: list[ToolDefinition]) -> list[ToolDefinition]:
        return [replace(tool, parameters_json_schema=schema) for tool in tools]

    return Agent(
        model,
        # The schema is put in afterwards: StructuredDict refuses recursive ones and validates none.
        output_type=ToolOutput(StructuredDict({"type": "object"}), name=OUTPUT_TOOL),
        system_prompt=request.system_prompt or (),
        retries=retries,
        tools=tools,
        capabilities=[PrepareOutputTools(with_schema)],
    )


def _tool(function: Function, calls: ToolCalls) -> Tool[object]:
    async def run(**arguments: Any) -> str:
        try:
            return await calls.answer(function, arguments)
        except ToolMistake as mistake:
            raise ToolFailed(mistake.text) from mistake

    # One after the other: what they do to the tree, and the numbers of their calls, follow the model's order.
    parameters = dict(function.parameters)
    return Tool.from_schema(run, function.name, function.text(), parameters, sequential=True)
