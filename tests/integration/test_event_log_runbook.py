"""Every command of the runbook, in its order, as a person would type it."""

import re
import subprocess

from support.event_log import ForeignLog, TOP, corrupt
from support.helper import BINARY

RUNBOOK = TOP / "docs/event-log-cold-backup.md"


def test_every_command_of_the_runbook(helper):
    root = helper.directory
    places = {"/var/lib/cockpit-backup": root / "state", "/srv/app": root / "app",
              "/mnt/safe": root / "safe"}
    log = ForeignLog(root / "app/data")
    log.append(9)
    (root / "safe").mkdir()
    (root / "bin").mkdir()
    (root / "bin/cockpit-backup").symlink_to(BINARY)

    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", RUNBOOK.read_text(), re.S | re.M)
    commands = [line.strip() for block in blocks for line in block.splitlines()]
    assert len(commands) > 12
    outputs = {}
    package = None
    for number, command in enumerate(commands):
        if "event-log verify /srv/app/data" in command and package is None:
            package = next((root / "safe/app").glob("*.tar.gz"))
            corrupt(log.paths()[0])
        local = command
        for place, path in places.items():
            local = local.replace(place, str(path))
        env = {**helper.env, "PATH": f"{root / 'bin'}:{helper.env['PATH']}",
               "PACKAGE": str(package or "")}
        done = subprocess.run(["sh", "-euc", local], env=env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
        broken = "event-log verify /srv/app/data" in command and "first" not in outputs
        outputs["first" if broken else number] = done.stdout
        assert done.returncode == (3 if broken else 0), f"{command}\n{done.stdout}{done.stderr}"
    # the checklist holds
    assert '"total_events" : 9' in "".join(outputs.values())
    assert "event-log.restored" in "".join(outputs.values())
