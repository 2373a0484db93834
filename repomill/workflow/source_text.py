"""Reads a specification's text, JSON or YAML, into plain data with the place of every value."""

import json
import re
from dataclasses import dataclass, replace
from typing import NoReturn

from repomill.canonical import Json
from repomill.errors import WorkflowInvalid
from repomill.workflow._yaml_nodes import TextRefused, compose
from repomill.workflow._yaml_values import MAX_CHARACTERS, Expansion
from repomill.workflow.faults import Fault, Finding
from repomill.workflow.pointers import ROOT
from repomill.workflow.positions import Position, Positions

# JSON writes a character beyond U+FFFF as two escapes, which YAML does not know.
_SURROGATE_PAIR = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
# Characters that JSON allows within a string and YAML does not, or takes for line breaks.
_NOT_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class LoadedSpec:
    """A document as plain data; `findings` are faults of the text that did not stop the reading."""

    source: str
    data: Json
    positions: Positions
    findings: tuple[Finding, ...] = ()

    def fault(self, finding: Finding) -> Fault:
        """Give a finding its place in the text."""
        place = self.positions.of(finding.pointer, at_key=finding.at_key, text_line=finding.text_line)
        return Fault(finding.code, finding.pointer, *place, finding.message, finding.hint, self.source)


def load_workflow(text: str, source_name: str) -> LoadedSpec:
    """Read JSON or YAML text; which of the two it is shows in the text, not in the name.

    Raises:
        WorkflowInvalid: the text cannot be read at all; its one fault says where.
    """
    text = text.removeprefix("\ufeff")
    try:
        return _read(text, source_name)
    except TextRefused as refusal:
        fault = Fault(refusal.code, ROOT, *refusal.place, refusal.message, "", source_name)
        raise WorkflowInvalid(source_name, (fault,)) from refusal


def _read(text: str, source_name: str) -> LoadedSpec:
    if len(text) > MAX_CHARACTERS:
        raise TextRefused("too_large", f"the text has more than {MAX_CHARACTERS} characters", Position(1, 1))
    if text.lstrip()[:1] in ("{", "["):
        return _read_json_or_flow(text, source_name)
    return _read_yaml(text, source_name)


def _read_yaml(text: str, source_name: str) -> LoadedSpec:
    root = compose(text)
    if root is None:
        raise TextRefused("empty_document", "there is nothing in it", Position(1, 1))
    positions = Positions(tuple(text.splitlines()))
    expansion = Expansion(positions)
    data = expansion.value(root)
    return LoadedSpec(source_name, data, positions, tuple(expansion.findings))


def _read_json_or_flow(text: str, source_name: str) -> LoadedSpec:
    """Take the values from the JSON reader, the places from the YAML one: JSON is nearly a part of YAML."""
    try:
        data = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        return _read_flow(text, source_name, error)
    if not _encodable(json.dumps(data, ensure_ascii=False)):
        raise TextRefused("malformed_text", "a text holds half of a surrogate pair", Position(1, 1))
    placed = _read_yaml(_NOT_YAML.sub(".", _SURROGATE_PAIR.sub(_as_yaml_escape, text)), source_name)
    return replace(placed, data=data)


def _read_flow(text: str, source_name: str, json_error: Exception) -> LoadedSpec:
    try:
        return _read_yaml(text, source_name)
    except TextRefused as refusal:
        if source_name.endswith(".json") and isinstance(json_error, json.JSONDecodeError):
            place = Position(json_error.lineno, json_error.colno)
            raise TextRefused("malformed_text", json_error.msg, place) from refusal
        raise


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _as_yaml_escape(match: re.Match[str]) -> str:
    return f"\\U{ord(json.loads(chr(34) + match[0] + chr(34))):08x}"


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
