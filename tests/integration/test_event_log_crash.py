"""kill -9 at random instants under four concurrent writers: after recovery the chain is valid, and no
event that was acknowledged is lost."""

import os
import random
import selectors
import subprocess

from support.event_log import OwnLog, chain_is_valid, writer_command

KILLS = int(os.environ.get("COCKPIT_BACKUP_KILLS", "500"))
WRITERS = 4


class Writer:
    """One writer process after the other; what each acknowledged is kept."""

    def __init__(self, state, number):
        self.state = state
        self.number = number
        self.runs = 0
        self.acknowledged = set()
        self.start()

    def start(self):
        self.runs += 1
        self.name = f"w{self.number}r{self.runs}"
        self.count = 0
        batch = (1, 1, 7, 40)[self.number]
        self.process = subprocess.Popen(
            writer_command(self.state, self.name, 0, batch=batch, segment=500),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def take_line(self):
        line = self.process.stdout.readline()
        if line.endswith("\n"):
            self.count = int(line)
        return bool(line)

    def end(self):
        """Kills it, and takes all that it acknowledged before."""
        self.process.kill()
        while self.take_line():
            pass
        error = self.process.stderr.read()
        self.process.communicate()
        assert error == "", error
        self.acknowledged.update(f"{self.name}-{i}" for i in range(1, self.count + 1))


def test_kill_at_random_instants(helper):
    state = helper.directory / "state"
    writers = [Writer(state, number) for number in range(WRITERS)]
    assert all([writer.take_line() for writer in writers]), "the writers must have come to write"
    choose = random.Random(20261120)
    for kill in range(KILLS):
        victim = choose.choice(writers)
        # the instant: some lines of whichever writers are ready, then a moment within the next write
        with selectors.DefaultSelector() as selector:
            for writer in writers:
                selector.register(writer.process.stdout, selectors.EVENT_READ, writer)
            for key, _ in selector.select(timeout=choose.uniform(0, 0.03)):
                key.data.take_line()
        victim.end()
        victim.start()
        if kill % 50 == 49:
            verdict = helper.run("--json", "event-log", "verify", status=None).json
            # a writer may have died in mid-write just now: that is named so until the next append
            assert verdict["chain_valid"] or verdict["broken"]["reason"] == "unreadable", verdict
    for writer in writers:
        writer.end()

    OwnLog(state).append(1)
    verdict = helper.run("--json", "event-log", "verify").json
    assert verdict["chain_valid"] and verdict["verified_from"] == "genesis"
    events = OwnLog(state).events()
    assert chain_is_valid(events)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    recorded = [event["entidade_id"] for event in events if event["evento"] == "backup.created"]
    assert len(recorded) == len(set(recorded)), "no event twice"
    acknowledged = set().union(*(writer.acknowledged for writer in writers))
    assert acknowledged <= set(recorded), sorted(acknowledged - set(recorded))[:5]
