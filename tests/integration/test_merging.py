"""While a cycle is consolidated in place, and after that was interrupted, its newest point is restored,
and what cannot be any more is said to be in consolidation, not broken."""

import json
import shutil

import pytest

from support.helper import BUSY, INTEGRITY, WARNINGS
from support.process import run
from support.steps import Killer
from support.vm import qemu_img_compare

CONSOLIDATE = ("--max-incrementals", "2", "--merge", "in-place")


class Family:
    """A Base and two Incrementals, and what each of them is."""

    def __init__(self, helper, vm, scratch):
        self.helper = helper
        self.vm = vm
        self.killer = Killer(helper, scratch)
        self.expected = {}
        self.out = scratch / "out"
        vm.suspend()
        for number in range(3):
            vm.resume()
            for target in vm.disks:
                vm.write(target, 0x50 + number, f"{number * 300}k", "500k")
            vm.suspend()
            helper.run("vm", "backup", vm.name, "--max-incrementals", "2")
            backup = helper.backups(vm.name)[-1]
            self.expected[backup] = {}
            for target, disk in vm.disks.items():
                raw = scratch / f"{backup}-{target}.raw"
                run("qemu-img", "convert", "-U", "-O", "raw", disk.path, raw)
                self.expected[backup][target] = raw
        self.points = list(self.expected)
        self.saved = scratch / "saved"
        shutil.copytree(helper.project(vm.name), self.saved)

    def consolidation(self):
        return "vm", "backup", self.vm.name, *CONSOLIDATE

    def begin_again(self):
        shutil.rmtree(self.helper.project(self.vm.name))
        shutil.copytree(self.saved, self.helper.project(self.vm.name))
        self.helper.project(self.vm.name).chmod(0o711)

    def mid_commit(self):
        """The number of the step at which qemu-img has written half of what it writes into a base."""
        status, text, steps = self.killer.run(*self.consolidation())
        assert status == 0, text
        self.begin_again()
        writes = [step.number for step in steps
                  if step.program == "qemu-img" and step.call == "write" and "-vda-Base-" in step.what]
        return writes[len(writes) // 2]

    def full_id(self, backup):
        return f"vm/{self.vm.name}/{backup}"

    def restore(self, backup, **expected):
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir()
        result = self.helper.run("vm", "restore", self.full_id(backup), "--directory", self.out,
                                 **expected)
        if result.status == 0:
            for target, raw in self.expected[backup].items():
                assert qemu_img_compare(raw, self.out / f"{self.vm.name}-{target}.qcow2")
        else:
            assert list(self.out.iterdir()) == []
        return result

    def check_while_merging(self):
        newest = self.points[-1]
        result = self.restore(newest)
        assert "is being consolidated into" in result.stderr
        assert "reads through it as before" in result.stderr
        for older in self.points[:-1]:
            result = self.restore(older, status=BUSY)
            assert "only the newest point" in result.stderr and newest in result.stderr
            result = self.helper.run("pin", self.full_id(older), "kept", status=BUSY)
            result = self.helper.run("verify", self.full_id(older), status=WARNINGS)
            assert "is being consolidated in place into" in result.stderr
            self.helper.run("export", self.full_id(older), "--output", self.out / "x.tar.gz",
                            status=BUSY)
        self.helper.run("verify", self.full_id(newest))
        items = self.helper.run("verify", f"vm/{self.vm.name}", "--json", status=WARNINGS).json["items"]
        assert {item["id"]: item["state"] for item in items} == {
            self.full_id(point): "whole" if point == newest else "consolidating"
            for point in self.points}

    def check_merged(self):
        (merged,) = self.helper.backups(self.vm.name)
        self.expected[merged] = self.expected[self.points[-1]]
        self.restore(merged)
        self.helper.run("verify", "--all")


@pytest.fixture
def family(helper, make_vm, scratch):
    return Family(helper, make_vm(vda="4M", vdb="2M"), scratch)


def test_interrupted_in_mid_commit(family):
    at = family.mid_commit()
    status, _, _ = family.killer.run(*family.consolidation(), at=at)
    assert status != 0
    base = family.helper.image(family.vm.name, family.points[0], "vda")
    recorded = json.loads((base.parents[1] / "metadata.json").read_text())["extra"]["files"]
    assert base.stat().st_size != next(
        file["size"] for file in recorded if file["path"].endswith(base.name)), "nothing was written"
    family.check_while_merging()
    # What is wrong with the newest point itself is still found.
    image = family.helper.image(family.vm.name, family.points[-1], "vda")
    content = image.read_bytes()
    image.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    result = family.restore(family.points[-1], status=INTEGRITY)
    assert image.name in result.stderr
    image.write_bytes(content)
    result = family.helper.run(*family.consolidation())
    assert "it goes on where it was" in result.stderr
    family.check_merged()


def test_under_way(family):
    """The consolidation is held in the middle of a write; QEMU's lock is on the base."""
    at = family.mid_commit()
    held = family.killer.hold(*family.consolidation(), at=at)
    try:
        family.restore(family.points[-1])
        family.restore(family.points[0], status=BUSY)
        family.helper.run("verify", family.full_id(family.points[-1]))
        family.helper.run("vm", "backup", family.vm.name, status=BUSY)
    finally:
        status, said = family.killer.let_go(held)
    assert status == 0, said
    family.check_merged()


def test_restores_and_consolidations_at_the_same_time(family):
    """A consolidation does not begin under a restore; where it can (nobody saw the restore's lock), the
    restore of an older point says that it was overtaken, and leaves nothing."""
    at = family.mid_commit()
    restore = ("vm", "restore", family.full_id(family.points[0]), "--directory", family.out)
    family.out.mkdir()
    writes = family.killer.find(lambda step: "qcow2.restoring-" in step.what, *restore)
    shutil.rmtree(family.out)
    family.out.mkdir()
    held = family.killer.hold(*restore, at=writes)
    result = family.helper.run(*family.consolidation(), status=BUSY)
    assert "restores one of its backups" in result.stderr
    (family.helper.project(family.vm.name) / ".restore.lock").unlink()
    status, _, _ = Killer(family.helper, family.saved.parent / "other").run(
        *family.consolidation(), at=at)
    assert status != 0
    status, said = family.killer.let_go(held)
    assert status == BUSY, said
    assert "only the newest point" in said
    assert list(family.out.iterdir()) == []


def test_merged_but_not_cleaned_up(family):
    """The family is being removed: its points are found in the Full-Merged, and nothing is broken."""
    removes = family.killer.find(
        lambda step: step.call == "unlink" and "-Inc-" in step.what and step.what.endswith(".qcow2"),
        *family.consolidation())
    family.begin_again()
    status, _, _ = family.killer.run(*family.consolidation(), at=removes + 1)
    assert status != 0
    (merged,) = [backup for backup in family.helper.backups(family.vm.name)
                 if "-Full-Merged-" in backup]
    family.expected[merged] = family.expected[family.points[-1]]
    family.restore(merged)
    result = family.restore(family.points[0], status=BUSY)
    assert merged in result.stderr
    result = family.helper.run("verify", f"vm/{family.vm.name}", status=WARNINGS)
    assert "was consolidated into" in result.stderr
    family.helper.run(*family.consolidation())
    family.check_merged()
