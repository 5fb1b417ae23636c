"""What a VM is beside its disks: UEFI variables, the state of a TPM."""

import os
import pathlib

import pytest

from support.process import run
from support.steps import Killer
from support.vm import qemu_img_compare, virsh


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
    states = pathlib.Path("/var/lib/libvirt/swtpm")
    helper.run("vm", "backup", uefi.name, status=None)
    (base,) = helper.backups(uefi.name)
    assert "nvram" not in kept(helper, uefi, base)
    assert uefi.state == "shut off"

    # Its start for the copy made both.
    uefi.start_paused()
    uefi.nvram.write_bytes(b"mine".ljust(65536, b"\xff"))
    (state,) = (states / uefi.uuid / "tpm2").glob("*.permall")
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
        (own,) = (states / uuid / "tpm2").glob("*.permall")
        assert own.read_bytes() == state.read_bytes()
        assert (own.stat().st_uid, own.stat().st_gid) == (state.stat().st_uid, state.stat().st_gid)
        virsh("start", name, "--paused")
        assert (out / f"{name}_VARS.fd").read_bytes() == uefi.nvram.read_bytes()
        assert own.exists()
    finally:
        virsh("destroy", name, check=False)
        virsh("undefine", name, "--nvram", check=False)

    # Ended before it is defined: the next run takes its TPM's state away with its images.
    before = sorted(states.iterdir())
    status, _, _ = Killer(helper, scratch).run(
        "vm", "restore", f"vm/{uefi.name}/{newest}", "--as", f"{name}-2", "--directory", out,
        match="define")
    assert status != 0 and sorted(states.iterdir()) != before

    plain = scratch / "plain"
    plain.mkdir()
    helper.run("vm", "restore", f"vm/{uefi.name}/{newest}", "--directory", plain)
    assert sorted(states.iterdir()) == before
    assert (plain / f"{uefi.name}-tpm/tpm2/{state.name}").read_bytes() == state.read_bytes()
    uefi.destroy()
    assert qemu_img_compare(uefi.disks["vda"].path, plain / f"{uefi.name}-vda.qcow2")
