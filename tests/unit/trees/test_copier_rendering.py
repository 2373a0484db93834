"""Copier templates give what Copier gives, or a clear error."""

import asyncio
import os
from pathlib import Path
from typing import Any

import psutil
import pytest

from repomill.errors import (
    CopierAnswersInvalid,
    CopierTemplateFailed,
    CopierTemplateNotTrusted,
    RenderingTooLarge,
    UnsafeTree,
)
from repomill.trees.scaffolds import Origin, Rendered, RenderLimits, render_copier, stored_files, stored_scaffold
from tests.fakes.copier_templates import plain_copy, write_template
from tests.servers.waiting import wait_until

QUESTIONS = "name: {type: str, default: Tea}\ncups: {type: int, default: 2}\nextra: {type: bool, default: false}\n"
ANSWERS_FILE = "{{ _copier_answers|to_nice_yaml }}"

TEMPLATES: dict[str, dict[str, str | bytes]] = {
    "questions and defaults": {
        "copier.yml": QUESTIONS + 'slug: {type: str, default: "{{ name|lower }}"}\n',
        "{{ slug }}/about.txt.jinja": "{{ name }} {{ slug }} {{ cups }} {{ _folder_name }}\n",
        "{{ _copier_conf.answers_file }}.jinja": ANSWERS_FILE,
    },
    "conditional files": {
        "copier.yml": QUESTIONS,
        '{% if name == "Tea" %}tea.txt{% endif %}.jinja': "{{ cups }}",
        "{% if extra %}extra.txt{% endif %}": "never",
        "{% if extra %}folder{% endif %}/x.txt": "never",
    },
    "a subdirectory": {"copier.yml": "_subdirectory: inner\n" + QUESTIONS, "inner/a.jinja": "{{ name }}", "b": ""},
    "exclusions": {"copier.yml": "_exclude: ['*.bak', copier.yml]\n" + QUESTIONS, "a.bak": "", "b.txt": "b"},
    "a suffix of its own": {"copier.yml": "_templates_suffix: .t\n", "a.t": "{{ 1 + 1 }}", "b.jinja": "{{ 1 }}"},
    "delimiters of its own": {"copier.yml": '_envops: {variable_start_string: "[[", variable_end_string: "]]"}\n',
                              "a.jinja": "[[ 1 + 1 ]] {{ x }}"},
    "executables and bytes": {"run.sh.jinja": "#!/bin/sh\necho {{ 'hi' }}\n", "logo.bin": bytes(range(256))},
    "a loop over files": {
        "copier.yml": "pages: {type: yaml, default: [a, b]}\n",
        "{% yield page from pages %}{{ page }}{% endyield %}.md.jinja": "# {{ page }}\n",
    },
    "macros that are included": {
        "copier.yml": "_exclude: [parts, copier.yml]\n",
        "parts/macros.jinja": "{% macro hi(x) %}hi {{ x }}{% endmacro %}",
        "a.txt.jinja": "{% from 'parts/macros.jinja' import hi %}{{ hi(3) }}",
    },
}  # fmt: skip


async def render(folder: Path, answers: dict[str, Any] | None = None, **options: Any) -> Rendered:
    template = stored_scaffold(stored_files(folder, Origin("template")))
    return await render_copier(template, answers or {}, **options)


@pytest.mark.parametrize("files", TEMPLATES.values(), ids=TEMPLATES.keys())
async def test_a_template_gives_the_files_that_copier_writes(tmp_path: Path, files: dict[str, str | bytes]) -> None:
    template = write_template(tmp_path / "template", files)
    rendered = await render(template)
    assert set(rendered.files) == plain_copy(tmp_path, "template")
    assert rendered.files


async def test_answers_take_the_place_of_defaults(tmp_path: Path) -> None:
    template = write_template(tmp_path / "template", TEMPLATES["questions and defaults"])
    rendered = await render(template, {"name": "Coffee", "cups": 3}, name="shop")
    assert {file.path: file.content for file in rendered.files} == {
        "coffee/about.txt": b"Coffee coffee 3 shop\n",
        ".copier-answers.yml": b"_src_path: template\ncups: 3\nextra: false\nname: Coffee\nslug: coffee\n",
    }


async def test_links_inside_a_template_are_followed(tmp_path: Path) -> None:
    template = write_template(tmp_path / "template", {"a.txt.jinja": "{{ 1 + 1 }}", "folder/b": "b"})
    (template / "link.txt.jinja").symlink_to("a.txt.jinja")
    (template / "linked").symlink_to("folder")
    rendered = await render(template)
    assert set(rendered.files) == plain_copy(tmp_path, "template")
    assert {file.path for file in rendered.files} == {"a.txt", "link.txt", "folder/b", "linked/b"}


async def test_answers_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    template = write_template(tmp_path / "template", {"copier.yml": "name: {type: str}\n", "a": ""})
    with pytest.raises(CopierAnswersInvalid, match="template template: 'name' has no default and no answer"):
        await render(template)


async def test_a_template_that_is_wrong_is_named_with_file_and_line(tmp_path: Path) -> None:
    template = write_template(tmp_path / "template", {"a.txt.jinja": "one\n{{ 1 / 0 }}"})
    with pytest.raises(CopierTemplateFailed, match=r"a\.txt\.jinja, line 2: division by zero"):
        await render(template)


async def test_a_link_that_would_be_written_is_refused(tmp_path: Path) -> None:
    template = write_template(tmp_path / "template", {"copier.yml": "_preserve_symlinks: true\n", "a": "a"})
    (template / "link").symlink_to("a")
    with pytest.raises(CopierTemplateFailed, match="it writes link as a link"):
        await render(template)


async def test_a_link_that_leads_out_is_not_stored(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (write_template(tmp_path / "template", {"a": "a"}) / "link").symlink_to("../secret")
    with pytest.raises(CopierTemplateFailed, match="link is a link that leads out"):
        stored_files(tmp_path / "template", Origin("template"))


def test_what_is_no_file_is_not_stored(tmp_path: Path) -> None:
    os.mkfifo(write_template(tmp_path / "template", {"a": "a"}) / "pipe")
    with pytest.raises(CopierTemplateFailed, match="pipe is neither a file nor a folder"):
        stored_files(tmp_path / "template", Origin("template"))


def test_equal_folders_give_equal_bytes(tmp_path: Path) -> None:
    one = write_template(tmp_path / "one", {"a": "a", "b/c": "c", "__pycache__/x.pyc": "1", ".git/config": "1"})
    two = write_template(tmp_path / "two", {"b/c": "c", "a": "a"})
    os.utime(two / "a", (0, 0))
    (two / "a").chmod(0o600)
    assert stored_files(one, Origin("t")) == stored_files(two, Origin("t"))
    assert stored_files(one, Origin("t")) != stored_files(one, Origin("t", "1.0", "abc", "1.0"))


async def test_paths_that_no_tree_may_have_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsafeTree, match="aux"):
        await render(write_template(tmp_path / "template", {"{{ 'aux' }}.txt": ""}))


async def test_tasks_are_left_out_and_named(tmp_path: Path) -> None:
    template = write_template(tmp_path / "template", {"copier.yml": "_tasks: [touch made]\n", "a": ""})
    rendered = await render(template)
    assert ([file.path for file in rendered.files], rendered.skipped) == (["a"], ("tasks",))


async def test_tasks_run_where_they_are_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPOMILL_SECRET", "hidden")
    tasks = "_tasks: ['env > environment', 'git init --quiet .', 'cat a > made']\n"
    template = write_template(tmp_path / "template", {"copier.yml": tasks, "a": "tea"})
    rendered = await render(template, allow=["tasks"])
    files = {file.path: file.content for file in rendered.files}
    assert (files["made"], rendered.skipped) == (b"tea", ())
    assert b"hidden" not in files["environment"]
    assert {path for path in files if "/" in path} == set()


async def test_a_task_that_fails_is_named(tmp_path: Path) -> None:
    template = write_template(tmp_path / "template", {"copier.yml": "_tasks: ['exit 3']\n", "a": ""})
    with pytest.raises(CopierTemplateFailed, match="'exit 3' returned non-zero exit status 3"):
        await render(template, allow=["tasks"])


async def test_a_process_that_dies_says_how_it_ended(tmp_path: Path) -> None:
    template = write_template(tmp_path / "template", {"copier.yml": "_tasks: ['kill -9 $PPID']\n", "a": ""})
    with pytest.raises(CopierTemplateFailed, match="its process ended with status -9"):
        await render(template, allow=["tasks"])


EXTENSION = {
    "copier.yml": "_jinja_extensions: [copier_template_extensions.TemplateExtensionLoader, ext.py:Shout]\n",
    "ext.py": "from jinja2.ext import Extension\n\n\nclass Shout(Extension):\n    def __init__(self, environment):\n"
    "        super().__init__(environment)\n        environment.filters['shout'] = str.upper\n",
    "a.txt.jinja": "{{ 'tea'|shout }}",
}


async def test_extensions_are_refused_until_they_are_allowed(tmp_path: Path) -> None:
    template = write_template(tmp_path / "template", EXTENSION)
    with pytest.raises(CopierTemplateNotTrusted, match="needs extensions") as refusal:
        await render(template)
    assert "allow: [extensions]" in refusal.value.advice()
    rendered = await render(template, allow=["extensions"])
    assert set(rendered.files) == plain_copy(tmp_path, "template", "--trust")


async def test_an_extension_that_is_not_installed(tmp_path: Path) -> None:
    template = write_template(tmp_path / "template", {"copier.yml": "_jinja_extensions: [absent.X]\n", "a": ""})
    with pytest.raises(CopierTemplateFailed, match="not installed here: No module named 'absent'"):
        await render(template, allow=["extensions"])


@pytest.mark.parametrize(
    ("content", "limits", "bound"),
    [
        ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", {"seconds": 2}, "2 seconds"),
        ("{{ 'x' * 900000000 }}{{ 'y' * 900000000 }}", {"memory": 512 * 1024**2}, "512 MB of memory"),
        ("{{ 'x' * 3000000 }}", {"total_size": 2 * 1024**2}, "2 MB of files"),
    ],
)
async def test_a_template_without_measure_is_ended(
    tmp_path: Path, content: str, limits: dict[str, Any], bound: str
) -> None:
    template = write_template(tmp_path / "template", {"a.jinja": content})
    with pytest.raises(RenderingTooLarge, match=bound):
        await render(template, limits=RenderLimits(**limits))


async def test_a_template_is_ended_once_it_wrote_too_much(tmp_path: Path) -> None:
    endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    content = "{% if page == 'a' %}{{ 'x' * 3000000 }}{% else %}" + endless + "{% endif %}"
    page = "{% yield page from ['a', 'b'] %}{{ page }}{% endyield %}.jinja"
    files: dict[str, str | bytes] = {page: content}
    template = write_template(tmp_path / "template", files)
    with pytest.raises(RenderingTooLarge, match="2 MB of files"):
        await render(template, limits=RenderLimits(seconds=60, total_size=2 * 1024**2))


async def test_answers_are_taken_as_they_are(tmp_path: Path) -> None:
    template = write_template(tmp_path / "template", {"copier.yml": "name: tea\n", "a.jinja": "{{ name }}"})
    rendered = await render(template, {"name": "{{ 1 + 1 }}"})
    assert rendered.files[0].content == b"{{ 1 + 1 }}"


async def test_a_cancel_ends_the_process(tmp_path: Path) -> None:
    started = tmp_path / "started"
    task = f"_tasks: ['echo $$ > {started}; sleep 600']\n"
    template = write_template(tmp_path / "template", {"copier.yml": task, "a": ""})
    rendering = asyncio.create_task(render(template, allow=["tasks"]))
    await asyncio.to_thread(wait_until, lambda: started.exists() and started.read_text())
    rendering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await rendering
    wait_until(lambda: not psutil.pid_exists(int(started.read_text())))
