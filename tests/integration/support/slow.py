"""A backup that is under way for minutes, on a machine of whatever speed and with whatever other work.

libvirt can limit only a copy that runs already, and QEMU copies gigabytes a second: until the limit is there,
QEMU reads the VM's disks no faster than this."""

import contextlib
import json
import time

from .wait import wait_until

READ_BYTES_PER_SECOND = 4 << 20

# libvirt asks QEMU one thing at a time: who always asks keeps the limit from being set.
PAUSE_SECONDS = 0.5

GROUP = "slow"


def execute(ask_qemu, command, **arguments):
    """What QEMU returns. A command that it refuses raises."""
    said = ask_qemu(json.dumps({"execute": command, "arguments": arguments}))
    answer = json.loads(said or "{}")
    assert "return" in answer, f"{command}: {said}"
    return answer["return"]


def images_of(ask_qemu):
    """[the format's node, the file's node] of each disk of a VM, as libvirt names them."""
    nodes = execute(ask_qemu, "query-named-block-nodes", flat=True)
    files = {node["node-name"] for node in nodes if node["node-name"].endswith("-storage")}
    pairs = [(node["node-name"], node["node-name"].replace("-format", "-storage")) for node in nodes
             if node["drv"] == "qcow2" and node["node-name"].endswith("-format")]
    assert pairs and {file for _, file in pairs} == files, nodes
    return pairs


@contextlib.contextmanager
def reads_slowly(ask_qemu):
    """QEMU puts a throttle between its disks and their files, meanwhile."""
    execute(ask_qemu, "object-add", **{"qom-type": "throttle-group", "id": GROUP,
                                       "limits": {"bps-total": READ_BYTES_PER_SECOND}})
    for image, file in images_of(ask_qemu):
        throttle = f"{GROUP}-{file}"
        execute(ask_qemu, "blockdev-add", driver="throttle", file=file,
                **{"node-name": throttle, "throttle-group": GROUP})
        execute(ask_qemu, "blockdev-reopen", options=[
            {"driver": "qcow2", "node-name": image, "file": throttle, "backing": None, "discard": "unmap"}])
    yield
    execute(ask_qemu, "qom-set", path=f"/objects/{GROUP}", property="limits", value={"bps-total": 0})


def begin_slowly(begin, ask_qemu):
    """What begin() returns, which begins a backup with a limit; the limit is in force then. ask_qemu() puts
    a command to the VM's monitor, and has nothing to say where that fails. Its disks are qcow2 images."""
    def is_limited():
        time.sleep(PAUSE_SECONDS)
        answer = json.loads(ask_qemu('{"execute":"query-block-jobs"}') or "{}")
        jobs = [job for job in answer.get("return", []) if job["type"] == "backup"]
        return jobs and all(job["speed"] > 0 for job in jobs)

    with reads_slowly(ask_qemu):
        begun = begin()
        wait_until(is_limited, "the copy is limited")
    return begun
