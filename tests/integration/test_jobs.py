"""Jobs outlive whoever asked for them, and everyone who watches sees the same."""

import json
import os
import pathlib
import signal
import subprocess

import pytest

from support.helper import BINARY, Helper
from support.wait import TIMEOUT

PROGRAM = BINARY.parent.parent / "tests/fakes/job-program"


class Watcher:
    """job-program, its frames read as they come."""

    def __init__(self, helper, face, op, **args):
        self.process = subprocess.Popen(
            [str(PROGRAM), face, op, json.dumps(args)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, text=True, env=helper.env, start_new_session=True)
        self.frames = []

    def next(self):
        line = self.process.stdout.readline()
        assert line, f"it ended: {self.frames[-3:]}"
        self.frames.append(json.loads(line))
        return self.frames[-1]

    def until(self, matches):
        while not matches(self.next()):
            pass
        return self.frames[-1]

    def end(self):
        for line in self.process.stdout:
            self.frames.append(json.loads(line))
        return self.process.wait(timeout=TIMEOUT)

    def kill(self):
        """As the end of a session does to all that it started, but at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=TIMEOUT)
        self.process.stdout.close()

    @property
    def messages(self):
        return [frame["log"]["message"] for frame in self.frames if "log" in frame]

    @property
    def states(self):
        states = [frame["progress"]["state"] for frame in self.frames if "progress" in frame]
        return [state for i, state in enumerate(states) if i == 0 or states[i - 1] != state]


class Jobs:
    def __init__(self, directory):
        self.helper = Helper(directory)
        self.gate = directory / "gate"
        self.litter = directory / "litter"
        self.watchers = []

    def watch(self, face, op, **args):
        self.watchers.append(Watcher(self.helper, face, op, **args))
        return self.watchers[-1]

    def start(self, face="channel", **args):
        """A job that waits at the gate, and its id."""
        watcher = self.watch(face, "test.work", project="vm/web1", gate=str(self.gate),
                             litter=str(self.litter), **args)
        if face == "cli":
            frame = watcher.until(lambda frame: "log" in frame)
            return watcher, frame["log"]["job_id"]
        frame = watcher.until(lambda frame: "progress" in frame and frame["progress"]["progress"])
        return watcher, frame["progress"]["id"]

    def ask(self, op, **args):
        watcher = self.watch("channel", op, **args)
        assert watcher.end() == 0, watcher.frames
        return watcher.frames

    def list(self):
        return [frame["item"] for frame in self.ask("job.list") if "item" in frame]

    def state(self, job_id):
        return {job["id"]: job["state"] for job in self.list()}[job_id]

    def pid(self, job_id):
        """The process of a job: the one whose command line names it."""
        for path in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (path / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"run" in words and job_id.encode() in words:
                return int(path.name)
        return None

    def close(self):
        self.gate.touch()
        for watcher in self.watchers:
            if watcher.process.poll() is None:
                watcher.kill()
            watcher.process.stdout.close()


@pytest.fixture
def jobs(scratch):
    jobs = Jobs(scratch)
    yield jobs
    jobs.close()


def test_runs_and_is_followed(jobs):
    watcher = jobs.watch("channel", "test.work", project="vm/web1", lines=3)
    assert watcher.end() == 0
    assert watcher.messages == ["begin", "line 0", "line 1", "line 2", "end"]
    assert watcher.states[-1] == "completed"
    result = watcher.frames[-1]["result"]
    assert result["state"] == "completed"
    assert result["actor"] == "tester"
    assert result["projects"] == ["vm/web1"]
    # The job's process had the asker's settings, though it read no file for them.
    assert result["result"]["log_dir"] == str(jobs.helper.logs)
    assert "settings" not in result
    assert list(jobs.helper.runtime.glob("jobs/*.json"))
    assert (jobs.helper.runtime / "jobs").stat().st_mode & 0o777 == 0o700


def test_failure_is_the_watchers_error(jobs):
    watcher = jobs.watch("channel", "test.work", project="vm/web1", problem="no-space")
    assert watcher.end() == 7
    assert watcher.frames[-1] == {"problem": "no-space", "message": "It failed, as it was told to"}
    job = jobs.list()[0]
    assert job["state"] == "failed"
    assert job["error"] == watcher.frames[-1]

    again = jobs.watch("channel", "job.follow", id=job["id"])
    assert again.end() == 7
    assert again.frames[-1] == watcher.frames[-1]


def test_survives_who_asked_for_it(jobs):
    watcher, job_id = jobs.start(lines=2)
    watcher.kill()
    assert jobs.state(job_id) == "running"

    again = jobs.watch("channel", "job.follow", id=job_id)
    again.until(lambda frame: "log" in frame)
    jobs.gate.touch()
    assert again.end() == 0
    assert again.messages == ["begin", "line 0", "line 1", "end"]
    assert not jobs.litter.exists()


def test_every_follower_sees_the_same(jobs):
    first, job_id = jobs.start(lines=500)
    second = jobs.watch("channel", "job.follow", id=job_id)
    second.until(lambda frame: "log" in frame)
    jobs.gate.touch()
    assert first.end() == second.end() == 0
    late = jobs.watch("channel", "job.follow", id=job_id)
    assert late.end() == 0

    wanted = ["begin", *[f"line {i}" for i in range(500)], "end"]
    assert first.messages == wanted
    assert second.messages == wanted
    assert late.messages == wanted
    assert first.frames[-1] == second.frames[-1] == late.frames[-1]


def test_killed_job_is_interrupted_at_once(jobs):
    watcher, job_id = jobs.start()
    os.kill(jobs.pid(job_id), signal.SIGKILL)
    assert watcher.end() == 1
    assert watcher.states[-1] == "interrupted"
    assert "interrupted" in watcher.frames[-1]["message"]
    assert jobs.state(job_id) == "interrupted"


@pytest.mark.parametrize("how", ["operation", "signal"])
def test_cancel_leaves_nothing(jobs, how):
    watcher, job_id = jobs.start()
    assert jobs.litter.exists()
    if how == "operation":
        assert jobs.ask("job.cancel", id=job_id)[-1]["result"]["id"] == job_id
    else:
        os.kill(jobs.pid(job_id), signal.SIGTERM)
    assert watcher.end() == 1
    assert watcher.frames[-1]["problem"] == "cancelled"
    assert jobs.state(job_id) == "cancelled"
    assert not jobs.litter.exists()
    # Once more is no error, and changes nothing.
    assert jobs.ask("job.cancel", id=job_id)[-1]["result"]["state"] == "cancelled"


def test_unknown_job(jobs):
    for job_id in ["20261120_020000-5f2a9c01", "../../../etc/passwd", ""]:
        for op in ["job.follow", "job.cancel"]:
            assert jobs.watch("channel", op, id=job_id).end() == 5
    assert not list(jobs.helper.runtime.glob("jobs/*.cancel"))


def test_foreground_job_shows_like_any_other(jobs):
    watcher, job_id = jobs.start("cli", lines=2)
    assert jobs.state(job_id) == "running"
    other = jobs.watch("channel", "job.follow", id=job_id)
    other.until(lambda frame: "log" in frame)
    jobs.gate.touch()
    assert watcher.end() == other.end() == 0
    assert watcher.messages == other.messages == ["begin", "line 0", "line 1", "end"]
    assert watcher.frames[-1] == other.frames[-1]


def test_foreground_job_stops_at_ctrl_c(jobs):
    watcher, job_id = jobs.start("cli")
    os.kill(watcher.process.pid, signal.SIGINT)
    assert watcher.end() == 1
    assert jobs.state(job_id) == "cancelled"
    assert not jobs.litter.exists()


def test_plan_is_no_job(jobs):
    watcher = jobs.watch("channel", "test.work", project="vm/web1", plan=True)
    watcher.end()
    assert jobs.list() == []


def test_list_and_watch(jobs):
    first = jobs.watch("channel", "test.work", project="vm/a")
    assert first.end() == 0
    overview = jobs.watch("channel", "job.list", watch=True)
    assert overview.until(lambda frame: "result" in frame) == {"result": {"count": 1}}

    watcher, job_id = jobs.start()
    overview.until(lambda frame: frame.get("item", {}).get("state") == "running")
    assert [job["id"] for job in jobs.list()][0] == job_id
    os.kill(jobs.pid(job_id), signal.SIGKILL)
    frame = overview.until(lambda frame: frame.get("item", {}).get("state") == "interrupted")
    assert frame["item"]["id"] == job_id
    watcher.end()


def test_second_process_for_one_job_does_nothing(jobs):
    watcher, job_id = jobs.start(lines=1)
    run = [str(PROGRAM), "job", "run", str(jobs.helper.runtime), job_id]
    assert subprocess.run(run, capture_output=True, check=False).returncode == 4
    assert jobs.state(job_id) == "running"
    jobs.gate.touch()
    assert watcher.end() == 0
    assert subprocess.run(run, capture_output=True, check=False).returncode == 4
    assert watcher.messages == ["begin", "line 0", "end"]


def test_settings_that_no_longer_hold_end_the_job(jobs):
    watcher = jobs.watch("channel", "test.work", project="vm/a")
    assert watcher.end() == 0
    record = next(jobs.helper.runtime.glob("jobs/*.json"))
    changed = json.loads(record.read_text())
    changed["state"] = "pending"
    changed["settings"]["log_dir"] = "relative/../path"
    record.write_text(json.dumps(changed))
    done = subprocess.run([str(PROGRAM), "job", "run", str(jobs.helper.runtime), changed["id"]],
                          capture_output=True, check=False)
    assert done.returncode == 2
    assert jobs.state(changed["id"]) == "failed"


def test_log_is_followed_from_its_newest_lines(jobs):
    assert jobs.watch("channel", "test.work", project="vm/a", lines=20).end() == 0
    follower = jobs.watch("channel", "log.follow", project="vm/a", limit=2)
    assert follower.next()["log"]["message"] == "line 19"
    assert follower.next()["log"]["message"] == "end"
    assert jobs.watch("channel", "test.work", project="vm/b").end() == 0
    assert jobs.watch("channel", "test.work", project="vm/a", lines=1).end() == 0
    assert [follower.next()["log"]["message"] for _ in range(3)] == ["begin", "line 0", "end"]

    found = jobs.ask("log.query", text="LINE 1", limit=2)
    assert [frame["item"]["message"] for frame in found[:-1]] == ["line 18", "line 19"]
    assert found[-1] == {"result": {"count": 2}}
