"""A bundle as a file: a pack with `bundle.json` at its top, which names every other member by its digest."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError

from repomill.bundles.contents import BUNDLE_FORMAT, Contents
from repomill.canonical import digest_bytes, digest_file
from repomill.errors import BundleUnreadable, PackUnreadable, UnsafeTree
from repomill.trees.on_disk import files_in
from repomill.trees.pack import pack_file, read_pack

CONTENTS: Final = "bundle.json"
CALLS: Final = "calls"
TEMPLATES: Final = "templates"
APIS: Final = "apis"


def template_path(digest: str) -> str:
    """Return where a bundle has the pack of a template folder."""
    return f"{TEMPLATES}/{digest.removeprefix('sha256:')}.zip"


def write_bundle(contents: Contents, folder: Path, out: Path) -> Contents:
    """Write a bundle of the files in a folder and return its contents with their digests.

    Equal bundles have equal bytes.
    """
    named = {file.path: digest_file(file.place) for file in files_in(folder) if file.path != CONTENTS}
    whole = contents.model_copy(update={"files": named})
    (folder / CONTENTS).write_text(whole.model_dump_json(indent=1) + "\n", encoding="utf-8")
    pack_file(files_in(folder), out)
    return whole


def read_bundle(path: Path, folder: Path, shown: str = "") -> Contents:
    """Unpack a bundle into an empty folder, everything verified, and return what it says.

    Raises:
        BundleUnreadable: it is not a bundle, of a later format, cut, or changed; `shown` is what it is called then.
    """
    name = shown or str(path)
    try:
        with path.open("rb") as source:
            found = {}
            for file in read_pack(source):
                place = folder / file.path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(file.content)
                found[file.path] = digest_bytes(file.content)
    except (PackUnreadable, UnsafeTree) as error:
        raise BundleUnreadable(name, str(error)) from error
    except OSError as error:
        raise BundleUnreadable(name, error.strerror or str(error)) from error
    if found.pop(CONTENTS, None) is None:
        raise BundleUnreadable(name, f"it has no {CONTENTS}")
    contents = _contents(folder / CONTENTS, name)
    if problem := next(_differences(contents.files, found), None):
        raise BundleUnreadable(name, problem)
    return contents


class _Stated(BaseModel):
    """Of a bundle of any format."""

    format: int


def _contents(path: Path, name: str) -> Contents:
    text = path.read_bytes()
    try:
        stated = _Stated.model_validate_json(text).format
        if stated != BUNDLE_FORMAT:
            raise BundleUnreadable(name, f"its format is {stated}, this version of Repomill reads {BUNDLE_FORMAT}")
        return Contents.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = "/".join(map(str, first["loc"]))
        raise BundleUnreadable(name, f"{CONTENTS}, {place}: {first['msg']}") from error


def _differences(stated: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    for path in sorted(stated.keys() | found.keys()):
        if path not in found:
            yield f"{path} is missing"
        elif path not in stated:
            yield f"{path} does not belong to it"
        elif stated[path] != found[path]:
            yield f"{path} was changed: its digest is {found[path]}, not {stated[path]}"
