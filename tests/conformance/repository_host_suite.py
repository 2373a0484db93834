"""What every host of repositories does; a test class inherits this and brings a `rig` fixture."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from repomill.errors import (
    HostCannot,
    RepositoryForeign,
    RepositoryMissing,
    RepositoryNameTaken,
    RepositoryTooOpen,
)
from repomill.publishing.git_push import GitAccess, push_tree
from repomill.publishing.hosts.ensure import ensure_repository, ensure_request, find_repository
from repomill.publishing.hosts.markers import Ownership, marker_topic
from repomill.publishing.hosts.port import (
    Feature,
    Needs,
    Protection,
    Repository,
    RepositoryAddress,
    RepositoryHost,
    RepositorySettings,
    RequestContent,
    Visibility,
)
from repomill.publishing.targets import GitTarget
from tests.integration.publishing.exports import edit_by_hand, texts_at
from tests.integration.publishing.projects import FILES, commit_by_a_person, details
from tests.servers.git_http import git

PROJECT = "shop"
SETTINGS = RepositorySettings(marker_topic(PROJECT), "A shop", ("python",))
CONTENT = RequestContent("repomill/shop", "main", "Generate shop", "All of it.", labels=("generated",))


@dataclass
class Rig:
    """A host under test. `place` gives the bare repository of a path on the disk; `seed` makes one by hand."""

    host: RepositoryHost
    address: RepositoryAddress
    place: Callable[[str], Path]
    seed: Callable[[str, Visibility], None]
    reviewer: str = "ada"
    calls: Callable[[], int] = field(default=lambda: 0)

    async def ensure(self, settings: RepositorySettings = SETTINGS) -> Repository:
        return (await ensure_repository(self.host, self.address, settings, PROJECT)).repository

    async def push(self, repository: Repository, branch: str = "main") -> None:
        access = GitAccess(await self.host.git_credentials(), timeout=60)
        await push_tree(FILES, details(), GitTarget(repository.clone_url, branch), access)

    async def with_two_branches(self) -> Repository:
        repository = await self.ensure()
        await self.push(repository)
        place = self.folder
        git("-C", str(place), "branch", CONTENT.head, "main")
        edit_by_hand(place, {"by-hand": "x\n"}, CONTENT.head)
        return repository

    @property
    def folder(self) -> Path:
        return self.place(self.address.path)

    def needs(self, feature: Feature) -> None:
        if feature not in self.host.features:
            pytest.skip(f"{self.host.label} has no {feature.value}")


class RepositoryHostSuite:
    async def test_a_repository_that_is_not_there_is_none(self, rig: Rig) -> None:
        rig.needs(Feature.CREATION)
        assert await find_repository(rig.host, rig.address, PROJECT) is None

    async def test_a_new_repository_is_private_marked_and_takes_a_push(self, rig: Rig) -> None:
        rig.needs(Feature.CREATION)
        ensured = await ensure_repository(rig.host, rig.address, SETTINGS, PROJECT)
        await rig.push(ensured.repository)
        found = await rig.host.find(rig.address)
        assert ensured.created
        assert found
        assert found.visibility is Visibility.PRIVATE
        assert found.topics == {"python", SETTINGS.marker}
        assert "README.md" in texts_at(rig.folder)

    async def test_ensuring_again_finds_what_is_there(self, rig: Rig) -> None:
        await rig.push(await rig.ensure())
        again = await ensure_repository(rig.host, rig.address, SETTINGS, PROJECT)
        assert (again.created, again.ownership) == (False, Ownership.OURS)

    async def test_an_empty_repository_is_adopted(self, rig: Rig) -> None:
        rig.seed(rig.address.path, Visibility.PRIVATE)
        ensured = await ensure_repository(rig.host, rig.address, SETTINGS, PROJECT)
        assert (ensured.created, ensured.ownership) == (False, Ownership.EMPTY)
        found = await rig.host.find(rig.address)
        assert found
        assert SETTINGS.marker in found.topics or Feature.TOPICS not in rig.host.features

    async def test_a_foreign_repository_is_never_touched(self, rig: Rig) -> None:
        rig.seed(rig.address.path, Visibility.PRIVATE)
        commit_by_a_person(rig.folder)
        before = (git("-C", str(rig.folder), "show-ref"), await rig.host.find(rig.address))
        with pytest.raises(RepositoryForeign, match=r"somebody else"):
            await rig.ensure()
        assert (git("-C", str(rig.folder), "show-ref"), await rig.host.find(rig.address)) == before

    async def test_a_repository_of_another_project_is_foreign(self, rig: Rig) -> None:
        await rig.push(await rig.ensure())
        with pytest.raises(RepositoryForeign):
            await ensure_repository(rig.host, rig.address, SETTINGS, "other")

    async def test_ours_is_known_without_its_topic_and_under_commits_of_people(self, rig: Rig) -> None:
        repository = await rig.ensure()
        await rig.push(repository)
        edit_by_hand(rig.folder, {"by-hand": "x"})
        if Feature.TOPICS in rig.host.features:
            await rig.host.set_topics(repository, ["shops"])
        found = await find_repository(rig.host, rig.address, PROJECT)
        assert found
        assert found.ownership is Ownership.OURS

    async def test_a_repository_with_a_foreign_history_is_handed_over_by_its_topic(self, rig: Rig) -> None:
        rig.needs(Feature.TOPICS)
        rig.seed(rig.address.path, Visibility.PRIVATE)
        commit_by_a_person(rig.folder)
        repository = await rig.host.find(rig.address)
        assert repository
        await rig.host.set_topics(repository, [SETTINGS.marker])
        assert (await ensure_repository(rig.host, rig.address, SETTINGS, PROJECT)).ownership is Ownership.OURS

    async def test_nothing_private_goes_into_a_public_repository(self, rig: Rig) -> None:
        rig.needs(Feature.CREATION)
        rig.seed(rig.address.path, Visibility.PUBLIC)
        with pytest.raises(RepositoryTooOpen):
            await rig.ensure()
        open_one = await rig.ensure(replace(SETTINGS, visibility=Visibility.PUBLIC))
        assert open_one.visibility is Visibility.PUBLIC

    async def test_making_a_repository_twice_says_that_the_name_is_taken(self, rig: Rig) -> None:
        rig.needs(Feature.CREATION)
        await rig.ensure()
        with pytest.raises(RepositoryNameTaken):
            await rig.host.create(rig.address, SETTINGS)

    async def test_a_default_branch_can_be_set_and_a_repository_deleted_twice(self, rig: Rig) -> None:
        rig.needs(Feature.CREATION)
        repository = await rig.with_two_branches()
        await rig.host.set_default_branch(repository, CONTENT.head)
        found = await rig.host.find(rig.address)
        assert found
        assert found.default_branch == CONTENT.head
        await rig.host.delete(repository)
        await rig.host.delete(repository)
        assert await rig.host.find(rig.address) is None

    async def test_a_request_is_opened_once_and_kept_up_to_date(self, rig: Rig) -> None:
        rig.needs(Feature.REQUESTS)
        repository = await rig.with_two_branches()
        first = await ensure_request(rig.host, repository, CONTENT)
        wanted = replace(CONTENT, title="Again", labels=("generated", "new"), reviewers=(rig.reviewer,))
        second = await ensure_request(rig.host, repository, wanted)
        (found,) = await rig.host.open_requests(repository, CONTENT.head)
        assert (first.created, second.created) == (True, False)
        assert found == second.request
        assert (found.number, found.title) == (first.request.number, "Again")
        assert found.labels == {"generated", "new"}
        assert found.reviewers == {rig.reviewer}
        assert await rig.host.open_requests(repository, "main") == []

    async def test_a_request_that_is_as_wanted_is_left_alone(self, rig: Rig) -> None:
        rig.needs(Feature.REQUESTS)
        repository = await rig.with_two_branches()
        first = await ensure_request(rig.host, repository, replace(CONTENT, reviewers=(rig.reviewer,), draft=True))
        before = rig.calls()
        second = await ensure_request(rig.host, repository, replace(CONTENT, reviewers=(rig.reviewer,)))
        assert second.request == first.request
        assert first.request.draft
        assert rig.calls() - before <= 1

    async def test_a_branch_is_protected_once(self, rig: Rig) -> None:
        rig.needs(Feature.PROTECTION)
        repository = await rig.with_two_branches()
        assert await rig.host.protect(repository, "main", Protection(2))
        assert not await rig.host.protect(repository, "main", Protection(1))

    async def test_licences_have_texts(self, rig: Rig) -> None:
        rig.needs(Feature.LICENCES)
        assert "ermission is" in await rig.host.licence_text("MIT")

    async def test_a_good_token_passes_the_check(self, rig: Rig) -> None:
        needs = Needs(create=True, requests=True, protection=True, workflows=True)
        await rig.host.check_access(needs)

    async def test_what_a_host_does_not_have_is_refused_by_name(self, rig: Rig) -> None:
        if Feature.REQUESTS in rig.host.features:
            pytest.skip("it has all")
        rig.seed(rig.address.path, Visibility.PRIVATE)
        repository = await rig.ensure()
        for refused in (
            rig.host.create(rig.address, SETTINGS),
            rig.host.set_topics(repository, []),
            rig.host.set_default_branch(repository, "x"),
            rig.host.protect(repository, "main", Protection()),
            rig.host.open_requests(repository, "x"),
            rig.host.licence_text("MIT"),
        ):
            with pytest.raises(HostCannot):
                await refused

    async def test_a_group_or_owner_that_does_not_exist_is_named(self, rig: Rig) -> None:
        rig.needs(Feature.CREATION)
        if rig.host.kind == "memory":
            pytest.skip("it has no owners")
        address = RepositoryAddress("nobody/shop")
        with pytest.raises((RepositoryMissing, RepositoryNameTaken), match="nobody"):
            await ensure_repository(rig.host, address, SETTINGS, PROJECT)
