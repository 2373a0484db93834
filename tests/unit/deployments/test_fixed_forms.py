"""Forms of the fixed deployments, as Prefect's server checks what is filled in."""

from typing import Any

import pytest
from prefect.utilities.schema_tools.validation import validate

from deployments.seeding import _form
from flows.export_repository import export_repository

PICKED = {"$ref": {"block_document_id": "00000000-0000-4000-8000-000000000001"}}


@pytest.mark.parametrize("credentials", [PICKED, {"username": "ada", "password": "x"}, None])
def test_credentials_of_a_remote_are_picked_typed_or_left_out(credentials: Any) -> None:
    filled = {"generated_project": "latest", "to": {"url": "https://git.example.com/r"}, "credentials": credentials}
    validate(filled, _form(export_repository), raise_on_error=True, ignore_required=False)
