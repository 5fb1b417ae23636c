"""A VM's cycle from end to end: Base, Incrementals, Consolidation."""

import fcntl
import hashlib
import json
import os
import re

import pytest

from support import demo as demo_guest
from support.helper import BUSY, INTEGRITY, NOT_FOUND
from support.process import run
from support.vm import qemu_img_compare, virsh

STAMP = r"\d{8}_\d{6}"


def back_up(helper, vm, *options, **expected):
    return helper.run("vm", "backup", vm.name, "--max-incrementals", "2", *options, **expected)


def newest_images(helper, vm):
    newest = helper.backups(vm.name)[-1]
    return {target: helper.image(vm.name, newest, target) for target in vm.disks}


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tree(directory):
    """Every file below a directory with its content; the lock file aside, which a run may touch."""
    return {str(path.relative_to(directory)): sha256(path)
            for path in sorted(directory.rglob("*")) if path.is_file() and path.name != ".lock"}


def change(vm, round_number):
    """What a guest does between two backups: writes, overwrites, zeroes, discards; on two disks."""
    vm.write("vda", 0x40 + round_number, f"{round_number * 5}M", "192k")
    vm.write("vda", 0x80 + round_number, "41M", "100k")
    vm.write("vdb", 0xc0 + round_number, f"{round_number}M", "65k")
    vm.qemu_io("vda", f"write -z {round_number * 700}k 128k")
    vm.qemu_io("vdb", f"discard {8 + round_number * 512}k 64k")


def test_each_restore_point_equals_the_paused_disks(helper, vm, scratch):
    copies = {}
    for number, part in enumerate(["Base", "Inc", "Inc", "Full-Merged"]):
        change(vm, number)
        vm.suspend()
        if part == "Full-Merged":
            # The consolidation makes no new point: it holds the newest incremental's.
            copies = dict(list(copies.items())[-1:])
            back_up(helper, vm)
            newest = helper.backups(vm.name)[-1]
        else:
            back_up(helper, vm)
            newest = helper.backups(vm.name)[-1]
            copies[newest] = {}
            for target, disk in vm.disks.items():
                assert qemu_img_compare(disk.path, helper.image(vm.name, newest, target))
                copies[newest][target] = scratch / f"{newest}-{target}.raw"
                run("qemu-img", "convert", "-U", "-O", "raw", disk.path, copies[newest][target])
        vm.resume()
        assert re.fullmatch(f"{re.escape(vm.name)}-{part}-{STAMP}", newest)

        # No later step changes what an earlier point restores to.
        if part == "Full-Merged":
            (expected,) = copies.values()
            for target, copy in expected.items():
                assert qemu_img_compare(copy, helper.image(vm.name, newest, target))
        else:
            for point, expected in copies.items():
                for target, copy in expected.items():
                    assert qemu_img_compare(copy, helper.image(vm.name, point, target)), point


def test_the_guest_writes_through_a_whole_cycle(helper, demo, scratch):
    """Each point holds what was synced before it began, and its two disks are of one instant: the guest
    writes a file to the first disk, then its number to the second."""
    synced = ""
    for _ in range(4):
        previous = synced
        demo.wait_writes(demo.count() + 4)
        synced = demo.checksums()
        back_up(helper, demo)
        newest = helper.backups(demo.name)[-1]
        if "-Full-Merged-" in newest:
            # A consolidation makes no new point: it holds what the last incremental held.
            synced = previous
        found = demo_guest.check_image(helper.image(demo.name, newest, "vda"), synced, scratch)
        number = demo_guest.extra_number(helper.image(demo.name, newest, "vdb"), scratch)
        assert found["files"] - 1 <= number <= found["files"]
        assert found["compared"] == len(synced.splitlines())
    assert helper.backups(demo.name) == [newest]


def test_the_manifest_says_what_the_cycle_is(helper, vm):
    back_up(helper, vm)
    (base,) = helper.backups(vm.name)
    manifest = helper.manifest(vm.name)
    assert manifest["version"] == 1
    assert manifest["status"] == "active"
    assert manifest["vm"] == vm.name
    assert manifest["uuid"] == vm.uuid
    assert manifest["max_incrementals"] == 2
    assert [manifest["last_checkpoint_name"]] == vm.checkpoints()
    assert sorted(manifest["disks"]) == ["vda", "vdb"]
    project = helper.project(vm.name)
    for target, disk in manifest["disks"].items():
        image = helper.image(vm.name, base, target)
        assert disk["base_full_file"] == str(image.relative_to(project))
        assert disk["base_full_hash_sha256"] == sha256(image)
        assert disk["incremental_files"] == []

    bases = {target: disk["base_full_hash_sha256"] for target, disk in manifest["disks"].items()}
    for count in (1, 2):
        back_up(helper, vm)
        manifest = helper.manifest(vm.name)
        assert [manifest["last_checkpoint_name"]] == vm.checkpoints()
        newest = helper.backups(vm.name)[-1]
        for target, disk in manifest["disks"].items():
            assert disk["base_full_hash_sha256"] == bases[target]
            assert len(disk["incremental_files"]) == count
            image = helper.image(vm.name, newest, target)
            assert disk["incremental_files"][-1] == str(image.relative_to(project))

    back_up(helper, vm)
    assert helper.manifest(vm.name) is None


def test_one_checkpoint_while_active_and_none_after(helper, vm):
    names = []
    for _ in range(3):
        back_up(helper, vm)
        (name,) = vm.checkpoints()
        names.append(name)
    assert len(set(names)) == 3, "a checkpoint's name is never used again"
    back_up(helper, vm)
    assert vm.checkpoints() == []
    # Nor is there a bitmap left in an image.
    for disk in vm.disks.values():
        info = json.loads(run("qemu-img", "info", "-U", "--output=json", disk.path))
        assert not info["format-specific"]["data"].get("bitmaps")


def test_after_the_consolidation_only_the_merged_is_left(helper, vm):
    for _ in range(4):
        back_up(helper, vm)
    (merged,) = helper.backups(vm.name)
    visible = [path.name for path in helper.project(vm.name).iterdir()
               if not path.name.startswith(".")]
    assert visible == [merged]
    for target in vm.disks:
        image = helper.image(vm.name, merged, target)
        info = json.loads(run("qemu-img", "info", "--output=json", image))
        assert "backing-filename" not in info
        run("qemu-img", "check", "-q", image)


def test_a_second_cycle_leaves_the_first_merged_alone(helper, vm):
    for _ in range(4):
        back_up(helper, vm)
    (first,) = helper.backups(vm.name)
    before = tree(helper.project(vm.name) / first)

    change(vm, 1)
    for _ in range(4):
        back_up(helper, vm)
    assert len(helper.backups(vm.name)) == 2
    assert tree(helper.project(vm.name) / first) == before


def test_the_metadata_names_every_file(helper, vm):
    parent = None
    for expected_type, step in [("full", "base"), ("incremental", "incremental")]:
        back_up(helper, vm)
        backup = helper.backups(vm.name)[-1]
        metadata = helper.metadata(vm.name, backup)
        assert metadata["id"] == backup
        assert metadata["project_id"] == f"vm/{vm.name}"
        assert metadata["type"] == expected_type
        assert metadata["status"] == "completed"
        assert metadata["parent_backup_id"] == parent
        assert metadata["error_message"] is None
        assert metadata["created_at"] <= metadata["completed_at"]
        assert metadata["extra"]["step"] == step
        assert metadata["extra"]["uuid"] == vm.uuid

        folder = helper.project(vm.name) / backup
        listed = {file["path"]: file for file in metadata["extra"]["files"]}
        on_disk = {str(path.relative_to(folder)) for path in folder.rglob("*")
                   if path.is_file() and path.name != "metadata.json"}
        assert set(listed) == on_disk
        assert metadata["files_count"] == len(listed)
        assert metadata["size_bytes"] == sum(file["size"] for file in listed.values())
        for path, file in listed.items():
            assert file["size"] == (folder / path).stat().st_size
            # The VM's newest point is not yet written again, so the sums hold for incrementals too.
            assert file["sha256"] == sha256(folder / path)
        parent = backup


def test_the_domain_xml_is_kept_with_each_backup(helper, vm):
    for _ in range(4):
        back_up(helper, vm)
        newest = helper.backups(vm.name)[-1]
        text = (helper.project(vm.name) / newest / "data/domain.xml").read_text()
        assert f"<uuid>{vm.uuid}</uuid>" in text
        assert "<target dev='vdb'" in text


@pytest.mark.parametrize("incrementals", [0, 2], ids=["incremental-ahead", "consolidation-ahead"])
def test_a_base_with_one_other_byte_stops_the_cycle(helper, vm, incrementals):
    """Exit 3, and nothing changes; with the right byte again, it goes on."""
    for _ in range(1 + incrementals):
        back_up(helper, vm)
    base = helper.image(vm.name, helper.backups(vm.name)[0], "vda")
    with open(base, "r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))
    before = tree(helper.project(vm.name))
    checkpoints = vm.checkpoints()

    result = back_up(helper, vm, status=INTEGRITY)
    assert base.name in result.stderr
    assert tree(helper.project(vm.name)) == before
    assert vm.checkpoints() == checkpoints

    with open(base, "r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(last)
    back_up(helper, vm)


def test_a_second_run_on_the_same_vm_is_busy(helper, vm):
    back_up(helper, vm)
    before = tree(helper.project(vm.name))
    with open(helper.project(vm.name) / ".lock", "r+b") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        result = back_up(helper, vm, status=BUSY)
    assert vm.name in result.stderr
    assert tree(helper.project(vm.name)) == before
    back_up(helper, vm)


def test_another_vm_is_not_kept_waiting(helper, vm, make_vm):
    other = make_vm(vda="8M")
    back_up(helper, vm)
    with open(helper.project(vm.name) / ".lock", "r+b") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        back_up(helper, other)
    assert len(helper.backups(other.name)) == 1


def test_several_vms_in_one_run(helper, make_vm):
    machines = [make_vm(vda="8M"), make_vm(vda="8M")]
    helper.run("vm", "backup", *[machine.name for machine in machines])
    for machine in machines:
        assert len(helper.backups(machine.name)) == 1


def test_an_unknown_vm(helper, libvirt, unique):
    result = helper.run("vm", "backup", unique("nobody"), status=NOT_FOUND)
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("cockpit-backup: ") and "nobody" in last


def test_a_foreign_checkpoint_is_left_alone(helper, vm, scratch):
    description = scratch / "checkpoint.xml"
    description.write_text("<domaincheckpoint><name>somebody-elses</name></domaincheckpoint>")
    virsh("checkpoint-create", vm.name, description)
    for _ in range(4):
        back_up(helper, vm)
        assert "somebody-elses" in vm.checkpoints()
    assert vm.checkpoints() == ["somebody-elses"]


@pytest.mark.parametrize("number", [1, 3])
def test_max_incrementals_decides_when_to_consolidate(helper, make_vm, number):
    machine = make_vm(vda="8M")
    for count in range(number + 1):
        helper.run("vm", "backup", machine.name, "--max-incrementals", number)
        assert len(helper.backups(machine.name)) == count + 1
    helper.run("vm", "backup", machine.name, "--max-incrementals", number)
    (merged,) = helper.backups(machine.name)
    assert "-Full-Merged-" in merged
