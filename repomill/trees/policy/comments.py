"""Where comments are in a line of a file, by the language that its name tells."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Final

_SAME: Final = ('"""', "'''")


@dataclass(frozen=True, slots=True)
class CommentStyle:
    """The comment forms of a family of languages; `words` are markers that need a space after them (`REM`)."""

    name: str
    line: tuple[str, ...] = ()
    block: tuple[tuple[str, str], ...] = ()
    words: tuple[str, ...] = ()
    _opening: re.Pattern[str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        markers = (*(re.escape(opener) for opener, _ in self.block), *(re.escape(marker) for marker in self.line))
        ordered = [*sorted(markers, key=len, reverse=True), *(rf"(?:@?{word})\b" for word in self.words)]
        # A marker counts at the start, after a space, or after punctuation that ends code; not in `http://`.
        pattern = rf"(?i)(?:^|(?<=[\s{{}};,()\[\]>]))(?:{'|'.join(ordered)})" if ordered else r"(?!)"
        object.__setattr__(self, "_opening", re.compile(pattern))

    def comments(self, line: str) -> Iterator[str]:
        """Yield the text after each place in a line where a comment can begin, up to where it is closed."""
        for match in self._opening.finditer(line):
            yield self._up_to_close(line[match.end() :])

    def _up_to_close(self, text: str) -> str:
        ends = [place for _, closer in self.block if (place := text.find(closer)) >= 0]
        return text[: min(ends)] if ends else text

    def is_open_after(self, text: str) -> bool:
        """Tell whether a comment of several lines, or a string that is used as one, is open where `text` ends."""
        return any(_is_open(text, opener, closer) for opener, closer in self.block)


def _is_open(text: str, opener: str, closer: str) -> bool:
    if opener == closer:
        return text.count(opener) % 2 == 1
    return text.rfind(opener) > text.rfind(closer)


_C_BLOCK: Final = ("/*", "*/")
_HTML_BLOCK: Final = ("<!--", "-->")
_DOCSTRINGS: Final = tuple((quotes, quotes) for quotes in _SAME)

_UNKNOWN: Final = CommentStyle("unknown", ("#", "//", "--", ";", "%"), (_C_BLOCK, _HTML_BLOCK))
PROSE: Final = CommentStyle("prose", (), (_HTML_BLOCK,))

_STYLES: Final = {
    style.name: style
    for style in (
        CommentStyle("hash", ("#",)),
        CommentStyle("python", ("#",), _DOCSTRINGS),
        CommentStyle("ruby", ("#",), (("=begin", "=end"),)),
        # `*` begins the inner lines of Javadoc and its kin, which may be all that a fragment has.
        CommentStyle("slash", ("//", "*"), (_C_BLOCK,)),
        CommentStyle("slash-hash", ("//", "#", "*"), (_C_BLOCK,)),
        CommentStyle("markup", (), (_HTML_BLOCK,)),
        # Pages hold scripts, styles and the comments of template engines.
        CommentStyle(
            "page",
            ("//",),
            (_HTML_BLOCK, _C_BLOCK, ("{#", "#}"), ("{{!--", "--}}"), ("{{/*", "*/}}"), ("<%--", "--%>"), ("<%#", "%>")),
        ),
        CommentStyle("dash", ("--",), (_C_BLOCK, ("--[[", "]]"), ("{-", "-}"))),
        CommentStyle("semicolon", (";",), (("#|", "|#"),)),
        CommentStyle("ini", (";", "#")),
        CommentStyle("percent", ("%",), (("%{", "%}"), _C_BLOCK)),
        CommentStyle("rem", ("::",), (), ("REM",)),
        CommentStyle("basic", ("'",), (), ("REM",)),
        CommentStyle("powershell", ("#",), (("<#", "#>"),)),
        CommentStyle("ml", ("//",), (("(*", "*)"), _C_BLOCK)),
        CommentStyle("fortran", ("!",)),
        CommentStyle("vim", ('"',)),
        PROSE,
    )
}

# Tags of `identify`, and suffixes that it does not know. The first that fits decides.
_BY_TAG: Final = {
    tag: _STYLES[name]
    for name, tags in {
        "page": "html vue svelte jsp twig jinja mako erb handlebars mustache razor astro ejs liquid",
        "markup": "xml svg xhtml plist xsd xslt xaml wsdl",
        "python": "python pyi cython starlark bazel gyp elixir",
        "ruby": "ruby crystal",
        "slash-hash": "php terraform hcl nix",
        "slash": "c c++ c# objective-c objective-c++ java javascript jsx ts tsx typescript json json5 jsonc go rust"
        " swift kotlin scala dart groovy gradle proto protobuf thrift solidity zig verilog system-verilog cuda glsl"
        " graphql v d metal css scss sass less stylus",
        "dash": "sql lua haskell purescript elm ada vhdl eiffel idris agda applescript",
        "semicolon": "clojure lisp scheme emacs-lisp asm commonlisp racket",
        "ini": "ini editorconfig gitconfig desktop service systemd",
        "percent": "tex erlang matlab prolog bib postscript",
        "rem": "batch bat",
        "basic": "vb vba visual-basic",
        "powershell": "powershell",
        "ml": "ocaml f# pascal coq",
        "fortran": "fortran",
        "vim": "vim",
        "prose": "markdown rst asciidoc plain-text mdx csv tsv log license",
        "hash": "shell bash zsh sh fish perl r yaml toml makefile dockerfile julia nim tcl awk cmake properties"
        " dotenv gitignore dockerignore gitattributes puppet meson ninja jupyter nginx apache-conf",
    }.items()
    for tag in tags.split()
}
_BY_SUFFIX: Final = {
    suffix: _STYLES[name]
    for name, suffixes in {
        "page": ".j2 .jinja .jinja2 .hbs .ejs .cshtml .razor .astro .vue .svelte",
        "slash": ".mjs .cjs .mts .cts .jsonc .json5 .kts .sol .prisma .bicep",
        "hash": ".env .gd .conf .jl .nim .tcl .pl .pm .rego .http",
        "slash-hash": ".tf .tfvars .hcl .nix",
        "semicolon": ".el .asm .s .scm .lisp .clj .cljs .edn",
        "percent": ".erl .hrl .tex .sty .pro",
        "rem": ".bat .cmd",
        "basic": ".vb .vbs .bas",
        "fortran": ".f90 .f95 .f03 .f",
        "vim": ".vim",
        "dash": ".sql .lua .hs .elm .adb .ads .vhd .vhdl",
        "ml": ".ml .mli .fs .fsx .pas .pp",
    }.items()
    for suffix in suffixes.split()
}


def comment_style(path: str) -> CommentStyle:
    """Return the comment forms that a file of this name can have; many forms for a name that tells nothing."""
    return _style_of_name(PurePosixPath(path).name)


@lru_cache(maxsize=65536)
def _style_of_name(name: str) -> CommentStyle:
    from identify import identify

    by_suffix = _BY_SUFFIX.get(PurePosixPath(name.lower()).suffix)
    if by_suffix is not None:
        return by_suffix
    tags = identify.tags_from_filename(name)
    return next((style for tag, style in _BY_TAG.items() if tag in tags), _UNKNOWN)
