"""The log of a million lines, asked with little memory."""

import json
import subprocess

import pytest

PROJECTS = ["vm/web1", "vm/db1"]
DAYS = ["2026-11-19", "2026-11-20"]
LINES = 250_000

# What a process may have for its data, stacks and all: a few lines' worth beside a million.
DATA_BYTES = 100_000_000


def write(helper, project, day):
    path = helper.logs / f"{project.replace('/', '-')}_{day}.log"
    with path.open("w") as file:
        for i in range(LINES):
            usecs = i * 86_400_000 // LINES
            time = f"{usecs // 3_600_000:02}:{usecs // 60_000 % 60:02}:{usecs // 1000 % 60:02}"
            level = "error" if i % 50_000 == 7 else "info"
            message = "A needle" if i % 50_000 == 5 else f"Copied {i} of {LINES}"
            file.write(
                f'{{"timestamp":"{day}T{time}.{usecs % 1000:03}Z","level":"{level}",'
                f'"project_id":"{project}","backup_id":null,"job_id":null,"action":"copy",'
                f'"status":"progress","message":"{message}","details":{{"block":{i}}},'
                f'"error":null}}\n')


@pytest.fixture
def million(helper):
    helper.logs.mkdir(parents=True)
    for project in PROJECTS:
        for day in DAYS:
            write(helper, project, day)
    return helper


def ask(helper, *arguments):
    done = subprocess.run(
        ["prlimit", f"--data={DATA_BYTES}", *helper.command("log", *arguments, "--json")],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, env=helper.env, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def lines_of(document):
    """The lines in the one document of --json, whatever stands around them."""
    if isinstance(document, dict) and "timestamp" in document:
        return [document]
    values = document.values() if isinstance(document, dict) else document
    return [line for value in values if isinstance(value, (dict, list))
            for line in lines_of(value)]


def test_a_million_lines(million):
    found = lines_of(ask(million, "--text", "NEEDLE"))
    assert len(found) == 20
    assert [line["timestamp"] for line in found] == sorted(line["timestamp"] for line in found)

    found = lines_of(ask(million, "--level", "error", "--project", "vm/web1", "--limit", "7"))
    assert len(found) == 7
    assert found[-1]["details"]["block"] == 200_007
    assert {line["project_id"] for line in found} == {"vm/web1"}

    found = lines_of(ask(million, "--limit", "4"))
    assert [line["details"]["block"] for line in found] == [LINES - 2] * 2 + [LINES - 1] * 2

    found = lines_of(ask(million, "--since", "2026-11-19T23:59:59.500Z", "--until",
                         "2026-11-20T00:00:00.100Z"))
    assert {line["timestamp"][:10] for line in found} == set(DAYS)
