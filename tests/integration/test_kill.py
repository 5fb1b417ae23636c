"""kill -9 at every step of a VM's cycle (DESIGN section 7.1)."""

import subprocess

import pytest

from support.process import run
from support.vm import qemu_img_compare

# Where what is on the disk changes or becomes durable; "write" is also each call to libvirt.
STEPS = {
    "mkdirat": [1],
    "fsync": [1, 3, 5, 8],
    "fdatasync": [1, 2],
    "renameat": [1, 3],
    "linkat": [1, 2],
    "unlinkat": [1, 4, 9],
    "write": [6, 24],
}


def back_up(helper, vm, **expected):
    return helper.run("vm", "backup", vm.name, "--max-incrementals", "1", **expected)


class Oracle:
    """What each completed point must restore to: raw copies of the disks of its instant."""

    def __init__(self, helper, vm, directory):
        self.helper = helper
        self.vm = vm
        self.directory = directory
        self.copies = {}
        self.round = 0
        directory.mkdir()

    def change(self):
        """Something new on each disk of the suspended VM: suspending is what writes out its caches."""
        self.round += 1
        self.vm.resume()
        for target in self.vm.disks:
            self.vm.write(target, self.round % 250 + 1, f"{self.round % 20 * 64}k", "70k")
        self.vm.suspend()
        for target, disk in self.vm.disks.items():
            run("qemu-img", "convert", "-U", "-O", "raw", disk.path,
                self.directory / f"{target}-{self.round}.raw")

    def check(self):
        """Every completed point; while a consolidation runs, the family's newest, and the merged."""
        manifest = self.helper.manifest(self.vm.name) or {}
        given_up = manifest.get("backup_ids", [])[:-1]
        if manifest.get("status") != "consolidating":
            given_up = []
        checked = 0
        for backup in self.helper.backups(self.vm.name):
            merged = self.helper.metadata(self.vm.name, backup)["extra"]["step"] == "merged"
            if backup in given_up:
                continue
            number = self.copies.setdefault(backup, self.newest_round() if merged else self.round)
            removing = manifest.get("merged_id") in self.helper.backups(self.vm.name)
            if removing and backup in manifest.get("backup_ids", []):
                continue
            for target in self.vm.disks:
                image = self.helper.image(self.vm.name, backup, target)
                expected = self.directory / f"{target}-{number}.raw"
                assert qemu_img_compare(expected, image), f"{backup} {target}"
            checked += 1
        # A name can come again once its backup is gone.
        known = self.helper.backups(self.vm.name)
        self.copies = {backup: number for backup, number in self.copies.items() if backup in known}
        return checked

    def newest_round(self):
        return max(self.copies.values())

    def check_tidy(self):
        """Nothing in the project but points, records of failures and the manifest."""
        project = self.helper.project(self.vm.name)
        completed = self.helper.backups(self.vm.name)
        manifest = self.helper.manifest(self.vm.name)
        for path in project.iterdir():
            if path.name in (".lock", "manifest.json") or path.name in completed:
                continue
            assert [file.name for file in path.iterdir()] == ["metadata.json"], path
            assert self.helper.metadata(self.vm.name, path.name)["status"] == "failed"
        for backup in completed:
            named = {file["path"] for file in
                     self.helper.metadata(self.vm.name, backup)["extra"]["files"]}
            found = {str(path.relative_to(project / backup))
                     for path in (project / backup).rglob("*") if path.is_file()}
            assert found == named | {"metadata.json"}
        expected = [manifest["last_checkpoint_name"]] if manifest else []
        assert self.vm.checkpoints() == expected


def next_step(helper, vm):
    manifest = helper.manifest(vm.name)
    if manifest is None:
        return "base"
    if manifest["status"] == "consolidating" or len(manifest["backup_ids"]) > 1:
        return "consolidation"
    return "incremental"


def killed(helper, vm, syscall, count):
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={syscall}",
         "-e", f"inject={syscall}:signal=KILL:when={count}",
         *helper.command("vm", "backup", vm.name, "--max-incrementals", "1")],
        stdin=subprocess.DEVNULL, capture_output=True, env=helper.env, timeout=120, check=False)
    return done.returncode != 0


@pytest.mark.parametrize("state", ["running", "off"])
@pytest.mark.parametrize("step", ["base", "incremental", "consolidation"])
def test_killed_at_every_step(helper, make_vm, scratch, step, state):
    vm = make_vm(vda="4M", vdb="2M")
    vm.suspend()
    oracle = Oracle(helper, vm, scratch / "copies")
    oracle.change()
    if state == "off":
        vm.destroy()
    before = vm.state
    kills = 0
    for syscall, counts in STEPS.items():
        for count in counts if state == "running" else counts[::3]:
            while next_step(helper, vm) != step:
                back_up(helper, vm)
                oracle.check()
            if state == "running" and step != "consolidation":
                oracle.change()
            if not killed(helper, vm, syscall, count):
                oracle.check()
                break
            kills += 1
            oracle.check()
            back_up(helper, vm)
            assert oracle.check() > 0, (syscall, count)
            assert vm.state == before, (syscall, count)
            if state == "running":
                oracle.check_tidy()
            for backup in helper.backups(vm.name):
                # Full-Mergeds of many rounds would only slow the test down.
                if "-Full-Merged-" in backup and backup != helper.backups(vm.name)[-1]:
                    run("rm", "-rf", helper.project(vm.name) / backup)
                    oracle.copies.pop(backup)  # its name can come again within the same second
    print(f"{step}, {state}: {kills} kills")
    assert kills >= (8 if state == "running" else 3)
