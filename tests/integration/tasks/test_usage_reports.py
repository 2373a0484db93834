"""What was used, added up by project and day, as a page and as files."""

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pandas as pd
import pytest

from repomill.calls.ledger import Usage as Used
from storage.database.transitions import ExecutionStatus
from tasks.downloads import Download, link_of
from tasks.services import Services
from tasks.usage import Usage, usage
from tasks.usage_pages import as_csv, as_parquet, page, table
from tasks.usage_reports import store_usage
from tests.fakes.aged_projects import NOW
from tests.fakes.stored_rows import completed_project
from tests.integration.tasks.conftest import EMBEDDED
from tests.integration.tasks.test_costs_and_budgets import spend

pytestmark = pytest.mark.everywhere

PRICED = Used(100, 50, Decimal("0.02"))


@pytest.fixture
def services(dated_services: Services) -> Services:
    """All of one day, whenever the tests run."""
    return dated_services


async def report_of(services: Services, days: int = 7) -> Usage:
    return await usage(services, NOW, days)


async def made(services: Services) -> Usage:
    """Two runs that called models, of two projects, and one stored tree."""
    await spend(services, "tea", "small", PRICED)
    await spend(services, 'cake | "pie"', "own", Used(1, 1, None))
    with services.database.transaction(services.scope) as work:
        completed_project(work)
    return await report_of(services)


async def test_runs_calls_and_storage_are_added_up_by_project(services: Services) -> None:
    report = await made(services)
    assert [(row["project"], row["runs"], row["calls"], row["cost_usd"], row["size"]) for row in report.by_project] == [
        ('cake | "pie"', 1, 1, Decimal(0), 0),
        ("demo", 1, 0, Decimal(0), 5),
        ("tea", 1, 1, Decimal("0.02"), 0),
    ]
    assert (report.total("tokens"), report.total("unpriced"), report.total("trees")) == (152, 1, 1)


async def test_every_day_has_a_row_also_one_without_runs(services: Services) -> None:
    report = await made(services)
    assert [row["runs"] for row in report.by_day] == [0, 0, 0, 0, 0, 0, 3]
    assert report.by_day[0]["day"] == report.first.isoformat()
    assert report.last - report.first == timedelta(days=6)


async def test_failures_are_counted(services: Services) -> None:
    await spend(services, "tea", "small", PRICED)
    with services.database.transaction(services.scope) as work:
        work.executions.reconcile(work.executions.resolve("latest").id, ExecutionStatus.FAILED)
    assert (await report_of(services)).total("failed") == 1


async def test_nothing_used_is_a_report_too(services: Services) -> None:
    report = await report_of(services, days=1)
    assert report.by_project == []
    assert "**0 runs** (0 failed), **0 calls** for **0 US dollars**" in page(report, {})
    assert "showData" not in page(report, {})


async def test_the_page_has_two_charts_and_a_table(services: Services) -> None:
    links = {"by day, csv": Download("http://127.0.0.1/x.csv"), "by day, parquet": Download("org/1/x.parquet")}
    text = page(await made(services), links)
    assert "bar [0, 0, 0, 0, 0, 0, 3]" in text
    assert "What is stored, in B" in text
    assert '"demo" : 5.00' in text
    assert '| cake \\| "pie" | 1 |' in text
    assert "of 2 calls" not in text
    assert "Of 1 calls no price is known" in text
    assert "- [by day, csv](http://127.0.0.1/x.csv)\n- by day, parquet: `org/1/x.parquet`" in text
    assert "open until" not in text


async def test_links_that_end_say_when(services: Services) -> None:
    ends = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)
    text = page(await report_of(services), {"by day, csv": Download("https://s3.test/x.csv?signed", ends)})
    assert text.endswith(
        "- [by day, csv](https://s3.test/x.csv?signed)\n\nThese links open until 2026-05-01 12:30 UTC."
    )


async def test_a_bucket_signs_the_links_of_files(services: Services, stored_in: str) -> None:
    key = (await store_usage(services, await made(services)))["by day, csv"]
    link = await link_of(services, key, "usage.csv")
    assert link is not None
    if stored_in == EMBEDDED:
        assert link == Download(key)
    else:
        async with httpx.AsyncClient() as client:
            answer = await client.get(link.url)
        assert answer.content == await services.store.get(key)
        assert 'filename="usage.csv"' in answer.headers["content-disposition"]


async def test_the_table_is_text(services: Services) -> None:
    [_, _, tea] = table(await made(services))
    assert (tea["project"], tea["tokens"], tea["cost USD"], tea["stored"]) == ("tea", "150", "0.02", "0 B")


async def test_the_files_hold_the_same_rows_exactly(services: Services) -> None:
    report = await made(services)
    keys = await store_usage(services, report)
    assert set(keys) == {"by project, csv", "by project, parquet", "by day, csv", "by day, parquet"}
    parquet = pd.read_parquet(io.BytesIO(await services.store.get(keys["by project, parquet"])))
    assert parquet["cost_usd"].tolist() == [0, 0, Decimal("0.02")]
    csv = (await services.store.get(keys["by project, csv"])).decode().splitlines()
    assert csv[0] == "project,runs,failed,seconds,calls,tokens,unpriced,cost_usd,trees,files,size"
    assert len(csv) == 4
    assert as_csv(report.by_day) == await services.store.get(keys["by day, csv"])
    assert as_parquet(report.by_day)
