"""The bed of the operations that are killed, one for all tests of a file."""

import os
import pathlib
import tempfile

import pytest

from .files import mount_reflinks
from .helper import Helper
from .kill_bed import Bed
from .kill_sweep import sweep
from .process import run
from .vm import Vm


@pytest.fixture(scope="module")
def bed(libvirt):
    """Each operation begins again from what it has. The repository is on XFS, which can clone files, and
    mounted before the VM starts, so that QEMU sees it."""
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
def kill_at_steps(bed, request):
    """kill_at_steps(Operation): before a few of its steps, or before those that --steps asks for."""
    def kill(operation):
        if operation.is_off and not bed.images.exists():
            bed.turn_off()
        sweep(operation(bed), request.config.getoption("--steps"))

    return kill


def operations(*classes):
    """A test for each, of its name. Those of a VM that is off come last: it stays off."""
    return pytest.mark.parametrize("operation", sorted(classes, key=lambda one: one.is_off),
                                   ids=lambda one: one.__name__)
