"""What a VM is beside its disks: UEFI variables, the state of a TPM."""

import os
import pathlib
import shutil

import pytest

from support.helper import USAGE
from support.steps import Killer, leftovers
from support.vm import qemu_img_compare, virsh

# Where libvirt has swtpm keep them.
STATES = pathlib.Path("/var/lib/libvirt/swtpm")


@pytest.fixture
def uefi(make_vm):
    """Never started: a VM whose firmware is two flash chips, and a TPM."""
    vm = make_vm(start=False, vda="4M")
    for name, size in [("CODE.fd", 131072), ("VARS.fd", 65536)]:
        (vm.directory / name).write_bytes(name.encode() * (size // len(name)) + bytes(size % len(name)))
        os.truncate(vm.directory / name, size)
    vm.nvram = vm.directory / "own-VARS.fd"
    plain = vm.xml
    firmware = (f"<loader readonly='yes' type='pflash'>{vm.directory}/CODE.fd</loader>"
                f"<nvram template='{vm.directory}/VARS.fd'>{vm.nvram}</nvram></os>")
    tpm = "<tpm model='tpm-tis'><backend type='emulator' version='2.0'/></tpm></devices>"
    vm.xml = lambda: plain().replace("</os>", firmware).replace("</devices>", tpm)
    vm.define()
    yield vm


def kept(helper, vm, backup):
    return {path.name: path.read_bytes()
            for path in (helper.project(vm.name) / backup / "data").iterdir()
            if path.suffix != ".qcow2" and path.name != "domain.xml"}


def test_from_before_its_first_start_to_a_restored_one(helper, uefi, scratch, unique):
    """There is no NVRAM file and no TPM state at the first backup, and that is no failure."""
    helper.run("vm", "backup", uefi.name, status=None)
    (base,) = helper.backups(uefi.name)
    assert "nvram" not in kept(helper, uefi, base)
    assert uefi.state == "shut off"

    # Its start for the copy made both.
    uefi.start_paused()
    uefi.nvram.write_bytes(b"mine".ljust(65536, b"\xff"))
    (state,) = (STATES / uefi.uuid / "tpm2").glob("*.permall")
    for expected in ("-Inc-", "-Full-Merged-"):
        helper.run("vm", "backup", uefi.name, "--max-incrementals", "1")
        newest = helper.backups(uefi.name)[-1]
        assert expected in newest
        assert kept(helper, uefi, newest) == {"nvram": uefi.nvram.read_bytes(),
                                              f"tpm@tpm2@{state.name}": state.read_bytes()}
    helper.run("pin", f"vm/{uefi.name}/{newest}", "kept")
    helper.run("verify", f"vm/{uefi.name}")

    out = scratch / "out"
    out.mkdir(mode=0o711)
    name = unique("restored")
    helper.run("vm", "restore", f"vm/{uefi.name}/{newest}", "--as", name, "--directory", out)
    try:
        uuid = virsh("domuuid", name).strip()
        (own,) = (STATES / uuid / "tpm2").glob("*.permall")
        assert own.read_bytes() == state.read_bytes()
        assert (own.stat().st_uid, own.stat().st_gid) == (state.stat().st_uid, state.stat().st_gid)
        virsh("start", name, "--paused")
        assert (out / f"{name}_VARS.fd").read_bytes() == uefi.nvram.read_bytes()
        assert own.exists()
    finally:
        virsh("destroy", name, check=False)
        virsh("undefine", name, "--nvram", check=False)

    plain = scratch / "plain"
    plain.mkdir()
    helper.run("vm", "restore", f"vm/{uefi.name}/{newest}", "--directory", plain)
    assert (plain / f"{uefi.name}-tpm/tpm2/{state.name}").read_bytes() == state.read_bytes()
    uefi.destroy()
    assert qemu_img_compare(uefi.disks["vda"].path, plain / f"{uefi.name}-vda.qcow2")


@pytest.fixture
def tpm_point(helper, uefi, scratch):
    """A backup of a VM with a TPM, the directories of state there are, and where to restore to."""
    uefi.start_paused()
    uefi.destroy()
    helper.run("vm", "backup", uefi.name, "--standalone", status=None)
    out = scratch / "out"
    out.mkdir(mode=0o711)
    (point,) = helper.backups(uefi.name)
    assert any(name.startswith("tpm@") for name in kept(helper, uefi, point))
    return uefi, f"vm/{uefi.name}/{point}", sorted(STATES.iterdir()), out


@pytest.mark.parametrize("before", ["swtpm", "/tpm2$", "restore.json", "_VARS.fd$", "define"])
def test_a_new_vm_that_was_not_defined_leaves_no_tpm(helper, tpm_point, scratch, unique, before):
    """Known by the journal alone: the backup is deleted before the next run."""
    vm, point, states, out = tpm_point
    foreign = STATES / "11111111-2222-3333-4444-555555555555/tpm2"
    foreign.mkdir(parents=True)
    try:
        status, _, _ = Killer(helper, scratch).run(
            "vm", "restore", point, "--as", unique("new"), "--directory", out, match=before)
        assert status != 0
        assert before in ("swtpm", "restore.json") or len(list(STATES.iterdir())) == len(states) + 2
        helper.run("delete", point)
        helper.run("vm", "backup", vm.name, status=None)
        assert sorted(STATES.iterdir()) == sorted([*states, foreign.parent])
        assert list(out.iterdir()) == [] and leftovers(helper.project(vm.name)) == []
    finally:
        shutil.rmtree(foreign.parent)


@pytest.mark.parametrize("before", ["-tpm.restoring-", "/tpm2$", "-tpm$"])
def test_a_tpm_beside_images_is_whole_or_not_there(helper, tpm_point, scratch, before):
    vm, point, states, out = tpm_point
    status, _, _ = Killer(helper, scratch).run("vm", "restore", point, "--directory", out, match=before)
    assert status != 0
    assert not (out / f"{vm.name}-tpm").exists()
    helper.run("delete", point)
    said = helper.run("vm", "backup", vm.name, status=None)
    assert leftovers(out, helper.project(vm.name)) == []
    if before == "-tpm$":
        assert "it is finished now" in said.stderr
        assert list((out / f"{vm.name}-tpm/tpm2").iterdir()) != []
    else:
        assert "what it wrote is removed" in said.stderr
        assert list(out.iterdir()) == []
    assert sorted(STATES.iterdir()) == states


def test_a_tpm_that_appears_meanwhile_is_not_replaced(helper, tpm_point, scratch):
    vm, point, _, out = tpm_point
    process = Killer(helper, scratch).hold("vm", "restore", point, "--directory", out, match="-tpm$")
    mine = out / f"{vm.name}-tpm"
    mine.mkdir()
    (mine / "mine").write_text("mine")
    status, said = Killer.let_go(process)
    assert status != 0 and str(mine) in said
    assert [path.name for path in out.rglob("*")] == [mine.name, "mine"]
    assert leftovers(helper.project(vm.name)) == []
    helper.run("vm", "restore", point, "--directory", out, status=USAGE)
    helper.run("vm", "restore", point, "--directory", out, "--overwrite")
    assert [path.name for path in mine.iterdir()] == ["tpm2"]
    assert leftovers(out, helper.project(vm.name)) == []


def test_a_new_vm_of_which_nobody_knows_whether_it_is_defined(helper, tpm_point, scratch, unique, libvirtd):
    """libvirtd dies as it is asked to: nothing is taken from a VM that may be there."""
    vm, point, states, out = tpm_point
    name = unique("new")
    process = Killer(helper, scratch).hold("vm", "restore", point, "--as", name, "--directory", out,
                                           match="define")
    libvirtd.stop()
    status, said = Killer.let_go(process)
    assert status != 0 and "is not known" in said
    libvirtd.start()
    said = helper.run("vm", "backup", vm.name, status=None)
    assert "what it wrote is removed" in said.stderr
    assert list(out.iterdir()) == [] and sorted(STATES.iterdir()) == states
