"""Our bridge over stdin and stdout, for each test anew."""

import json
import os

import pytest

from .bridge import Bridge, FAKE

MIB = 1024 * 1024


@pytest.fixture
def env(scratch):
    config = scratch / "config.json"
    config.write_text(json.dumps({"state_dir": str(scratch), "runtime_dir": str(scratch / "run")}))
    return {**os.environ, "COCKPIT_BACKUP_CONFIG": str(config), "LC_ALL": "C.UTF-8"}


@pytest.fixture
def start(env):
    bridges = []

    def make(*options, command=None, **more):
        bridge = Bridge(command or [FAKE, "bridge", *options], env=env, **more)
        bridges.append(bridge)
        return bridge

    yield make
    for bridge in bridges:
        bridge.kill()


@pytest.fixture
def bridge(start):
    return start()


@pytest.fixture
def blocked(bridge):
    """A bridge with an open text channel “silent”."""
    bridge.open("silent", "test.block", {"silent": True})
    assert bridge.control() == {"command": "ready", "channel": "silent"}
    return bridge
