"""Template folders against plain Jinja2 and Copier, which render the same files one after the other."""

import tempfile
from importlib.util import find_spec
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from benchmarks.measure import pair
from repomill.canonical import Json
from repomill.trees.folder_reads import folder_reads
from repomill.trees.rendering import render_folder
from repomill.trees.tree import TreeFile

TEMPLATE = '''"""{{ title }} of {{ package }}, part NUMBER."""
{% for name in names %}

def {{ name }}_NUMBER(value: int) -> int:
    """Add {{ loop.index }}{% if loop.last %}, the last{% endif %}."""
    return value + {{ loop.index }}
{% endfor %}
'''
SCOPE: dict[str, Json] = {"title": "Billing", "package": "billing", "names": ["add", "move", "close"]}
COPIED = b"value = 1\n" * 300


def main() -> None:
    compare(500, 10_000)
    compare(10_000, 10_000)
    if find_spec("copier"):
        compare_with_copier(1_000)


def compare(templates: int, files: int) -> None:
    folder = make_folder(templates, files)
    rendered = pair(lambda: render(folder), lambda: jinja(folder), 1)
    print(rendered.line(f"render {files} files, {templates} templates", "Jinja2, templates alone"))
    read = pair(lambda: folder_reads(folder, "template"), lambda: jinja(folder), 1)
    print(read.line("find what they read", "the same"))


def compare_with_copier(files: int) -> None:
    folder = make_folder(files, files)
    with tempfile.TemporaryDirectory() as name:
        source = write(folder, Path(name) / "template")
        compared = pair(lambda: render(folder), lambda: copy(source, Path(name) / "out"), 1)
    print(compared.line(f"render {files} templates", "copier copy"))


def make_folder(templates: int, files: int) -> list[TreeFile]:
    return [
        TreeFile(f"p{number % 100}/m{number}.py.j2", TEMPLATE.replace("NUMBER", str(number)).encode())
        if number < templates
        else TreeFile(f"p{number % 100}/m{number}.py", COPIED)
        for number in range(files)
    ]


def render(folder: list[TreeFile]) -> None:
    tuple(render_folder(folder, SCOPE, "template"))


def jinja(folder: list[TreeFile]) -> None:
    environment = Environment(undefined=StrictUndefined)
    for file in folder:
        if file.path.endswith(".j2"):
            environment.from_string(file.content.decode()).render(SCOPE)


def write(folder: list[TreeFile], root: Path, suffix: str = ".jinja") -> Path:
    for file in folder:
        path = root / file.path.replace(".j2", suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    return root


def copy(source: Path, out: Path) -> None:
    from copier import run_copy

    run_copy(str(source), out, data=dict(SCOPE), defaults=True, quiet=True, overwrite=True)
