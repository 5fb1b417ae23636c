"""kill -9 before each step of an operation in turn: every completed point still restores to identical bytes,
the next run goes on by itself and says so, nothing is left. What came of each is kept, for tests/run kill-sweep."""

import json

from .steps import RESULTS, sample

# Of each operation, unless all are asked for.
SAMPLES = 5
# What a connection says is not always the same: a run can have a step less than the one that was counted.
ATTEMPTS = 4
POINTS = RESULTS / "kill-points"


def said(text):
    """What a run said about the one before it."""
    words = ("interrupted", "no longer needed", "finished", "goes on")
    lines = [line.split(": ", 1)[-1] for line in text.splitlines()
             if any(word in line for word in words)]
    return " / ".join(lines) or "nothing was left to mend"


class Operation:
    """What is killed, how it is begun again, and what must hold."""

    # How many of its steps are taken, where not all are.
    samples = SAMPLES
    # Whether its VM is shut off.
    is_off = False
    # How a run ends that is let through.
    status = 0

    def __init__(self, bed):
        self.bed = bed
        self.helper = bed.helper
        self.vm = bed.vm

    def prepare(self):
        self.bed.begin_again()

    def check_killed(self):
        return self.bed.check_points()

    def go_on(self):
        """The next run; what it said."""
        result = self.helper.run(*self.command())
        self.check_done()
        return said(result.stderr)

    def check_done(self):
        self.bed.check_points()
        self.bed.check_tidy()

    def clean(self):
        """Takes away what begin_again() would not."""


class Points:
    """What came of each kill of one operation: a file of JSON lines, where all steps are asked for."""

    def __init__(self, name, part):
        self.name = name
        self.path = None
        self.lost = []
        if part is None:
            return
        POINTS.mkdir(parents=True, exist_ok=True)
        self.path = POINTS / f"{name}.{part[0]}-of-{part[1]}.jsonl"
        for path in POINTS.glob(f"{name}.*.jsonl"):
            # What was swept in other pieces would be counted twice.
            if path == self.path or not path.stem.endswith(f"-of-{part[1]}"):
                path.unlink()

    def add(self, step, total, call, found, then, outcome):
        row = {"operation": self.name, "step": step, "steps": total, "call": call, "found": found,
               "then": then, "outcome": outcome}
        if self.path is not None:
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        if outcome == "lost":
            self.lost.append(f"before step {step}, {call}: {then or found}")


def kill(operation, number):
    """Ended before that step; the step, or None when each run had fewer."""
    for _ in range(ATTEMPTS):
        operation.prepare()
        status, text, begun = operation.bed.killer.run(*operation.command(), at=number)
        if len(begun) >= number:
            assert status != operation.status, f"it was not killed before step {number}: {text}"
            return begun[number - 1]
    return None


def try_to(check):
    """(what it says, whether it holds)"""
    try:
        return check(), True
    except AssertionError as failure:
        return f"{failure}".splitlines()[0] if f"{failure}" else "it does not hold", False


def follow_up(operation, number, total, points):
    """Kills it there, looks at what is left, and lets the next run go on. Whether there was such a step."""
    step = kill(operation, number)
    if step is None:
        points.add(number, total, "", "", "no run had so many steps", "not reached")
        return False
    found, held = try_to(operation.check_killed)
    then = ""
    if held:
        then, held = try_to(operation.go_on)
    if held:
        _, held = try_to(lambda: operation.helper.run("verify", f"vm/{operation.vm.name}"))
    points.add(number, total, str(step), found, then, "whole" if held else "lost")
    return True


def sweep(operation, part=None):
    """Kills it before each of its steps in turn, and all the same goes on.

    part: (1, 3) takes every third step, from the first on; None takes a few."""
    operation.prepare()
    status, text, steps = operation.bed.killer.run(*operation.command())
    assert status == operation.status, text
    assert steps, "no step was seen"
    first, stride = part or (1, 1)
    numbers = range(first, len(steps) + 1, stride) if part else sample(steps, operation.samples)
    points = Points(type(operation).__name__, part)
    kills = sum(follow_up(operation, number, len(steps), points) for number in numbers)
    operation.clean()
    print(f"{points.name}: {kills} kills of {len(steps)} steps")
    assert not points.lost, "\n".join(points.lost)
    assert kills >= (len(numbers) * 3 // 4 if part else min(3, operation.samples))
