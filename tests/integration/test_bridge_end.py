"""Our bridge over stdin and stdout: how it ends, and the real program."""

import os
import shutil
import signal
import subprocess

import pytest

from support.bridge import Gone
from support.bridge_fixtures import MIB, blocked, bridge, env, start
from support.helper import BINARY
from support.wait import TIMEOUT

pytestmark = pytest.mark.protocol


def test_end_of_input_cancels_everything(bridge):
    for number in range(10):
        bridge.open(f"a{number}", "test.block")
    bridge.until_begun(*[f"a{number}" for number in range(10)])
    _, status, stderr = bridge.finish()
    assert status == 0
    assert stderr == "block: cancelled\n" * 10


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signal_closes_everything(blocked, number):
    blocked.process.send_signal(number)
    got = blocked.control()
    assert (got["command"], got["problem"]) == ("close", "terminated")
    with pytest.raises(Gone):
        blocked.receive()
    assert blocked.process.wait(timeout=TIMEOUT) == 0


def test_last_frames_are_not_lost(bridge):
    """What was said before the end comes, behind all that nobody had read yet."""
    bridge.open("block", "test.block", {"silent": True})
    bridge.open("call", "test.stream", {"bytes": 100 * MIB}, binary="raw")
    outcomes = bridge.until_ready("block", "call")
    bridge.process.send_signal(signal.SIGTERM)
    bridge.outcomes("block", "call", outcomes=outcomes)
    assert {outcome.problem for outcome in outcomes.values()} == {"terminated"}
    assert bridge.process.wait(timeout=TIMEOUT) == 0


def test_operation_that_does_not_end_does_not_hold_it(bridge):
    bridge.open("a", "test.stubborn", {"msecs": 600000})
    bridge.until_ready("a")
    _, status, stderr = bridge.finish()
    assert status == 0
    assert "did not end in time" in stderr


def test_peer_that_vanishes(bridge):
    bridge.open("a", "test.stream", {"bytes": 100 * MIB}, binary="raw")
    bridge.receive()
    bridge.process.stdout.close()
    bridge.end_input()
    assert bridge.process.wait(timeout=TIMEOUT) == 0


def test_real_operations(start):
    bridge = start(command=[BINARY, "bridge"])
    outcome = bridge.call("config.get")
    assert outcome.done and outcome.result()["log_level"] == "info"


def test_broken_settings_are_told(start, env):
    bridge = start(command=[BINARY, "bridge"])
    with open(env["COCKPIT_BACKUP_CONFIG"], "w", encoding="utf-8") as file:
        file.write('{"port": "x"}')
    outcome = bridge.call("config.get")
    assert outcome.problem == "protocol-error"
    assert outcome.message.endswith("The setting “port” must be a whole number")


def test_not_root_and_no_service(start, scratch):
    program = shutil.copy(BINARY, scratch / "program")
    os.chmod(program, 0o755)
    bridge = start(command=[program, "bridge"], user=65534, group=65534, extra_groups=[])
    outcome = bridge.call("config.get")
    assert outcome.problem == "no-service"
    assert "cockpit-backup.socket" in outcome.message
    assert bridge.finish()[1] == 0


def test_wrong_usage(env):
    done = subprocess.run([BINARY, "bridge", "word"], env=env, stdin=subprocess.DEVNULL,
                          capture_output=True, check=False, timeout=TIMEOUT)
    assert (done.returncode, done.stdout) == (2, b"")
