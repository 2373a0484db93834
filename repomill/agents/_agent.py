"""One Pydantic AI agent run, with its answer checked and repaired."""

from dataclasses import replace
from typing import Any

from pydantic_ai import Agent, ModelRetry, StructuredDict, ToolOutput
from pydantic_ai.capabilities import PrepareOutputTools
from pydantic_ai.exceptions import UnexpectedModelBehavior
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import RunContext, ToolDefinition

from repomill.agents._ledger_model import LedgerModel
from repomill.agents.output import OutputShape
from repomill.agents.request import AgentRequest
from repomill.errors import AnswerNotUsable

OUTPUT_TOOL = "answer"
REPAIR = "The answer is not what was asked for. Send the whole answer again, with this mended:\n"


async def run_agent(request: AgentRequest, shape: OutputShape, model: LedgerModel) -> Any:
    """Return the model's answer, right by the shape.

    Raises:
        AnswerNotUsable: it is not, after all the repairs that the request allows.
    """
    problems: list[str] = []
    agent = _agent(request, shape, model)

    @agent.output_validator
    def _check(answer: Any) -> Any:
        problems[:] = shape.problems(answer)
        if problems:
            raise ModelRetry(REPAIR + "\n".join(problems))
        return answer

    try:
        result = await agent.run(request.prompt, model_settings=_settings(request))
    except UnexpectedModelBehavior as error:
        reason = "; ".join(problems) or f"{error.__cause__ or error}"
        raise AnswerNotUsable(request.node_path, reason) from error
    return result.output


def _agent(request: AgentRequest, shape: OutputShape, model: LedgerModel) -> Agent[object, Any]:
    if shape.schema is None:
        return Agent(model, system_prompt=request.system_prompt or (), retries={"output": request.repairs})
    schema = shape.schema

    def with_schema(_: RunContext[object], tools: list[ToolDefinition]) -> list[ToolDefinition]:
        return [replace(tool, parameters_json_schema=schema) for tool in tools]

    return Agent(
        model,
        # The schema is put in afterwards: StructuredDict refuses recursive ones and validates none.
        output_type=ToolOutput(StructuredDict({"type": "object"}), name=OUTPUT_TOOL),
        system_prompt=request.system_prompt or (),
        retries={"output": request.repairs},
        capabilities=[PrepareOutputTools(with_schema)],
    )


def _settings(request: AgentRequest) -> ModelSettings:
    settings = ModelSettings(max_tokens=request.max_tokens)
    if request.temperature is not None:
        settings["temperature"] = request.temperature
    return settings
