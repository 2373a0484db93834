from repomill.trees.tree import Manifest, TreeFile

FILES = [TreeFile("b", b"22"), TreeFile("a", b"1")]


def test_a_manifest_has_one_digest_whatever_the_order() -> None:
    manifest = Manifest.of(FILES)
    assert manifest == Manifest.of(FILES[::-1])
    assert manifest.total_size == 3
    assert manifest.digest == "sha256:295a5610c1417c7f796745f70802159f051709a233bd5bf88b31faf0e3ac8c9d"


def test_path_mode_and_content_each_change_the_digest() -> None:
    others = [TreeFile("c", b"1"), TreeFile("a", b"1", "100755"), TreeFile("a", b"2"), TreeFile("a", b"1")]
    assert len({Manifest.of([file]).digest for file in others}) == 4
