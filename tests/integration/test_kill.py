"""kill -9 before every call by which an operation changes something: every completed
point still restores to identical bytes, the next run goes on by itself and says so, nothing is left.

A few steps of each operation are sampled; tests/run integration -k kill --all-steps takes them all. The table of what came of
each is tests/results/kill-points.txt."""

import json
import os
import pathlib
import shutil
import tempfile

import pytest

from support.files import mount_reflinks
from support.helper import NOT_FOUND, Helper
from support.process import run
from support.steps import Killer, Table, leftovers, sample
from support.vm import Vm, qemu_img_compare, virsh

# Of each operation, unless all are asked for.
SAMPLES = 5
TABLE = Table()


def raw_copy(source, target):
    run("qemu-img", "convert", "-U", "-O", "raw", source, target)
    return target


class Bed:
    """A VM with two disks and a project that holds a bit of everything: an old Full-Merged, a standalone
    copy, and a cycle of a Base and two Incrementals. Each operation begins from this again and again."""

    def __init__(self, helper, vm, scratch):
        self.helper = helper
        self.vm = vm
        self.scratch = scratch
        self.project = helper.project(vm.name)
        self.killer = Killer(helper, scratch)
        self.expected = {}
        self.number = 0
        vm.suspend()
        for _ in range(3):
            self.change_and_back_up("--max-incrementals", "1")
        (self.merged,) = helper.backups(vm.name)
        self.change_and_back_up("--standalone")
        self.standalone = helper.backups(vm.name)[-1]
        for _ in range(3):
            self.change_and_back_up()
        self.family = helper.manifest(vm.name)["backup_ids"]
        self.checkpoint = helper.manifest(vm.name)["last_checkpoint_name"]
        self.saved = scratch / "saved"
        shutil.copytree(self.project, self.saved)
        self.disks = {target: raw_copy(disk.path, scratch / f"now-{target}.raw")
                      for target, disk in vm.disks.items()}
        self.images = scratch / "disks"
        self.images.mkdir()

    def full_id(self, backup):
        return f"vm/{self.vm.name}/{backup}"

    def change(self):
        self.number += 1
        self.vm.resume()
        for target in self.vm.disks:
            self.vm.write(target, self.number % 250 + 1, f"{self.number % 15 * 128}k", "70k")
        self.vm.suspend()

    def change_and_back_up(self, *options):
        self.change()
        self.helper.run("vm", "backup", self.vm.name, *options)
        self.remember(self.helper.backups(self.vm.name)[-1])

    def remember(self, backup):
        """What this point must read as from now on."""
        self.expected[backup] = {
            target: raw_copy(self.helper.image(self.vm.name, backup, target),
                             self.scratch / f"{backup}-{target}.raw") for target in self.vm.disks}

    def begin_again(self):
        """The project as it was, and the VM with the one checkpoint it knows."""
        shutil.rmtree(self.project)
        shutil.copytree(self.saved, self.project)
        self.project.chmod(0o711)
        if self.vm.state != "paused":
            return
        for name in self.vm.checkpoints():
            virsh("checkpoint-delete", self.vm.name, name)
        description = self.scratch / "checkpoint.xml"
        description.write_text(
            f"<domaincheckpoint><name>{self.checkpoint}</name></domaincheckpoint>")
        virsh("checkpoint-create", self.vm.name, description)

    def given_up(self):
        """What of the family an unfinished consolidation gave up."""
        manifest = self.helper.manifest(self.vm.name) or {}
        if manifest.get("status") != "consolidating":
            return []
        if manifest["merged_id"] in self.helper.backups(self.vm.name):
            return manifest["backup_ids"]
        return manifest["backup_ids"][:-1] if "merge" not in manifest else []

    def assert_reads_as(self, backup, expected):
        for target, raw in expected.items():
            image = self.helper.image(self.vm.name, backup, target)
            assert qemu_img_compare(raw, image, "-f", "raw"), f"{backup} {target}"

    def check_points(self, **others):
        """Every completed point reads as it did; the family's newest state is there in any case."""
        given_up = self.given_up()
        known = {**self.expected, **others}
        backups = self.helper.backups(self.vm.name)
        checked = [backup for backup in backups if backup not in given_up]
        for backup in checked:
            newest = known.get(self.family[-1])
            self.assert_reads_as(backup, known.get(backup, newest))
        return f"{len(checked)} points read right"

    def check_tidy(self):
        """Nothing in the project but points, records of failures, the manifest and its locks."""
        assert leftovers(self.project) == []
        completed = self.helper.backups(self.vm.name)
        manifest = self.helper.manifest(self.vm.name)
        for path in self.project.iterdir():
            if path.name in (".lock", ".restore.lock", "manifest.json") or path.name in completed:
                continue
            assert [file.name for file in path.iterdir()] == ["metadata.json"], path
            assert self.helper.metadata(self.vm.name, path.name)["status"] == "failed"
        for backup in completed:
            named = {file["path"] for file in
                     self.helper.metadata(self.vm.name, backup)["extra"]["files"]}
            found = {str(path.relative_to(self.project / backup))
                     for path in (self.project / backup).rglob("*") if path.is_file()}
            assert found == named | {"metadata.json"}
        if self.vm.state != "shut off":
            assert self.vm.checkpoints() == ([manifest["last_checkpoint_name"]] if manifest else [])


def said(text):
    """What a run said about the one before it."""
    words = ("interrupted", "no longer needed", "finished", "goes on")
    lines = [line.split(": ", 1)[-1] for line in text.splitlines()
             if any(word in line for word in words)]
    return " / ".join(lines) or "nothing was left to mend"


class Operation:
    """What is killed, how it is begun again, and what must hold."""

    def __init__(self, bed):
        self.bed = bed
        self.helper = bed.helper
        self.vm = bed.vm

    def prepare(self):
        self.bed.begin_again()

    def check_killed(self):
        return self.bed.check_points()

    def go_on(self):
        """The next run; what it said."""
        result = self.helper.run(*self.command())
        self.check_done()
        return said(result.stderr)

    def check_done(self):
        self.bed.check_points()
        self.bed.check_tidy()


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


class Standalone(Incremental):
    def command(self):
        return "vm", "backup", self.vm.name, "--standalone"


class Consolidation(Operation):
    options = ()

    def command(self):
        return "vm", "backup", self.vm.name, "--max-incrementals", "2", *self.options

    def go_on(self):
        if self.helper.manifest(self.vm.name) is None:
            self.check_done()
            return "there was nothing left to do"
        return super().go_on()

    def check_done(self):
        left = [backup for backup in self.helper.backups(self.vm.name)
                if backup not in self.bed.expected]
        assert len(left) == 1 and "-Full-Merged-" in left[0]
        assert not set(self.bed.family) & set(self.helper.backups(self.vm.name))
        super().check_done()


class InPlace(Consolidation):
    options = ("--merge", "in-place")


class Copy(Consolidation):
    options = ("--merge", "copy")


class Compressed(Consolidation):
    options = ("--compress", "zstd")


class Clone(Consolidation):
    options = ("--merge", "auto")


class Prune(Operation):
    def command(self):
        return "prune", "--days", "30"

    def prepare(self):
        super().prepare()
        path = self.bed.project / self.bed.standalone / "metadata.json"
        metadata = json.loads(path.read_text())
        metadata["created_at"] = "2020-01-01T00:00:00.000Z"
        path.write_text(json.dumps(metadata))

    def check_done(self):
        super().check_done()
        assert self.bed.standalone not in self.helper.backups(self.vm.name)
        assert self.bed.merged in self.helper.backups(self.vm.name)


class Delete(Operation):
    def command(self):
        return ("delete", self.bed.full_id(self.bed.merged), "--confirm", self.bed.merged)

    def go_on(self):
        result = self.helper.run(*self.command(), status=None)
        assert result.status in (0, NOT_FOUND), result
        self.check_done()
        return said(result.stderr)

    def check_done(self):
        super().check_done()
        assert self.bed.merged not in self.helper.backups(self.vm.name)


class Forget(Operation):
    def command(self):
        return "vm", "forget", self.vm.name

    def check_done(self):
        super().check_done()
        assert self.helper.manifest(self.vm.name) is None
        assert self.bed.family[-1] in self.helper.backups(self.vm.name)


class Pin(Base):
    """Of the cycle's first incremental; a backup is the next run."""

    def command(self):
        return "pin", self.bed.full_id(self.bed.family[1]), "kept"

    def prepare(self):
        Operation.prepare(self)
        self.before = self.helper.backups(self.vm.name)

    def made(self):
        pinned = self.bed.expected[self.bed.family[1]]
        return {backup: self.bed.disks if "-Inc-" in backup else pinned
                for backup in self.helper.backups(self.vm.name) if backup not in self.before}

    def go_on(self):
        result = self.helper.run("vm", "backup", self.vm.name, "--max-incrementals", "200")
        self.check_done()
        return said(result.stderr)


class Restore(Operation):
    """Of the cycle's first incremental; the next run restores the same."""

    def __init__(self, bed):
        super().__init__(bed)
        self.point = bed.family[1]
        self.out = bed.scratch / "out"

    def prepare(self):
        super().prepare()
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir(mode=0o711)

    def tidy_and_verify(self):
        self.bed.check_points()
        self.bed.check_tidy()
        assert leftovers(self.out, self.vm.directory) == []

    def assert_images(self, name):
        for target, raw in self.bed.expected[self.point].items():
            assert qemu_img_compare(raw, self.out / f"{name}-{target}.qcow2")


class RestoreToDirectory(Restore):
    def command(self, *options):
        return ("vm", "restore", self.bed.full_id(self.point), "--directory", self.out, *options)

    def check_killed(self):
        for image in self.out.glob("*.qcow2"):
            target = image.stem.split("-")[-1]
            assert qemu_img_compare(self.bed.expected[self.point][target], image)
        placed = len(list(self.out.glob("*.qcow2")))
        return f"{self.bed.check_points()}, {placed} images placed, each whole"

    def go_on(self):
        result = self.helper.run(*self.command("--overwrite"))
        self.assert_images(self.vm.name)
        assert len(list(self.out.iterdir())) == 3
        self.tidy_and_verify()
        return said(result.stderr)


class RestoreOverwriting(RestoreToDirectory):
    def prepare(self):
        super().prepare()
        for target in self.vm.disks:
            shutil.copy(self.bed.saved / self.bed.merged / "metadata.json",
                        self.out / f"{self.vm.name}-{target}.qcow2")

    def command(self, *options):
        return super().command("--overwrite")

    def check_killed(self):
        return self.bed.check_points()


class RestoreAsNew(Restore):
    def __init__(self, bed):
        super().__init__(bed)
        self.name = f"{bed.vm.name}-new"

    def remove(self):
        virsh("undefine", self.name, check=False)

    def prepare(self):
        super().prepare()
        self.remove()

    def is_defined(self):
        return self.name in virsh("list", "--all", "--name").split()

    def command(self):
        return ("vm", "restore", self.bed.full_id(self.point), "--as", self.name, "--directory",
                self.out)

    def check_killed(self):
        defined = self.is_defined()
        if defined:
            self.assert_images(self.name)
        return f"{self.bed.check_points()}, the VM {'is' if defined else 'is not'} defined"

    def go_on(self):
        # A backup of the old VM is a next run, too; it leaves the new one as it is, or nothing of it.
        result = self.helper.run("vm", "backup", self.vm.name, "--max-incrementals", "200")
        if not self.is_defined():
            assert list(self.out.iterdir()) == [], result
            self.helper.run(*self.command())
        self.assert_images(self.name)
        assert len(list(self.out.iterdir())) == len(self.vm.disks)
        assert leftovers(self.out, self.bed.project) == []
        return said(result.stderr)


class RestoreInPlace(Restore):
    """At every instant the VM has its own disks or the restored ones, or cannot start."""

    def prepare(self):
        super().prepare()
        for target, disk in self.vm.disks.items():
            for path in leftovers(self.vm.directory):
                path.unlink()
            shutil.copy(self.bed.images / target, disk.path)
        for name in self.vm.checkpoints():
            virsh("checkpoint-delete", self.vm.name, name, "--metadata")
        virsh("checkpoint-create", self.vm.name, "--redefine", self.bed.scratch / "redefine.xml")

    def command(self):
        return "vm", "restore", self.bed.full_id(self.point), "--in-place"

    def which(self):
        missing = [target for target, disk in self.vm.disks.items() if not disk.path.exists()]
        if missing:
            assert "running" not in virsh("start", self.vm.name, check=False)
            assert self.vm.state == "shut off"
            return f"no disk {missing[0]}: it cannot start"
        for name, disks in (("its own", self.bed.disks),
                            ("the restored", self.bed.expected[self.point])):
            if all(qemu_img_compare(disks[target], disk.path, "-f", "raw")
                   for target, disk in self.vm.disks.items()):
                return f"{name} disks"
        raise AssertionError("some disks are the VM's own and some are restored")

    def check_killed(self):
        return f"{self.bed.check_points()}, {self.which()}"

    def go_on(self):
        before = self.which()
        # Another restore is the next run.
        result = self.helper.run("vm", "restore", self.bed.full_id(self.bed.merged), "--directory",
                                 self.out)
        after = self.which()
        assert after == ("its own disks" if before == "its own disks" else "the restored disks")
        self.tidy_and_verify()
        if after == "the restored disks":
            assert self.helper.manifest(self.vm.name) is None
            assert self.vm.checkpoints() == []
        return f"{said(result.stderr)} ({after})"


def sweep(operation, name, all_steps, samples=SAMPLES):
    """Kills it before each of its steps in turn."""
    bed = operation.bed
    operation.prepare()
    status, text, steps = bed.killer.run(*operation.command())
    assert status == 0, text
    assert steps, "no step was seen"
    total = len(steps)
    kills = 0
    for number in range(1, total + 1) if all_steps else sample(steps, samples):
        operation.prepare()
        status, text, begun = bed.killer.run(*operation.command(), at=number)
        if len(begun) < number:
            continue  # this time it had fewer: what a connection says is not always the same
        assert status != 0, f"{name}: it was not killed before step {number}"
        kills += 1
        found = operation.check_killed()
        then = operation.go_on()
        bed.helper.run("verify", f"vm/{bed.vm.name}")
        TABLE.add(name, begun[number - 1], total, found, then)
    TABLE.close(name, kills, total)
    assert kills >= (total * 3 // 4 if all_steps else min(3, samples))


@pytest.fixture(scope="module")
def all_steps(request):
    return request.config.getoption("--all-steps")


@pytest.fixture(scope="module")
def bed(libvirt):
    """One for all: each operation begins again from what it has. The repository is on XFS, which can clone
    files, and mounted before the VM starts, so that QEMU sees it."""
    with tempfile.TemporaryDirectory(prefix="bk-test-", dir="/var/tmp",
                                     ignore_cleanup_errors=True) as name:
        scratch = pathlib.Path(name)
        scratch.chmod(0o711)
        place = mount_reflinks(scratch)
        vm = Vm(f"bk-test-{os.getpid()}-kill", scratch / "vm", {"vda": "3M", "vdb": "2M"})
        try:
            vm.start()
            yield Bed(Helper(place / "backup"), vm, scratch)
        finally:
            vm.remove()
            run("umount", "--lazy", place)


@pytest.fixture
def bed_off(bed):
    """Its VM is shut off, from here on."""
    if bed.vm.state == "shut off":
        return bed
    bed.begin_again()
    xml = virsh("checkpoint-dumpxml", bed.vm.name, bed.checkpoint)
    (bed.scratch / "redefine.xml").write_text(xml)
    bed.vm.destroy()
    for target, disk in bed.vm.disks.items():
        shutil.copy(disk.path, bed.images / target)
    return bed


@pytest.mark.parametrize("operation", [Base, Incremental, Standalone], ids=lambda one: one.__name__)
def test_backups(bed, operation, all_steps):
    sweep(operation(bed), operation.__name__, all_steps)


@pytest.mark.parametrize("operation", [InPlace, Copy, Compressed, Clone], ids=lambda one: one.__name__)
def test_consolidations(bed, operation, all_steps):
    sweep(operation(bed), f"Consolidation{operation.__name__}", all_steps)


def test_removals(bed, all_steps):
    for operation in (Prune, Delete, Forget, Pin):
        sweep(operation(bed), operation.__name__, all_steps)


def test_restores(bed, all_steps):
    for operation in (RestoreToDirectory, RestoreOverwriting, RestoreAsNew):
        one = operation(bed)
        try:
            sweep(one, operation.__name__, all_steps)
        finally:
            if operation is RestoreAsNew:
                one.remove()


def test_backup_of_a_stopped_vm(bed_off, all_steps):
    sweep(Base(bed_off), "BaseOfAStoppedVM", all_steps, samples=3)
    assert bed_off.vm.state == "shut off"


def test_restore_in_place(bed_off, all_steps):
    sweep(RestoreInPlace(bed_off), "RestoreInPlace", all_steps, samples=8)


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
