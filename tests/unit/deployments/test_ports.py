"""Which ports a stack takes."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.ports import LINKS_PORT, PREFECT_PORT, choose_ports, first_free, is_free


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_somebody_listens_on_is_not_free(listener: int) -> None:
    assert not is_free(listener)


def test_the_first_free_candidate_is_taken(listener: int) -> None:
    free = first_free([])
    assert first_free([listener, free, listener]) == free


def test_when_every_candidate_is_taken_any_free_port_is_found(listener: int) -> None:
    found = first_free([listener])
    assert found != listener
    assert is_free(found)


def test_the_next_start_takes_the_ports_of_the_last(tmp_path: Path) -> None:
    memory = tmp_path / "ports.json"
    last = first_free([]), first_free([])
    memory.write_text(f'{{"prefect": {last[0]}, "links": {last[1]}}}', encoding="utf-8")
    chosen = choose_ports(memory)
    assert (chosen.prefect, chosen.links) == last


def test_a_port_that_was_taken_since_is_replaced_and_the_choice_is_remembered(tmp_path: Path, listener: int) -> None:
    memory = tmp_path / "ports.json"
    memory.write_text(f'{{"prefect": {listener}, "links": {first_free([])}}}', encoding="utf-8")
    chosen = choose_ports(memory)
    assert chosen.prefect != listener
    assert choose_ports(memory) == chosen


@pytest.mark.parametrize("content", ["", "[]", '{"prefect": 1}', '{"prefect": "x", "links": 2}'])
def test_an_unreadable_memory_counts_as_a_first_start(tmp_path: Path, content: str) -> None:
    memory = tmp_path / "ports.json"
    memory.write_text(content, encoding="utf-8")
    chosen = choose_ports(memory)
    assert chosen.prefect >= PREFECT_PORT
    assert chosen.links >= LINKS_PORT
