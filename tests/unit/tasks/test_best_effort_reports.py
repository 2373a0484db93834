import logging

import httpx
import pytest

from tasks.reports import best_effort


async def refuse(error: Exception) -> None:
    raise error


async def test_a_report_that_prefect_does_not_take_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("prefect").propagate = True
    with caplog.at_level(logging.WARNING):
        async with best_effort("the summary"):
            await refuse(httpx.ConnectError("nobody listens"))
    assert "the summary was not shown: nobody listens" in caplog.text


async def test_a_fault_of_ours_is_not_hidden() -> None:
    with pytest.raises(KeyError):
        async with best_effort("the summary"):
            await refuse(KeyError("files"))
