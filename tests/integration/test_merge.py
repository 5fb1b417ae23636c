"""The ways to consolidate: in place, into a clone, into a copy. How each one ends by
kill -9 is in test_kill.py."""

import json
import os

import pytest

from support.helper import INTEGRITY, NO_SPACE, Helper
from support.process import run
from support.vm import qemu_img_compare
from support.wait import wait_until


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

    def back_up(self, *options, **expected):
        return self.helper.run("vm", "backup", self.vm.name, "--max-incrementals", "2", *options,
                               **expected)

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

    def is_free():
        usage = os.statvfs(cloning.helper.repository)
        return usage.f_bavail * usage.f_frsize > free_before - (1 << 20)

    # The incrementals are gone and their data are in the clone: no more than before, by far. XFS gives
    # the room of what was removed back a little later.
    wait_until(is_free, "the room of the incrementals is given back")


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
