"""Flow: go on with executions whose process is gone."""

from datetime import timedelta
from typing import Literal

from prefect import flow

from tasks.load_services import flow_services
from tasks.recovery import Policy, Rules, recover
from tasks.recovery_reports import report_recovery


@flow(name="recover-executions")
async def recover_executions(
    policy: Literal["resume", "fail"] = "resume",
    max_losses: int = 3,
    backoff_seconds: float = 30,
    acting_user: str = "default",
) -> dict[str, int]:
    """Find executions whose process gave no sign of life, and start each again or say that it failed.

    Args:
        policy: Whether what is lost is started again, or failed.
        max_losses: How often in a row one execution may lose its process before it fails.
        backoff_seconds: Wait before the second restart in a row; it doubles each time, the first restart is at once.
        acting_user: Name of the user on whose behalf it runs.
    """
    async with flow_services(acting_user) as services:
        rules = Rules(Policy(policy), max_losses, timedelta(seconds=backoff_seconds))
        recovery = await recover(services, rules)
        await report_recovery(recovery)
        return recovery.counts()
