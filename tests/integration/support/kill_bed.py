"""What each operation that is killed begins from, again and again."""

import shutil

from .process import run
from .steps import Killer, leftovers
from .vm import qemu_img_compare, virsh


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
        self.redefine = scratch / "redefine.xml"

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
        if self.images.exists():
            self.put_disks_back()
        else:
            self.make_checkpoint()

    def make_checkpoint(self):
        for name in self.vm.checkpoints():
            virsh("checkpoint-delete", self.vm.name, name)
        description = self.scratch / "checkpoint.xml"
        description.write_text(
            f"<domaincheckpoint><name>{self.checkpoint}</name></domaincheckpoint>")
        virsh("checkpoint-create", self.vm.name, description)

    def turn_off(self):
        """From here on the VM is shut off."""
        self.begin_again()
        self.redefine.write_text(virsh("checkpoint-dumpxml", self.vm.name, self.checkpoint))
        self.vm.destroy()
        self.images.mkdir()
        for target, disk in self.vm.disks.items():
            shutil.copy(disk.path, self.images / target)

    def put_disks_back(self):
        """Of a VM that is off: its checkpoint's bitmap is in them."""
        if self.vm.state != "shut off":
            self.vm.destroy()
        for path in leftovers(self.vm.directory):
            path.unlink()
        for target, disk in self.vm.disks.items():
            shutil.copy(self.images / target, disk.path)
        for name in self.vm.checkpoints():
            virsh("checkpoint-delete", self.vm.name, name, "--metadata")
        virsh("checkpoint-create", self.vm.name, "--redefine", self.redefine)

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
        notes = self.project / ".checkpoints-to-delete"
        if notes.exists():
            noted = {line.split()[1] for line in notes.read_text().splitlines()}
            needed = {self.helper.metadata(self.vm.name, backup)["extra"]["checkpoint"] for backup in completed}
            assert noted and not noted & needed, "they are of points that are gone"
        for path in self.project.iterdir():
            if path == notes or path.name in (".lock", ".restore.lock", "manifest.json") or path.name in completed:
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
