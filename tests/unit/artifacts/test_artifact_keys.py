"""Keys: what is allowed, and how each kind of object is named."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repomill.errors import ArtifactKeyInvalid
from storage.artifacts.keys import (
    archive_key,
    call_key,
    check_key,
    check_prefix,
    fragment_key,
    pack_key,
    result_key,
    template_key,
)

ORG = UUID("11111111-2222-3333-4444-555555555555")
ROOT = UUID("99999999-8888-7777-6666-555555555555")
DIGEST = "sha256:" + "ab" * 32
HEX = "ab" * 32


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (pack_key(ORG, DIGEST), f"org/{ORG}/packs/{HEX}.zip"),
        (fragment_key(ORG, ROOT, DIGEST), f"org/{ORG}/fragments/{ROOT}/{HEX}"),
        (result_key(ORG, ROOT, DIGEST), f"org/{ORG}/results/{ROOT}/{HEX}.json"),
        (result_key(ORG, "org", HEX), f"org/{ORG}/results/org/{HEX}.json"),
        (template_key(ORG, DIGEST), f"org/{ORG}/templates/{HEX}"),
        (archive_key(ORG, DIGEST, "tar.gz"), f"org/{ORG}/archives/{HEX}.tar.gz"),
        (archive_key(ORG, DIGEST, ".zip"), f"org/{ORG}/archives/{HEX}.zip"),
        (call_key(ORG, ROOT, DIGEST, 2, "request"), f"org/{ORG}/calls/{ROOT}/{HEX}-2.request.json"),
        (call_key(ORG, ROOT, DIGEST, 2, "response"), f"org/{ORG}/calls/{ROOT}/{HEX}-2.response.json"),
    ],
)
def test_each_kind_of_object_has_its_place_under_the_organisation(key: str, expected: str) -> None:
    assert key == expected


@pytest.mark.parametrize("organisation", ["..", "../other", "", "a b"])
def test_an_organisation_cannot_name_its_way_out(organisation: str) -> None:
    with pytest.raises(ArtifactKeyInvalid):
        pack_key(organisation, DIGEST)


@pytest.mark.parametrize("key", ["a", "org/1/packs/x.zip", "_a/b-c.d_e", "A/1", "x" * 200, "/".join(["x" * 99] * 9)])
def test_plain_keys_are_taken_as_they_are(key: str) -> None:
    assert check_key(key) == key


@pytest.mark.parametrize(
    "key",
    [
        *("", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a/.hidden", "-a", "a\\b", "a b", "a\n", "a\0", "é"),
        *("C:/x", "~/x", "a?b", "a*", "%2e%2e/a", "x" * 201, "/".join(["x" * 99] * 10)),
    ],
)
def test_anything_else_is_refused_with_the_key_in_the_message(key: str) -> None:
    with pytest.raises(ArtifactKeyInvalid) as caught:
        check_key(key)
    assert repr(key) in str(caught.value)


@given(st.text(alphabet="a./\\-_~: \0é", max_size=12))
def test_a_key_that_passes_stays_inside_any_folder(key: str) -> None:
    try:
        parts = check_key(key).split("/")
    except ArtifactKeyInvalid:
        return
    assert all(part not in {"", ".", ".."} and not part.startswith(".") for part in parts)


@pytest.mark.parametrize("prefix", ["", "org", "org/", "org/1/a"])
def test_a_prefix_may_be_empty_or_end_with_a_slash(prefix: str) -> None:
    assert check_prefix(prefix) == prefix
