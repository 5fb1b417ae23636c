"""The ways to consolidate (DESIGN section 7): in place, into a clone, into a copy; each one ended by kill -9
at its steps. The newest point is restorable throughout; by clone and copy, every point is."""

import hashlib
import json
import os
import shutil
import subprocess

import pytest

from support.helper import BINARY, INTEGRITY, NO_SPACE, Helper
from support.process import run
from support.vm import qemu_img_compare

KILL_AT = BINARY.parents[1] / "tests/fakes/libkill-at.so"


@pytest.fixture
def reflinks(scratch):
    """A directory on XFS, which can clone files; mounted before any VM starts, so that QEMU sees it."""
    image = scratch / "xfs.img"
    place = scratch / "xfs"
    with open(image, "wb") as file:
        file.truncate(600 << 20)
    run("mkfs.xfs", "-q", "-m", "reflink=1", image)
    place.mkdir()
    run("mount", "-o", "loop", image, place)
    place.chmod(0o711)
    yield place
    run("umount", "--lazy", place)


class Family:
    """A cycle that its next run consolidates, and the means to begin again from it."""

    def __init__(self, helper, vm, scratch):
        self.helper = helper
        self.vm = vm
        self.scratch = scratch
        self.expected = {}
        for number in range(3):
            vm.write("vda", 0x50 + number, f"{number * 9}M", "300k")
            vm.write("vdb", 0x60 + number, f"{number * 3}M", "130k")
            self.back_up()
            newest = helper.backups(vm.name)[-1]
            self.expected[newest] = {}
            for target in vm.disks:
                raw = scratch / f"{newest}-{target}.raw"
                run("qemu-img", "convert", "-O", "raw", helper.image(vm.name, newest, target), raw)
                self.expected[newest][target] = raw
        self.points = list(self.expected)
        self.saved = scratch / "saved"
        shutil.copytree(helper.project(vm.name), self.saved)
        self.files = self.hashes()

    def back_up(self, *options, **expected):
        return self.helper.run("vm", "backup", self.vm.name, "--max-incrementals", "2", *options,
                               **expected)

    def hashes(self):
        project = self.helper.project(self.vm.name)
        return {str(path.relative_to(project)): hashlib.sha256(path.read_bytes()).hexdigest()
                for name in self.points for path in sorted((project / name).rglob("*"))
                if path.is_file()}

    def begin_again(self):
        project = self.helper.project(self.vm.name)
        shutil.rmtree(project)
        shutil.copytree(self.saved, project)
        project.chmod(0o711)

    def kill_at(self, number, *options):
        """Status and the number of steps. qemu-img, which the program runs, is ended in the same way."""
        count = self.scratch / "count"
        count.unlink(missing_ok=True)
        env = {**self.helper.env, "LD_PRELOAD": str(KILL_AT)}
        env["KILL_COUNT" if number is None else "KILL_AT"] = str(count if number is None else number)
        command = self.helper.command("vm", "backup", self.vm.name, "--max-incrementals", "2", *options)
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        return done.returncode, int(count.read_text()) if number is None else None

    def merged(self):
        (name,) = [name for name in self.helper.backups(self.vm.name) if "-Full-Merged-" in name]
        return name

    def assert_reads_as(self, backup, point):
        for target, raw in self.expected[point].items():
            assert qemu_img_compare(raw, self.helper.image(self.vm.name, backup, target), "-f", "raw")

    def assert_done(self):
        assert self.helper.backups(self.vm.name) == [self.merged()]
        self.assert_reads_as(self.merged(), self.points[-1])
        self.helper.run("verify", f"vm/{self.vm.name}/{self.merged()}")
        assert self.helper.manifest(self.vm.name) is None
        project = self.helper.project(self.vm.name)
        kept = [path.name for path in project.iterdir() if path.name not in (self.merged(), ".lock")]
        # What failed keeps its record, and nothing else.
        for name in kept:
            assert [path.name for path in (project / name).iterdir()] == ["metadata.json"]
            assert json.loads((project / name / "metadata.json").read_text())["status"] == "failed"


@pytest.fixture
def family(helper, vm, scratch):
    return Family(helper, vm, scratch)


@pytest.fixture
def cloning(reflinks, make_vm, scratch):
    machine = make_vm(vda="64M", vdb="32M")
    machine.write("vda", 0x11, "0", "3M")
    machine.write("vdb", 0x33, "8M", "2M")
    return Family(Helper(reflinks / "backup"), machine, scratch)


def said(result, words):
    return words in result.stderr


def test_copy(family):
    family.back_up("--merge", "copy")
    family.assert_done()


def test_copy_compressed(family):
    family.back_up("--merge", "copy", "--compress", "zstd")
    family.assert_done()
    image = family.helper.image(family.vm.name, family.merged(), "vda")
    info = json.loads(run("qemu-img", "info", "--output=json", image))
    assert info["format-specific"]["data"]["compression-type"] == "zstd"
    assert image.stat().st_size < (1 << 20)


def test_compression_implies_a_copy_and_says_so(family):
    result = family.back_up("--compress", "zstd")
    assert said(result, "Compression needs a copy")
    family.assert_done()


def test_the_settings_are_the_defaults(family):
    family.helper.run("config", "set", "compression", "zstd")
    family.helper.run("config", "set", "merge_mode", "copy")
    result = family.back_up()
    assert said(result, "(copy)")
    family.assert_done()


def test_auto_is_in_place_without_reflinks(family):
    filesystem = run("stat", "-f", "-c", "%T", family.scratch).strip()
    assert filesystem not in ("xfs", "btrfs"), "/var/tmp can clone: this test needs one that cannot"
    assert said(family.back_up(), "(in-place)")
    family.assert_done()


def test_auto_clones_where_it_can_and_writes_only_what_changed(cloning):
    usage = os.statvfs(cloning.helper.repository)
    free_before = usage.f_bavail * usage.f_frsize
    result = cloning.back_up("--merge", "auto")
    assert said(result, "(clone)")
    cloning.assert_done()
    usage = os.statvfs(cloning.helper.repository)
    # The incrementals are gone and their data are in the clone: no more than before, by far.
    assert usage.f_bavail * usage.f_frsize > free_before - (1 << 20)


def test_a_base_that_differs_stops_each_way(family):
    base = family.helper.image(family.vm.name, family.points[0], "vda")
    with open(base, "r+b") as file:
        file.seek(base.stat().st_size - 1)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
    for mode in ("auto", "in-place", "copy"):
        family.back_up("--merge", mode, status=INTEGRITY)
        assert family.helper.manifest(family.vm.name)["status"] == "active"
        assert family.helper.backups(family.vm.name) == family.points


def kill_at_steps(family, *options, keeps_all):
    status, count = family.kill_at(None, *options)
    assert status == 0
    family.assert_done()
    lost = 0
    # Each step of the program and of qemu-img takes a run or two: a dozen, spread over all of them.
    steps = range(1, count + 1, max(1, count // 12))
    for number in steps:
        family.begin_again()
        status, _ = family.kill_at(number, *options)
        merged = [name for name in family.helper.backups(family.vm.name) if "-Full-Merged-" in name]
        if merged:
            family.assert_reads_as(merged[0], family.points[-1])
        else:
            family.assert_reads_as(family.points[-1], family.points[-1])
            if keeps_all:
                assert family.hashes() == family.files, f"killed at step {number}"
        lost += status != 0
        if family.helper.manifest(family.vm.name) is not None:
            family.back_up(*options)
        family.assert_done()
    assert lost > len(steps) // 2, "hardly anything was killed"
    print(f"{lost} of {len(steps)} runs were killed, of {count} steps")


def test_copy_killed_at_its_steps(family):
    kill_at_steps(family, "--merge", "copy", keeps_all=True)


def test_clone_killed_at_its_steps(cloning):
    kill_at_steps(cloning, "--merge", "auto", keeps_all=True)


def test_in_place_killed_at_its_steps(family):
    kill_at_steps(family, "--merge", "in-place", keeps_all=False)


def test_no_space_for_a_copy(reflinks, make_vm, scratch):
    """Refused before anything is changed; by clone there is room."""
    machine = make_vm(vda="200M")
    machine.write("vda", 0x77, "0", "150M")
    helper = Helper(reflinks / "backup")
    for _ in range(3):
        machine.write("vda", 0x78, "1M", "1M")
        helper.run("vm", "backup", machine.name, "--max-incrementals", "2")
    usage = os.statvfs(reflinks)
    with open(reflinks / "ballast", "wb") as ballast:
        os.posix_fallocate(ballast.fileno(), 0, usage.f_bavail * usage.f_frsize - (60 << 20))
    before = helper.backups(machine.name)
    result = helper.run("vm", "backup", machine.name, "--max-incrementals", "2", "--merge", "copy",
                        status=NO_SPACE)
    assert "--merge in-place" in result.stderr
    assert helper.backups(machine.name) == before
    assert helper.manifest(machine.name)["status"] == "active"
    helper.run("vm", "backup", machine.name, "--max-incrementals", "2")
    assert len(helper.backups(machine.name)) == 1
