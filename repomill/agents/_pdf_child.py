"""The process that reads one PDF document: `python -m repomill.agents._pdf_child SECONDS BYTES PAGES`.

A PDF is anybody's, and can make whoever reads it hang or grow: that ends here. The document comes on standard input;
what fails in any way ends with another status than 0.
"""

import json
import resource
import sys
from dataclasses import fields
from io import BytesIO


def main() -> None:
    """Tell the document's pages and how many bytes of text they hold, or why it is refused."""
    seconds, memory, most_pages = (int(each) for each in sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    json.dump(_told(sys.stdin.buffer.read(), most_pages), sys.stdout)


def _told(content: bytes, most_pages: int) -> dict[str, int | str]:
    from pypdf import Configuration, PdfReader, apply_configuration

    document = PdfReader(BytesIO(content))
    if document.is_encrypted:
        return {"refused": "it is encrypted, which providers refuse"}
    pages = len(document.pages)  # the leaves of the tree: what the tree says of itself may be wrong
    if not pages:
        return {"refused": "it has no pages"}
    if pages > most_pages:
        return {"refused": f"it has {pages} pages, and an agent is shown {most_pages} at most"}
    # At limits of its own pypdf leaves text out and goes on, so that it would not be counted: this process has limits.
    limits = (each.name for each in fields(Configuration) if type(each.default) is int)
    with apply_configuration(Configuration().with_overwrites(**dict.fromkeys(limits, sys.maxsize))):
        text = sum(len(page.extract_text().encode(errors="surrogatepass")) for page in document.pages)
    return {"pages": pages, "text": text}


if __name__ == "__main__":
    main()
