"""PDF documents, written by hand: good ones, and such as nobody should read for long."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from zlib import compress

from pypdf import PdfWriter

FONT = "/Font <</F <</Type /Font /Subtype /Type1 /BaseFont /Helvetica>> >>"
DRAWS = "<</Type /Page /Parent 2 0 R /Resources <</XObject <</X 100 0 R>> >> /Contents 11 0 R>>"


def pdf(*texts: str, count: int | None = None) -> bytes:
    """Return a document with a line of text on each page; `count` is how many pages it says there are."""
    objects, kids = {}, []
    for number, text in enumerate(texts):
        page, words = 10 + 2 * number, 11 + 2 * number
        objects[page] = f"<</Type /Page /Parent 2 0 R /Resources <<{FONT}>> /Contents {words} 0 R>>"
        objects[words] = _stream(_line(text))
        kids.append(page)
    return _document(objects, kids, count)


def encrypted(document: bytes, password: str) -> bytes:
    writer = PdfWriter(clone_from=BytesIO(document))
    writer.encrypt(user_password=password, owner_password="owner", algorithm="RC4-128")
    written = BytesIO()
    writer.write(written)
    return written.getvalue()


def layered_pdf(text: str, layers: int = 20) -> bytes:
    """Return a document whose page draws a form that was compressed over and over."""
    content = _line(text).encode()
    for _ in range(layers):
        content = compress(content)
    filters = f"/Filter [/ASCIIHexDecode {'/FlateDecode ' * layers}]"
    objects = {10: DRAWS, 11: _stream("/X Do"), 100: _stream(content.hex(), f"{_form(FONT)} {filters}")}
    return _document(objects, [10])


def endless_pdf(levels: int = 40) -> bytes:
    """Return a document whose page draws a form twice, which draws another twice, and so on."""
    objects = {10: DRAWS, 11: _stream("/X Do")}
    for level in range(levels):
        objects[100 + level] = _stream("/X Do /X Do", _form(f"/XObject <</X {101 + level} 0 R>>"))
    objects[100 + levels] = _stream(_line("tea"), _form(FONT))
    return _document(objects, [10])


def _document(objects: Mapping[int, str], kids: Sequence[int], count: int | None = None) -> bytes:
    pages = " ".join(f"{kid} 0 R" for kid in kids)
    size = len(kids) if count is None else count
    head = {
        1: "<</Type /Catalog /Pages 2 0 R>>",
        2: f"<</Type /Pages /Kids [{pages}] /Count {size} /MediaBox [0 0 300 100]>>",
    }
    written, places = "%PDF-1.7\n", {}
    for number, value in {**head, **objects}.items():
        places[number] = len(written)
        written += f"{number} 0 obj\n{value}\nendobj\n"
    table = "".join(f"{number} 1\n{place:010} 00000 n \n" for number, place in places.items())
    end = f"trailer\n<</Size {max(places) + 1} /Root 1 0 R>>\nstartxref\n{len(written)}\n%%EOF\n"
    return f"{written}xref\n0 1\n0000000000 65535 f \n{table}{end}".encode()


def _line(text: str) -> str:
    return f"BT /F 12 Tf 9 90 Td ({text}) Tj ET"


def _form(resources: str) -> str:
    return f"/Type /XObject /Subtype /Form /BBox [0 0 300 100] /Resources <<{resources}>>"


def _stream(content: str, entries: str = "") -> str:
    return f"<<{entries} /Length {len(content)}>>\nstream\n{content}\nendstream"
