"""What is in a point of a tree, without restoring it: browsing, searching, one file."""

import base64
import os
import subprocess

import pytest

from support.helper import BINARY, INTEGRITY, NOT_FOUND, USAGE
from support.tree import Tree

NO_UTF8 = b"f\xff"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    one = Tree(tmp_path_factory.mktemp("browse"))
    source = one.source
    (source / "a").mkdir()
    (source / "a" / "first.txt").write_text("first")
    (source / "a.txt").write_text("beside")
    os.link(source / "a" / "first.txt", source / "z-link")
    (source / "link").symlink_to("a.txt")
    with open(os.fsencode(source) + b"/" + NO_UTF8, "wb") as file:
        file.write(b"bytes")
    with open(source / "sparse", "wb") as file:
        file.seek(5 << 20)
        file.write(b"end")
    one.run("tree", "backup", "data")
    (source / "a.txt").write_text("changed since")
    (source / "a" / "first.txt").unlink()
    one.run("tree", "backup", "data")
    one.points = [backup["id"] for backup in one.run("list", one.project_id, "--json").json["items"]]
    return one


def browse(tree, *args):
    return tree.run("tree", "browse", tree.project_id, *args, "--json").json


def download(tree, *args, backup=1):
    """(exit status, bytes) of one file."""
    done = subprocess.run([BINARY, "--config", tree.config, "tree", "download", tree.project_id, *args,
                           "--backup", tree.points[backup]],
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode, done.stdout


def test_a_directory_has_what_was_in_it_then(tree):
    new = browse(tree, tree.source)
    assert [entry["name"] for entry in new["items"]] == ["a", "a.txt", "f\ufffd", "link", "sparse", "z-link"]
    kinds = {entry["name"]: (entry["type"], entry["size_bytes"]) for entry in new["items"]}
    assert kinds["a"] == ("directory", 0)
    assert kinds["a.txt"] == ("file", len("changed since"))
    assert kinds["sparse"] == ("file", (5 << 20) + 3)
    assert kinds["link"] == ("link", len("a.txt"))
    assert new["count"] == 6 and new["backup_id"] == tree.points[1]

    old = browse(tree, tree.source / "a", "--backup", tree.points[0])
    assert [entry["name"] for entry in old["items"]] == ["first.txt"]


def test_pages_and_the_way_down(tree):
    page = browse(tree, tree.source, "--offset", "4", "--limit", "1")
    assert [entry["name"] for entry in page["items"]] == ["sparse"] and page["count"] == 6
    [top] = browse(tree)["items"]
    assert top["type"] == "directory" and top["mtime"] is None
    assert str(tree.source).startswith(top["path"])


def test_search_by_name_at_any_depth(tree):
    found = browse(tree, "--search", "FIRST", "--backup", tree.points[0])
    assert [entry["path"] for entry in found["items"]] == [f"{tree.source}/a/first.txt"]
    assert browse(tree, "--search", "*.txt", "--backup", tree.points[0])["count"] == 2
    assert browse(tree, "--search", "first")["count"] == 0


@pytest.mark.parametrize("name, backup, content", [
    ("a.txt", 0, b"beside"),
    ("a.txt", 1, b"changed since"),
    ("a/first.txt", 0, b"first"),
    ("z-link", 0, b"first"),  # a hard link: the content is another member's
    ("z-link", 1, b"first"),  # whose name is gone since
])
def test_one_file_comes_out_whole(tree, name, backup, content):
    assert download(tree, tree.source / name, backup=backup) == (0, content)


def test_holes_come_out_as_zeros(tree):
    status, content = download(tree, tree.source / "sparse")
    assert (status, len(content)) == (0, (5 << 20) + 3)
    assert content.rstrip(b"\0")[-3:] == b"end" and not content[:-3].strip(b"\0")


def test_a_name_that_is_no_utf8(tree):
    path = base64.b64encode(os.fsencode(tree.source) + b"/" + NO_UTF8).decode()
    assert download(tree, "--path-base64", path) == (0, b"bytes")
    target = tree.restored
    tree.run("tree", "restore", tree.project_id, "--backup", tree.points[0], "--file-base64", path,
             "--target", target)
    with open(os.fsencode(f"{target}{tree.source}/") + NO_UTF8, "rb") as file:
        assert file.read() == b"bytes"


def test_what_is_not_there_or_no_file(tree):
    for args, status in [(["/no/such"], NOT_FOUND), ([tree.source / "a.txt"], USAGE),
                         (["--backup", "2020-01-01T00-00-00"], NOT_FOUND)]:
        tree.run("tree", "browse", tree.project_id, *args, status=status)
    assert download(tree, tree.source / "gone")[0] == NOT_FOUND
    assert download(tree, tree.source / "a")[0] == USAGE
    assert download(tree, tree.source / "a" / ".." / "a.txt")[0] == USAGE


def test_a_damaged_archive_gives_nothing_out_as_whole(tree):
    [archive] = tree.repository.glob("tree/*/data/gen-*/*.full.tar.zst")
    good = archive.read_bytes()
    bad = bytearray(good)
    bad[len(bad) // 2] ^= 0xff
    archive.write_bytes(bad)
    try:
        answers = {name: download(tree, tree.source / name, backup=0) for name in ("a.txt", "sparse")}
    finally:
        archive.write_bytes(good)
    assert INTEGRITY in {status for status, _ in answers.values()}
    lengths = {"a.txt": len("beside"), "sparse": (5 << 20) + 3}
    for name, (status, content) in answers.items():
        assert status in (0, INTEGRITY), name
        assert (status == 0) == (len(content) == lengths[name]), name
