"""tree.backup from the outside: what is taken, what is kept, what happens when things go wrong."""

import fcntl
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import tarfile
import time

import pytest

from support.helper import BUSY, NO_SPACE, NOT_FOUND, USAGE, WARNINGS
from support.tree import Tree



@pytest.fixture
def tree(scratch):
    return Tree(scratch)


def write(path, content, age_seconds=3600):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    when = time.time_ns() - age_seconds * 10**9
    os.utime(path, ns=(when, when))


COARSE = 5  # CLOCK_REALTIME_COARSE: what the kernel stamps files with


def settle():
    """Files whose ctime is within the clock's grain of a scan are read again: wait that out."""
    probe = time.clock_gettime_ns(COARSE)
    while time.clock_gettime_ns(COARSE) < probe + 60 * 10**6:
        time.sleep(0.01)


def fill(tree):
    write(tree.source / "a/one", b"1" * 1000)
    write(tree.source / "a/two", b"2" * 5000)
    write(tree.source / "b/deep/three", b"3")
    write(tree.source / "a.b", b"between")
    os.symlink("a/one", tree.source / "link")
    settle()


def counts(result):
    return {name: result[name] for name in ("added", "modified", "deleted", "carried")}


def test_full_then_nothing_then_changes(tree):
    fill(tree)
    full = tree.backup()
    assert (full["step"], full["sequence"], full["reason"]) == ("full", 0, "first")
    assert full["entries"] == full["added"] == 9

    nothing = tree.backup()
    assert (nothing["step"], nothing["sequence"], nothing["reason"]) == ("incremental", 1, "next")
    assert counts(nothing) == {"added": 0, "modified": 0, "deleted": 0, "carried": 0}

    write(tree.source / "a/new", b"new")
    write(tree.source / "a/one", b"1" * 999)
    (tree.source / "a.b").unlink()
    changed = tree.backup()
    # The directories a and . have got another mtime.
    assert counts(changed) == {"added": 1, "modified": 3, "deleted": 1, "carried": 0}
    assert tree.leftovers() == []
    tree.assert_restores_source()


@pytest.mark.parametrize("change", ["chmod", "chown", "content-with-mtime-kept", "xattr"])
def test_changes_that_keep_mtime_and_size(tree, change):
    fill(tree)
    tree.backup()
    path = tree.source / "a/one"
    st = path.stat()
    if change == "chmod":
        path.chmod(0o600)
    elif change == "chown":
        os.chown(path, 12345, 54321)
    elif change == "xattr":
        os.setxattr(path, "user.bk", b"value")
    else:
        path.write_bytes(b"X" * 1000)
        os.utime(path, ns=(st.st_atime_ns, st.st_mtime_ns))
    result = tree.backup()
    assert counts(result) == {"added": 0, "modified": 1, "deleted": 0, "carried": 0}
    tree.assert_restores_source()
    if change == "xattr":
        restored = pathlib.Path(str(tree.restored) + str(path))
        assert os.getxattr(restored, "user.bk") == b"value"


def test_mtime_alone_as_a_setting(tree):
    fill(tree)
    tree.configure(change_detection="mtime")
    tree.backup()
    os.chown(tree.source / "a/one", 12345, 54321)
    assert tree.backup()["modified"] == 0
    (tree.source / "a/one").chmod(0o600)
    assert tree.backup()["modified"] == 1


def test_fresh_entries_are_read_again(tree):
    fill(tree)
    tree.configure(change_detection="mtime")
    # Not older than the scan: whether what was read is what is there, its mtime cannot tell.
    write(tree.source / "fresh", b"1", age_seconds=-60)
    mtime = (tree.source / "fresh").stat().st_mtime_ns
    tree.backup()
    (tree.source / "fresh").write_bytes(b"2")
    os.utime(tree.source / "fresh", ns=(mtime, mtime))
    assert tree.backup()["modified"] >= 1
    tree.assert_restores_source()


def test_kinds_of_entries(tree):
    fill(tree)
    name = os.fsencode(tree.source) + b"/\xff\xfe not UTF-8"
    with open(name, "wb") as file:
        file.write(b"bytes")
    os.link(tree.source / "a/one", tree.source / "b/hard")
    os.link(tree.source / "a/one", tree.source / "z-hard")
    os.mkfifo(tree.source / "pipe")
    os.mknod(tree.source / "device", 0o020600, os.makedev(1, 3))
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tree.source / "socket"))
    with open(tree.source / "sparse", "wb") as file:
        file.truncate(64 << 20)
        file.seek(32 << 20)
        file.write(b"island")
    tree.backup()
    tree.assert_restores_source()
    restored = pathlib.Path(str(tree.restored) + str(tree.source))
    assert (restored / "device").stat().st_rdev == os.makedev(1, 3)
    assert (restored / "sparse").stat().st_blocks * 512 < 1 << 20

    # One name of a hard link comes, one goes: all names of the inode are in one archive again.
    (tree.source / "b/hard").unlink()
    os.link(tree.source / "a/one", tree.source / "a/again")
    settle()
    tree.backup()
    tree.assert_restores_source()


def test_types_change_and_names_move(tree):
    fill(tree)
    tree.backup()
    shutil.rmtree(tree.source / "b")
    write(tree.source / "b", b"a file where a directory was")
    (tree.source / "a.b").unlink()
    write(tree.source / "a.b/inside", b"a directory where a file was")
    (tree.source / "a").rename(tree.source / "moved")
    (tree.source / "link").unlink()
    write(tree.source / "link", b"no longer a link")
    tree.backup()
    tree.assert_restores_source()


def test_excludes(tree):
    fill(tree)
    write(tree.source / "run/x.pid", b"1")
    write(tree.source / "cache/CACHEDIR.TAG", b"Signature: 8a477f597d28d172789f06886806bc55\n")
    write(tree.source / "cache/thing", b"1")
    write(tree.source / "large", b"1" * 200000)
    tree.configure(excludes=["*.pid"], exclude_caches=True, exclude_larger_than_bytes=100000)
    tree.backup()
    listed = tree.run("tree", "inspect", tree.only("*.nbkm"), "--entries", "--json").json
    paths = {item["path"].removeprefix(str(tree.source)[1:]) for item in listed["items"]}
    assert "/run" in paths and "/run/x.pid" not in paths
    assert "/cache/CACHEDIR.TAG" in paths and "/cache/thing" not in paths
    assert "/large" not in paths


def test_source_missing_is_carried(tree, scratch):
    fill(tree)
    other = scratch / "other"
    write(other / "kept", b"kept")
    tree.configure(sources=[{"path": str(tree.source)}, {"path": str(other)}])
    settle()
    tree.backup()
    other.rename(scratch / "away")
    result = tree.backup(status=WARNINGS)
    assert result["carried"] == 2 and result["deleted"] == 0
    assert "cannot be looked at" in result["warnings"][0]

    # A full is due, but it would not have what is missing: it waits.
    assert tree.backup("--full", status=WARNINGS)["reason"] == "next-and-wait"
    tree.restore()
    assert pathlib.Path(str(tree.restored) + str(other / "kept")).read_bytes() == b"kept"

    (scratch / "away").rename(other)
    result = tree.backup()
    assert result["carried"] == 0 and result["deleted"] == 0


def test_no_source_at_all(tree):
    fill(tree)
    tree.backup()
    points = tree.points()
    tree.source.rename(tree.source.with_name("away"))
    tree.backup(status=NOT_FOUND)
    assert tree.points() == points
    assert tree.leftovers() == []


def test_not_mounted_is_carried(tree, scratch):
    disk = tree.source / "disk"
    fill(tree)
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", disk], check=True)
    try:
        write(disk / "x", b"on the disk")
        settle()
        tree.backup()
    finally:
        subprocess.run(["umount", disk], check=True)
    result = tree.backup(status=WARNINGS)
    assert (result["carried"], result["deleted"]) == (2, 0)
    assert "Nothing is mounted" in result["warnings"][0]
    tree.restore()
    assert pathlib.Path(str(tree.restored) + str(disk / "x")).read_bytes() == b"on the disk"


@pytest.mark.parametrize("damage, reason", [
    ("flip", "manifest-broken"), ("truncate", "manifest-broken"), ("remove", "manifest-missing"),
    ("archive", "archive-missing"), ("archive-short", "archive-missing")])
def test_damaged_generation(tree, damage, reason):
    fill(tree)
    tree.backup()
    tree.backup()
    manifest = tree.only("*.manifest.nbkm")
    if damage == "flip":
        data = bytearray(manifest.read_bytes())
        data[-20] ^= 1
        manifest.write_bytes(data)
    elif damage == "truncate":
        manifest.write_bytes(manifest.read_bytes()[:-10])
    elif damage == "remove":
        manifest.unlink()
    elif damage == "archive":
        tree.only("*.full.tar.zst").unlink()
    else:
        archive = tree.only("*.full.tar.zst")
        archive.write_bytes(archive.read_bytes()[:-1])
    result = tree.backup(status=WARNINGS)
    assert (result["step"], result["reason"], result["sequence"]) == ("full", reason, 0)
    assert len(tree.generations()) == 2
    tree.assert_restores_source()
    assert tree.backup()["step"] == "incremental"


def test_rotation_by_whole_generation(tree):
    fill(tree)
    tree.configure({"max_generations": 2})
    first = tree.backup()["generation"]
    tree.backup()
    second = tree.backup("--full")["generation"]
    plan = tree.backup("--full", "--plan")
    assert plan["rotated"] == [first] and tree.generations() == [first, second]
    third = tree.backup("--full")
    assert third["rotated"] == [first]
    assert tree.generations() == [second, third["generation"]]
    tree.assert_restores_source()


def test_prune_by_number(tree, scratch):
    fill(tree)
    tree.configure({"base_dir": str(scratch / "elsewhere")})
    for _ in range(3):
        tree.backup("--full")
    tree.configure({"max_generations": 1})
    before = tree.run("list", "--json").json["items"]
    plan = tree.run("prune", "--plan", "--json").json
    assert [item["id"] for item in plan["items"]] == [item["id"] for item in before[:2]]
    assert tree.run("list", "--json").json["items"] == before
    tree.run("prune")
    assert [item["id"] for item in tree.run("list", "--json").json["items"]] == [before[2]["id"]]
    tree.assert_restores_source()


def test_delete_and_verify(tree, scratch):
    fill(tree)
    tree.configure({"base_dir": str(scratch / "elsewhere")})
    full = tree.backup()["backup_id"]
    last = tree.backup()["backup_id"]
    tree.run("verify", f"{tree.project_id}/{last}")
    tree.run("delete", f"{tree.project_id}/{full}", status=BUSY)
    tree.run("delete", f"{tree.project_id}/{last}")
    assert tree.backup()["sequence"] == 1
    tree.assert_restores_source()


def test_storage_without_a_type_is_full(tree):
    fill(tree)
    del tree.storage["type"]
    tree.configure({"max_backups": 2})
    results = [tree.backup() for _ in range(4)]
    assert {result["step"] for result in results} == {"full"}
    assert len(tree.generations()) == 2
    tree.assert_restores_source()


def test_full_interval(tree):
    fill(tree)
    tree.backup()
    metadata = tree.only("*.metadata.json")
    content = json.loads(metadata.read_text())
    content["extra"]["scan_started_nsec"] -= 6 * 24 * 3600 * 10**9
    metadata.write_text(json.dumps(content))
    assert tree.backup("--plan")["reason"] == "next"
    content["extra"]["scan_started_nsec"] -= 24 * 3600 * 10**9
    metadata.write_text(json.dumps(content))
    assert tree.backup()["reason"] == "interval-passed"


def test_gzip(tree):
    fill(tree)
    tree.configure({"compression_mode": "gzip"})
    tree.backup()
    write(tree.source / "a/one", b"changed")
    tree.backup()
    assert tree.only("*.full.tar.gz") and tree.only("*.incr.tar.gz")
    tree.assert_restores_source()


def test_base_dir(tree, scratch):
    fill(tree)
    tree.configure({"base_dir": str(scratch / "elsewhere")})
    tree.backup()
    assert list((scratch / "elsewhere/host1/data").glob("gen-*/*.full.tar.zst"))
    (backup,) = tree.run("list", "--json").json["items"]
    tree.assert_restores_source()

    # What lies outside the repository is exported as if it lay in it.
    package = scratch / "export.tar.gz"
    tree.run("export", f"{tree.project_id}/{backup['id']}", "--output", package)
    with tarfile.open(package) as archive:
        names = archive.getnames()
    assert any(name.startswith(f"{tree.project_id}/gen-") and name.endswith(".full.tar.zst")
               for name in names), names


@pytest.mark.parametrize("storage", [
    {"max_backups": 1, "max_generations": 1}, {"max_backups": 1},
    {"type": "full", "max_generations": 1}, {"full_interval": 0}, {"type": "x"},
    {"base_dir": "relative"}, {"unknown": 1}])
def test_wrong_settings(tree, storage):
    fill(tree)
    tree.configure(storage)
    tree.backup(status=USAGE)
    assert not tree.repository.exists()


def test_busy(tree):
    fill(tree)
    tree.backup()
    with open(tree.directory_of_project / ".lock", "r+b") as lock:
        # An open-file-description lock, as ours: F_OFD_SETLK, a write lock of the whole file.
        fcntl.fcntl(lock, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
        tree.backup(status=BUSY)
    assert tree.backup()["step"] == "incremental"


@pytest.mark.parametrize("step", ["full", "incremental"])
def test_no_space(tree, scratch, step):
    small = scratch / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1M", "none", small], check=True)
    try:
        tree.configure({"base_dir": str(small)})
        if step == "incremental":
            fill(tree)
            tree.backup()
        before = sorted(small.rglob("*"))
        write(tree.source / "large", os.urandom(4 << 20))
        tree.backup(status=NO_SPACE)
        after = [path for path in sorted(small.rglob("*")) if path.is_file()]
        assert [path for path in after if path.name != ".lock"] == [
            path for path in before if path.is_file() and path.name != ".lock"]
        assert not list(small.rglob("gen-*")) or step == "incremental"
        (tree.source / "large").unlink()
        tree.backup()
    finally:
        subprocess.run(["umount", small], check=True)


def test_plan_does_nothing(tree):
    fill(tree)
    plan = tree.backup("--plan")
    assert (plan["step"], plan["reason"]) == ("full", "first")
    assert not tree.directory_of_project.exists()


def test_inspect_says_what_is_there(tree):
    fill(tree)
    tree.backup()
    inspected = tree.run("tree", "inspect", tree.only("*.nbkm"), "--json").json
    assert (inspected["files"], inspected["directories"], inspected["links"]) == (4, 4, 1)
    assert inspected["entries_by_origin"] == {"0": 9}


# ---- killed at every step ----

# Each of these is where what is on the disk changes, or becomes durable.
STEPS = ["fsync", "renameat", "renameat2", "unlinkat", "mkdirat", "ftruncate", "pwrite64"]


def killed(tree, syscall, count, arguments):
    """Whether the run was killed before the COUNTth such call of one of its threads."""
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={syscall}",
         "-e", f"inject={syscall}:signal=KILL:when={count}",
         *tree.command("tree", "backup", "data", *arguments)],
        stdin=subprocess.DEVNULL, capture_output=True, env=tree.env, check=False)
    assert done.returncode in (0, -9, 137), done.stderr
    return done.returncode != 0


@pytest.mark.parametrize("what", ["full", "incremental", "rotation"])
def test_killed_at_every_step(scratch, what):
    tree = Tree(scratch)
    fill(tree)
    if what == "rotation":
        tree.configure({"max_generations": 1})
    arguments = ["--full"] if what == "rotation" else []
    kills = 0
    for syscall in STEPS:
        for count in range(1, 60):
            if what == "full":
                shutil.rmtree(tree.directory_of_project, ignore_errors=True)
            elif not tree.points():
                tree.backup()
            write(tree.source / "changing", os.urandom(100), age_seconds=count)
            before = tree.points()
            if not killed(tree, syscall, count, arguments):
                break
            kills += 1
            after = tree.points()
            if what == "rotation":
                assert after[-1:] and (after == before or after[-1] not in before)
            else:
                assert after[:len(before)] == before and len(after) <= len(before) + 1
            if after:
                # Whatever counts is whole: its files are there, and it restores.
                tree.restore()
            tree.backup()
            assert tree.leftovers() == []
            tree.assert_restores_source()
            assert len(tree.points()) >= 1
    assert kills > 10
