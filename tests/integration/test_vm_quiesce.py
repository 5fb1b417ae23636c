"""Quiesce: the guest's file systems hold still for the instant of the copy's beginning, and are thawed
whatever happens."""

import signal

import pytest

from support.agent import AgentGuest
from support.helper import WARNINGS
from support.wait import wait_until


@pytest.fixture
def guest(libvirt, scratch, unique):
    machine = AgentGuest(unique("agent"), scratch / "guest")
    try:
        # Its end of the channel is open before what passes it on runs; libvirt waits for a few seconds only.
        wait_until(machine.answers, "the agent answers")
        yield machine
    finally:
        machine.remove()


def test_an_agent_of_every_kind(helper, guest, started):
    """One guest for all: its boot takes the longest."""
    agent = guest.agent
    said = helper.run("vm", "backup", guest.name)
    assert "hold still" in said.stderr
    agent.wait_heard("freeze", "thaw")

    agent.start_over()
    helper.run("vm", "backup", guest.name, "--no-quiesce")
    assert agent.heard == []

    # It cannot: some file systems may hold still all the same.
    agent.start_over(fsfreeze_freeze="fail")
    said = helper.run("vm", "backup", guest.name, status=WARNINGS)
    agent.wait_heard("freeze", "thaw")
    assert "as a power cut would leave them" in said.stderr

    # It thaws, but the copy did not begin: the base is not what it was.
    base = helper.image(guest.name, helper.backups(guest.name)[0], "vda")
    content = base.read_bytes()
    base.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    agent.start_over()
    helper.run("vm", "backup", guest.name, status=3)
    agent.wait_heard("freeze", "thaw")
    base.write_bytes(content)

    # Killed while the guest is being frozen: nobody is left but the guard.
    agent.start_over(fsfreeze_freeze="silence")
    process = started("vm", "backup", guest.name)
    agent.wait_heard("freeze")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    agent.say({"return": 1})
    agent.wait_heard("freeze", "thaw")
    agent.start_over()
    said = helper.run("vm", "backup", guest.name, status=None)
    assert len(guest.checkpoints()) == 1
    agent.wait_heard("freeze", "thaw")

    # It hangs. It may freeze the guest when it comes to itself: then it finds that it has to thaw it.
    agent.start_over(fsfreeze_freeze="silence")
    said = helper.run("vm", "backup", guest.name, status=WARNINGS)
    assert "as a power cut would leave them" in said.stderr
    agent.wait_heard("freeze", "thaw")
