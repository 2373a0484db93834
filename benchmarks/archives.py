"""Packs and archives of 10,000 files, 31 MB, against the commands people would use on the files themselves."""

import shutil
import tempfile
from pathlib import Path

from benchmarks.measure import pair
from benchmarks.trees import FILES, command, make_files, write
from repomill.trees.archives import write_archive
from repomill.trees.pack import write_pack
from repomill.trees.tree import TreeFile

PEERS = {
    "tar.gz": ("tar", "-czf", "../peer.tgz", "."),
    "tar.zst": ("tar", "--zstd", "-cf", "../peer.tzst", "."),
    "tar": ("tar", "-cf", "../peer.tar", "."),
    "zip": ("zip", "-qr", "../peer.zip", "."),
}
RUNS = 7


def main() -> None:
    files = make_files()
    print(f"{FILES} files, {sum(file.size for file in files) / 1e6:.0f} MB")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(files, folder / "tree")
        pack = folder / "pack.zip"
        if shutil.which("zip"):
            packed = pair(lambda: pack_into(files, pack), lambda: zip_folder(folder), RUNS)
            print(packed.line("path safety + digest + pack", "zip -r"))
        pack_into(files, pack)
        for format_name, peer in PEERS.items():
            if all(shutil.which(program) for program in (peer[0], "zstd" if "zst" in format_name else "tar")):
                compare(format_name, peer, pack, folder)


def compare(format_name: str, peer: tuple[str, ...], pack: Path, folder: Path) -> None:
    out, run = folder / "ours", zip_folder if format_name == "zip" else None
    both = pair(
        lambda: archive(format_name, pack, out),
        lambda: run(folder) if run else command(folder / "tree", *peer),
        RUNS,
    )
    print(both.line(f"{format_name} from the pack, {out.stat().st_size / 1e6:.1f} MB", " ".join(peer[:2])))


def zip_folder(folder: Path) -> None:
    (folder / "peer.zip").unlink(missing_ok=True)  # or it would be brought up to date
    command(folder / "tree", *PEERS["zip"])


def pack_into(files: list[TreeFile], path: Path) -> None:
    with path.open("wb") as out:
        _ = write_pack(files, out).manifest.digest


def archive(format_name: str, pack: Path, path: Path) -> None:
    with pack.open("rb") as source, path.open("wb") as out:
        write_archive(format_name, source, out)
