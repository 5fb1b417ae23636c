"""What suites of tests say when they have ended: how many passed, which failed, and why."""

import re
import xml.etree.ElementTree

# Of what is told of failures at the end: where only that is to be had, it must do.
WHY_MAX_LINES = 15
WHY_MAX_CHARS = 200
WHYS_MAX_LINES = 150


class Failure:
    """A test that failed; the last lines of `why` are told."""

    def __init__(self, name, why=""):
        self.name = name
        self.why = [line.rstrip()[:WHY_MAX_CHARS] for line in (why or "").splitlines() if line.strip()]
        self.why = self.why[-WHY_MAX_LINES:]


class Counts:
    """What a suite adds to the last line."""

    def __init__(self, passed=0, failed=0, skipped=0, failures=()):
        self.passed = passed
        self.failed = failed
        self.skipped = skipped
        self.failures = list(failures)

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures

    def __str__(self):
        text = f"{self.passed} passed, {self.failed} failed"
        return text + (f", {self.skipped} skipped" if self.skipped else "")


def one_failure(name, why=""):
    return Counts(failed=1, failures=[Failure(name, why)])


def describe(failures):
    """Lines that name the failures, each with why, as long as there is room."""
    lines = []
    room = WHYS_MAX_LINES
    for failure in failures:
        lines.append(f"  {failure.name}")
        if failure.why and len(failure.why) > room:
            lines.append("    (why is in its log, in tests/results/)")
            continue
        lines += [f"    | {line}" for line in failure.why]
        room -= len(failure.why)
    return lines


def _why_of_case(suite, case, broken):
    """pytest says it in the failure itself; of a program meson has what it printed, to the end."""
    texts = [broken.text, *[where.findtext(name) for where in (case, suite)
                            for name in ("system-err", "system-out")]]
    return next((text for text in texts if text and text.strip()), broken.get("message"))


def from_junit(name, path, status, log=""):
    """Counts a junit file; a run that failed without saying where counts as one failure, and its log
    says why."""
    counts = Counts()
    try:
        suites = list(xml.etree.ElementTree.parse(path).iter("testsuite"))
    except (OSError, xml.etree.ElementTree.ParseError):
        suites = []
    for suite, case in [(suite, case) for suite in suites for case in suite.findall("testcase")]:
        broken = next((found for found in (case.find("failure"), case.find("error"))
                       if found is not None), None)
        if broken is not None:
            counts.failed += 1
            counts.failures.append(Failure(f"{case.get('classname')} {case.get('name')}",
                                           _why_of_case(suite, case, broken)))
        elif case.find("skipped") is not None:
            counts.skipped += 1
        else:
            counts.passed += 1
    if counts.passed + counts.failed + counts.skipped == 0:
        counts.add(one_failure(f"{name}: no test was run", log))
    elif status != 0 and counts.failed == 0:
        counts.add(one_failure(f"{name}: exit status {status}", log))
    return counts


def _tap_details(lines, indent):
    """{key: lines} of the block that stands below a “not ok”, or nothing."""
    details = {}
    key = None
    if not lines or lines[0] != f"{indent}  ---":
        return details
    for line in lines[1:]:
        if line == f"{indent}  ...":
            break
        found = re.match(rf"{indent}  (\w+): ?(.*)$", line)
        if found:
            key = found[1]
            details[key] = [] if found[2] in ("", "|-", "|") else [found[2].strip("'")]
        elif key is not None:
            details[key].append(line.removeprefix(f"{indent}    "))
    return details


def _tap_failures(name, text):
    """What is “not ok”; of a group of tests that failed only by its tests, those."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        found = re.match(r"(\s*)not ok \d+ - (.+?)\s*$", line)
        if not found:
            continue
        details = _tap_details(lines[number + 1:], found[1])
        if "subtestsFailed" not in details.get("failureType", []):
            stack = details.get("stack", [])[:3]
            why = [*details.get("error", [])[:WHY_MAX_LINES - len(stack)], *stack]
            yield Failure(f"{name}: {found[2]}", "\n".join(why))


def from_node(name, text, status):
    """Counts the summary that node's test runner closes with, and finds why in its TAP."""
    found = dict(re.findall(r"^# (tests|pass|fail|cancelled|skipped|todo) (\d+)\s*$", text, re.MULTILINE))
    if not int(found.get("tests", 0)):
        return one_failure(f"{name}: no test was run, exit status {status}", text)
    failed = int(found.get("fail", 0)) + int(found.get("cancelled", 0))
    counts = Counts(int(found.get("pass", 0)), failed, int(found.get("skipped", 0)),
                    _tap_failures(name, text) if failed else [])
    if status != 0 and failed == 0:
        counts.add(one_failure(f"{name}: exit status {status}", text))
    return counts
