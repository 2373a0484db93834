"""Which ports a stack takes."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.ports import LINKS_PORT, PREFECT_PORT, PortClaims, choose_ports, first_free, is_free


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.fixture
def claims() -> Iterator[PortClaims]:
    claims = PortClaims()
    yield claims
    claims.release()


def test_a_port_somebody_listens_on_is_not_free(listener: int) -> None:
    assert not is_free(listener)


def test_the_first_free_candidate_is_taken(listener: int, claims: PortClaims) -> None:
    free = first_free([], claims)
    assert first_free([listener, free, listener], claims) == free


def test_when_every_candidate_is_taken_any_free_port_is_found(listener: int, claims: PortClaims) -> None:
    found = first_free([listener], claims)
    assert found != listener
    assert is_free(found)


def test_the_next_start_takes_the_ports_of_the_last(tmp_path: Path, claims: PortClaims) -> None:
    memory = tmp_path / "ports.json"
    last = first_free([], claims), first_free([], claims)
    memory.write_text(f'{{"prefect": {last[0]}, "links": {last[1]}}}', encoding="utf-8")
    chosen = choose_ports(memory, claims)
    assert (chosen.prefect, chosen.links) == last


def test_a_port_that_was_taken_since_is_replaced_and_the_choice_is_remembered(
    tmp_path: Path, listener: int, claims: PortClaims
) -> None:
    memory = tmp_path / "ports.json"
    memory.write_text(f'{{"prefect": {listener}, "links": {first_free([], claims)}}}', encoding="utf-8")
    chosen = choose_ports(memory, claims)
    assert chosen.prefect != listener
    assert choose_ports(memory, claims) == chosen


@pytest.mark.parametrize("content", ["", "[]", '{"prefect": 1}', '{"prefect": "x", "links": 2}'])
def test_an_unreadable_memory_counts_as_a_first_start(tmp_path: Path, content: str, claims: PortClaims) -> None:
    memory = tmp_path / "ports.json"
    memory.write_text(content, encoding="utf-8")
    chosen = choose_ports(memory, claims)
    assert chosen.prefect >= PREFECT_PORT
    assert chosen.links >= LINKS_PORT


def test_two_stacks_that_start_at_once_take_different_ports(tmp_path: Path, claims: PortClaims) -> None:
    first = choose_ports(tmp_path / "first.json", claims)
    other = PortClaims()
    try:
        second = choose_ports(tmp_path / "second.json", other)
    finally:
        other.release()
    assert not {first.prefect, first.links} & {second.prefect, second.links}


def test_a_port_that_is_given_back_can_be_claimed_again(claims: PortClaims) -> None:
    port = first_free([], claims)
    assert claims.take(port)
    claims.release()
    assert claims.take(port)
