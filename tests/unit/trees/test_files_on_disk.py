from pathlib import Path

from repomill.trees.on_disk import files_in


def test_files_of_a_folder_come_by_path_with_mode_and_size(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "run").write_bytes(b"#!")
    (tmp_path / "b" / "run").chmod(0o755)
    (tmp_path / "a.txt").write_bytes(b"text")
    assert [(file.path, file.mode, file.size, file.content) for file in files_in(tmp_path)] == [
        ("a.txt", "100644", 4, b"text"),
        ("b/run", "100755", 2, b"#!"),
    ]


def test_links_and_byte_code_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").touch()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")
    assert [file.path for file in files_in(tmp_path)] == ["file"]
