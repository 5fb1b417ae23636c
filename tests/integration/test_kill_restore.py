"""kill -9 at each step of a restore (support/kill_sweep.py has what must hold)."""

import shutil

from support.kill_fixtures import bed, kill_at_steps, operations
from support.kill_sweep import Operation, said
from support.steps import leftovers
from support.vm import qemu_img_compare, virsh


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

    def clean(self):
        virsh("undefine", self.name, check=False)

    def prepare(self):
        super().prepare()
        self.clean()

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

    samples = 8
    is_off = True

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


@operations(RestoreToDirectory, RestoreOverwriting, RestoreAsNew, RestoreInPlace)
def test_restore(kill_at_steps, operation):
    kill_at_steps(operation)
