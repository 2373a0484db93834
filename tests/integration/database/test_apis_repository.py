"""The endpoint registry in the database."""

from uuid import uuid4

from repomill.apis.description import ApiDescription, Operation
from storage.database.scope import DEFAULT_SCOPE, Scope
from storage.database.session import Database
from tests.fakes.stored_rows import add_organisation, fake_digest

TEA = Operation(name="getTea", method="GET", path="/teas/{id}", summary="One tea", deprecated=True)


def description(text: str = "a", *operations: Operation) -> ApiDescription:
    return ApiDescription(
        openapi="3.1.0",
        title="Tea",
        version="1",
        servers=("https://api.test",),
        security_schemes={"key": {"type": "apiKey"}},
        operations=operations or (TEA,),
        digest=fake_digest(text),
    )


def test_operations_come_back_in_order_and_whole(database: Database) -> None:
    operations = (
        TEA,
        TEA.model_copy(update={"name": "x" * 300, "path": "/b"}),
        Operation(name="a", method="PUT", path="/"),
    )
    with database.transaction(DEFAULT_SCOPE) as work:
        version = work.apis.add("tea", description("a", *operations), "https://api.test/a.json", "key")
        assert tuple(work.apis.operations(version.id)) == operations


def test_versions_count_changes_of_the_document(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        numbers = [work.apis.add("tea", description(text), "l", "k").number for text in ("a", "a", "b", "a")]
        assert numbers == [1, 1, 2, 3]
        assert [version.number for version in work.apis.versions("tea")] == [3, 2, 1]


def test_a_list_shows_each_api_with_its_newest_version(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        for name, text in (("tea", "a"), ("tea", "b"), ("ale", "a")):
            work.apis.add(name, description(text), "l", "k")
        rows = [(api.name, version.number) for api, version in work.apis.list()]
        looked = [api.updated_at > api.created_at for api, _ in work.apis.list()]
    assert (rows, looked) == ([("ale", 1), ("tea", 2)], [True, True])


def test_what_is_not_there_is_told(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        assert (work.apis.find("tea"), work.apis.versions("tea")) == (None, [])


def test_an_organisation_sees_its_own_apis_only(database: Database) -> None:
    other = Scope(uuid4(), uuid4())
    with database.exclusive(1) as connection:
        add_organisation(connection, other, "eve")
    with database.transaction(DEFAULT_SCOPE) as work:
        version = work.apis.add("tea", description(), "l", "k")
    with database.transaction(other) as work:
        assert (work.apis.list(), work.apis.find("tea"), work.apis.operations(version.id)) == ([], None, [])
        assert work.apis.add("tea", description("b"), "l", "k").number == 1
        acting, organisation = work.users.acting()
    assert (acting.name, organisation.name) == ("eve", "O")
