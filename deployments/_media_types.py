"""What a browser is told about an object: its type, and whether it may show it or only save it.

The table is ours and closed: the machine's own differs from host to host, and what is not known to be harmless in a
page of this origin is saved. HTML and SVG run scripts, so they are never shown.
"""

ARCHIVES = {
    ".zip": "application/zip",
    ".tar": "application/x-tar",
    ".tar.gz": "application/gzip",
    ".tar.zst": "application/zstd",
}
SHOWN = {
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".sha256": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}
SAVED = ARCHIVES | {
    ".html": "text/html; charset=utf-8",
    ".svg": "image/svg+xml",
    ".pdf": "application/pdf",
    ".parquet": "application/vnd.apache.parquet",
}
UNKNOWN = "application/octet-stream"


def describe(name: str) -> dict[str, str]:
    """Return the headers Content-Type and Content-Disposition for a file name of safe characters."""
    lowered = name.lower()
    for disposition, types in (("inline", SHOWN), ("attachment", SAVED)):
        for suffix, media_type in types.items():
            if lowered.endswith(suffix):
                return _headers(media_type, disposition, name)
    return _headers(UNKNOWN, "attachment", name)


def _headers(media_type: str, disposition: str, name: str) -> dict[str, str]:
    return {"Content-Type": media_type, "Content-Disposition": f'{disposition}; filename="{name}"'}
