"""One Pydantic AI agent run, with its answer checked and repaired."""

from dataclasses import replace
from typing import Any

from pydantic_ai import Agent, AgentRetries, ModelRetry, StructuredDict, ToolOutput
from pydantic_ai.capabilities import PrepareOutputTools
from pydantic_ai.exceptions import ToolFailed, UnexpectedModelBehavior, UsageLimitExceeded
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

    Raises:
        AnswerNotUsable: it is not, after all the repairs that the request allows.
        AgentCallsExhausted: the bound of requests to the model is reached.
    """
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
        limits = UsageLimits(request_limit=request.most_requests)
        before = history(request.history, request.system_prompt, with_tools=bool(request.functions))
        result = await agent.run(
            prompt_of(request), message_history=before or None, model_settings=settings_of(request), usage_limits=limits
        )
    except UsageLimitExceeded as error:
        raise AgentCallsExhausted(request.node_path, request.most_requests) from error
    except UnexpectedModelBehavior as error:
        reason = "; ".join(problems) or f"{error.__cause__ or error}"
        raise AnswerNotUsable(request.node_path, reason) from error
    return result.output, turn_of(result.new_messages(), OUTPUT_TOOL)


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
