"""kill -9 at each step of a backup (support/kill_sweep.py has what must hold)."""

import shutil

from support.kill_fixtures import bed, kill_at_steps, operations
from support.kill_sweep import Operation, said
from support.steps import Killer
from support.vm import virsh


class Base(Operation):
    def command(self):
        return "vm", "backup", self.vm.name

    def prepare(self):
        super().prepare()
        (self.bed.project / "manifest.json").unlink()
        for backup in self.bed.family:
            shutil.rmtree(self.bed.project / backup)
        for name in self.vm.checkpoints() if self.vm.state == "paused" else []:
            virsh("checkpoint-delete", self.vm.name, name)
        self.before = self.helper.backups(self.vm.name)

    def check_killed(self):
        return self.bed.check_points(**self.made())

    def made(self):
        """The disks do not change meanwhile. A name can come again that is of a backup no more."""
        return {backup: self.bed.disks for backup in self.helper.backups(self.vm.name)
                if backup not in self.before}

    def check_done(self):
        made = self.made()
        assert made
        self.bed.check_points(**made)
        self.bed.check_tidy()


class Incremental(Base):
    def command(self):
        return "vm", "backup", self.vm.name, "--max-incrementals", "200"

    def prepare(self):
        Operation.prepare(self)
        self.before = self.helper.backups(self.vm.name)


class Verified(Incremental):
    """Read again at its end."""

    def command(self):
        return (*super().command(), "--verify")


class Standalone(Incremental):
    def command(self):
        return "vm", "backup", self.vm.name, "--standalone"


class Pinned(Incremental):
    def command(self):
        return "vm", "backup", self.vm.name, "--pin", "kept"

    def check_done(self):
        super().check_done()
        assert {self.helper.metadata(self.vm.name, backup)["type"] for backup in self.made()} == {
            "checkpoint"}


class PinnedLater(Incremental):
    """The cycle's first incremental; a backup is the next run."""

    def command(self):
        return "pin", self.bed.full_id(self.bed.family[1]), "kept"

    def made(self):
        pinned = self.bed.expected[self.bed.family[1]]
        return {backup: self.bed.disks if "-Inc-" in backup else pinned
                for backup in self.helper.backups(self.vm.name) if backup not in self.before}

    def go_on(self):
        result = self.helper.run("vm", "backup", self.vm.name, "--max-incrementals", "200")
        self.check_done()
        return said(result.stderr)


class OfAStoppedVm:
    """It is started paused, and off again in the end."""

    samples = 3
    is_off = True

    def check_done(self):
        super().check_done()
        assert self.vm.state == "shut off"


class BaseOfAStoppedVm(OfAStoppedVm, Base):
    pass


class IncrementalOfAStoppedVm(OfAStoppedVm, Incremental):
    pass


@operations(Base, Incremental, Verified, Standalone, Pinned, PinnedLater, BaseOfAStoppedVm,
            IncrementalOfAStoppedVm)
def test_backup(kill_at_steps, operation):
    kill_at_steps(operation)


def test_raw_disks_only(helper, make_vm, scratch):
    """No disk can have a checkpoint: a backup that was complete joins the cycle all the same. One of a
    family that was forgotten does not."""
    vm = make_vm(vda="2M", form="raw")
    vm.suspend()
    command = ("vm", "backup", vm.name)
    for made in (1, 2):
        status, _, _ = Killer(helper, scratch).run(*command, match=".tmp-manifest.json")
        assert status != 0
        assert len(helper.backups(vm.name)) == made
        assert len((helper.manifest(vm.name) or {"backup_ids": []})["backup_ids"]) == made - 1
        result = helper.run(*command, "--standalone")
        assert "it is part of the cycle now" in result.stderr
        shutil.rmtree(helper.project(vm.name) / helper.backups(vm.name)[-1])
        assert helper.manifest(vm.name)["backup_ids"] == helper.backups(vm.name)
    assert not (helper.project(vm.name) / ".joining").exists()
    helper.run("verify", f"vm/{vm.name}")
    helper.run("vm", "forget", vm.name)
    helper.run(*command)
    assert helper.manifest(vm.name)["backup_ids"] == [helper.backups(vm.name)[-1]]
    assert len(helper.backups(vm.name)) == 3
