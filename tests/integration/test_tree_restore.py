"""tree.restore from the outside: every point of a tree that changed by chance, and kill -9 at every
step."""

import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess

import pytest

from support.helper import BINARY, INTEGRITY, NOT_FOUND, USAGE, Helper
from support.trees import Mutator, describe, differences

KILL_AT = BINARY.parents[1] / "tests/fakes/libkill-at.so"

MUTATIONS = 500
INCREMENTALS = 20


class Tree:
    """A source, its backups, and restores of them."""

    def __init__(self, scratch, **storage):
        self.scratch = scratch
        self.source = scratch / "source"
        self.source.mkdir()
        self.helper = Helper(
            scratch / "backup",
            storages={"store": {"type": "incremental", "max_generations": 4, "full_interval": 7,
                                **storage}},
            backups=[{"name": "data", "agent": "host1", "storage": "store",
                      "sources": [{"path": str(self.source)}]}])
        self.project = "tree/host1/data"

    def backup(self):
        """Backs up; returns when the point was made."""
        view = self.helper.run("tree", "backup", "data", "--json").json
        result = view.get("result", view)
        info = self.helper.run("info", f"{self.project}/{result['backup_id']}", "--json").json
        return info["created_at"]

    def restore(self, target, *options, status=0, **keywords):
        return self.helper.run("tree", "restore", self.project, "--target", target, "--json",
                               *options, status=status, **keywords)

    def restored(self, target):
        """Where the source is below a target."""
        return pathlib.Path(f"{target}{self.source}")


@pytest.fixture
def tree(scratch):
    return Tree(scratch)


def assert_same(expected, found, what):
    wrong = differences(expected, found)
    assert not wrong, f"{what}:\n" + "\n".join(wrong[:20])


@pytest.mark.parametrize("compression", ["zstd", "gzip"])
def test_every_point_of_a_changing_tree(scratch, compression):
    seed = int(os.environ.get("BK_SEED") or random.SystemRandom().randrange(2**32))
    print(f"seed: BK_SEED={seed}")
    tree = Tree(scratch, compression_mode=compression)
    chance = random.Random(seed)
    mutator = Mutator(tree.source, chance)
    for _ in range(60):
        mutator.mutate()

    points = [(tree.backup(), describe(tree.source))]
    for _ in range(INCREMENTALS):
        for _ in range(MUTATIONS // INCREMENTALS):
            mutator.mutate()
        points.append((tree.backup(), describe(tree.source)))

    mirror = scratch / "mirror"
    for number, (created_at, expected) in enumerate(points):
        target = scratch / "target"
        tree.restore(target, "--date", created_at)
        assert_same(expected, describe(tree.restored(target)), f"seed {seed}, point {number}")
        shutil.rmtree(target)
        # The same into a directory that holds the point before.
        tree.restore(mirror, "--date", created_at, "--overwrite", "--delete")
        assert_same(expected, describe(tree.restored(mirror)), f"seed {seed}, mirror {number}")

    # And far back in one step.
    created_at, expected = points[0]
    tree.restore(mirror, "--date", created_at, "--overwrite", "--delete")
    assert_same(expected, describe(tree.restored(mirror)), f"seed {seed}, mirror back")


def fill(tree, count=40):
    mutator = Mutator(tree.source, random.Random(7))
    for _ in range(count):
        mutator.mutate()
    return describe(tree.source)


def kill_at(tree, number, target, *options):
    """Restores with the end of a kill -9 before call number; returns the status."""
    env = {**tree.helper.env, "LD_PRELOAD": str(KILL_AT)}
    count = tree.scratch / "count"
    env["KILL_COUNT"] = str(count)
    if number is not None:
        env["KILL_AT"] = str(number)
    done = subprocess.run(
        tree.helper.command("tree", "restore", tree.project, "--target", target, *options),
        stdin=subprocess.DEVNULL, capture_output=True, env=env, check=False)
    return done.returncode, int(count.read_text()) if number is None else None


def assert_whole(expected, found):
    """Each file that is there is whole: killed in the middle, some are missing, none is half."""
    for path, one in found.items():
        if "sha256" in one:
            assert path in expected, f"{path} is of no backup"
            assert one["sha256"] == expected[path]["sha256"], f"{path} is not whole"


def test_kill_at_every_step(tree):
    expected = fill(tree)
    tree.backup()
    status, count = kill_at(tree, None, tree.scratch / "counted")
    assert status == 0 and count > 60
    for number in range(1, count + 1, max(1, count // 60)):
        target = tree.scratch / f"target-{number}"
        status, _ = kill_at(tree, number, target)
        assert status in (-signal.SIGKILL, 0), f"step {number}"
        found = tree.restored(target)
        if found.exists():
            assert_whole(expected, describe(found))
        # The same command goes on; once all is restored and the marker gone, it refuses.
        again = tree.restore(target, status=None)
        assert again.status in (0, USAGE), again
        assert_same(expected, describe(tree.restored(target)), f"after a kill at step {number}")
        assert not list(target.glob(".cockpit-backup-restore*"))
        shutil.rmtree(target)


def test_kill_while_mirroring(tree):
    mutator = Mutator(tree.source, random.Random(3))
    for _ in range(40):
        mutator.mutate()
    first = (tree.backup(), describe(tree.source))
    for _ in range(40):
        mutator.mutate()
    second = (tree.backup(), describe(tree.source))
    target = tree.scratch / "target"
    tree.restore(target, "--date", first[0])
    options = ("--overwrite", "--delete")
    whole = {**first[1]}
    _, count = kill_at(tree, None, target, "--date", second[0], *options)
    for number in range(1, count + 1, max(1, count // 25)):
        tree.restore(target, "--date", first[0], *options)
        kill_at(tree, number, target, "--date", second[0], *options)
        for path, one in describe(tree.restored(target)).items():
            sums = [point.get(path, {}).get("sha256") for point in (whole, second[1])]
            assert one.get("sha256") in (None, *sums), f"{path} is of neither point"
        tree.restore(target, "--date", second[0], *options)
        assert_same(second[1], describe(tree.restored(target)), f"after a kill at step {number}")


def test_what_it_asks_for(tree):
    fill(tree)
    (tree.source / "wanted").write_bytes(b"wanted")
    created_at = tree.backup()
    target = tree.scratch / "target"

    tree.restore(target, "--file", tree.source / "wanted")
    assert (tree.restored(target) / "wanted").read_bytes() == b"wanted"
    assert len(list(target.rglob("*"))) == len(tree.source.parts)

    refused = tree.restore(target, status=USAGE)
    assert "--overwrite" in refused.stderr
    tree.restore(tree.scratch / "other", "--file", "/nothing", status=NOT_FOUND)
    tree.restore(tree.scratch / "other", "--date", "2020-01-01", status=NOT_FOUND)
    tree.restore(tree.scratch / "other", "--generation", "gen-1999-01-01", status=NOT_FOUND)

    (tree.restored(target) / "extra").write_bytes(b"")
    plan = tree.restore(target, "--overwrite", "--delete", "--plan").json
    assert plan["would_remove_count"] == 1
    assert (tree.restored(target) / "extra").exists()
    tree.restore(target, "--overwrite", "--delete", "--date", created_at[:10])
    assert not (tree.restored(target) / "extra").exists()


def test_list_only_reads_no_archive(tree):
    expected = fill(tree)
    tree.backup()
    for archive in (tree.helper.repository / tree.project).glob("*/*.tar.zst"):
        archive.unlink()
    listed = tree.helper.run("tree", "restore", tree.project, "--list-only", "--json").json
    assert len(listed["items"]) == len(expected)

    broken = tree.restore(tree.scratch / "target", status=INTEGRITY)
    assert "were not restored" in broken.stderr


def test_verify_reads_archives(tree):
    fill(tree)
    tree.backup()
    (tree.source / "later").write_bytes(b"later")
    tree.backup()
    tree.helper.run("verify", tree.project)

    # The same bytes under the sums of metadata.json, and yet not what the manifest says: the
    # incremental's archive stands where the full's should.
    generation = next((tree.helper.repository / tree.project).glob("gen-*"))
    full, = generation.glob("*.full.tar.zst")
    incremental, = generation.glob("*.incr.tar.zst")
    metadata, = (path for path in generation.glob("*.metadata.json")
                 if path.name.startswith(full.name[:19]))
    value = json.loads(metadata.read_text())
    full.write_bytes(incremental.read_bytes())
    for file in value["extra"]["files"]:
        if file["path"] == full.name:
            file["size"] = full.stat().st_size
            file["sha256"] = hashlib.sha256(full.read_bytes()).hexdigest()
    value["checksum"] = hashlib.sha256("".join(
        f"{file['sha256']}  {file['path']}\n" for file in value["extra"]["files"]
    ).encode()).hexdigest()
    metadata.write_text(json.dumps(value))
    told = tree.helper.run("verify", tree.project, status=INTEGRITY)
    assert "in its archive" in told.stdout
