"""The command line as a face, with the operations made for tests: what goes where, and exit statuses."""

import json
import os
import pty
import signal
import subprocess

import pytest

from support.bridge import FAKE, pattern
from support.helper import BINARY
from support.wait import TIMEOUT, wait_until

pytestmark = pytest.mark.protocol


@pytest.fixture
def env(scratch):
    config = scratch / "config.json"
    config.write_text(json.dumps({"state_dir": str(scratch), "runtime_dir": str(scratch / "run")}))
    return {**os.environ, "COCKPIT_BACKUP_CONFIG": str(config), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


@pytest.fixture
def run(env):
    def call(*words, program=FAKE, **options):
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                   "env": env, "timeout": TIMEOUT, "check": False, **options}
        return subprocess.run([program, *[str(word) for word in words]], **options)

    return call


def test_no_words(run):
    done = run()
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"Usage: cockpit-backup COMMAND" in done.stderr


def test_help_and_version(run):
    done = run("--help")
    assert (done.returncode, done.stderr) == (0, b"")
    for command in "test echo", "test stream", "test fail":
        assert f"  {command} ".encode() in done.stdout
    done = run("test", "stream", "--help")
    assert b"Usage: cockpit-backup test stream BYTES [OPTION" in done.stdout
    assert b"--fail-after N" in done.stdout and b"--output FILE" in done.stdout
    assert run("--version").stdout.startswith(b"cockpit-backup ")


def test_every_real_command_has_help(run):
    listing = run("--help", program=BINARY).stdout.decode()
    block = listing.split("Commands:\n")[1].split("\n\n")[0]
    commands = [line[2:].split("  ")[0] for line in block.splitlines()]
    assert "vm list" in commands and "config get" in commands
    for command in commands:
        done = run(*command.split(), "--help", program=BINARY)
        assert done.returncode == 0 and done.stderr == b""
        assert f"Usage: cockpit-backup {command}" in done.stdout.decode()


@pytest.mark.parametrize("words, found", [
    ([""], {"test"}),
    (["te"], {"test"}),
    (["test", ""], {"echo", "kinds", "items", "fail", "block", "stubborn", "stream"}),
    (["test", "st"], {"stubborn", "stream"}),
    (["test", "items", "--"], {"--count", "--size", "--json", "--config", "--repository", "--connect",
                               "--output", "--help", "--version"}),
    (["test", "items", "--co"], {"--count", "--config", "--connect"}),
    (["none", ""], set()),
])
def test_completion(run, scratch, words, found):
    script = scratch / "completion"
    script.write_bytes(run("bash-completion").stdout)
    line = " ".join(f"'{word}'" for word in ["cockpit-backup", *words])
    done = subprocess.run(
        ["bash", "-c", f"set -u; . {script}; COMP_WORDS=({line}); COMP_CWORD={len(words)}; "
         "_cockpit_backup; printf '%s\\n' \"${COMPREPLY[@]}\""],
        capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert set(done.stdout.split()) == found


@pytest.mark.parametrize("words, message", [
    (["nope"], "There is no command “nope”; see cockpit-backup --help"),
    (["test", "echo"], "test.echo: parameter “texts” is missing"),
    (["test", "items", "--count", "x"], "“--count” needs a whole number, not “x”"),
    (["test", "items", "--count", "-1"],
     "test.items: parameter “count” must be from 0 to 1000000"),
    (["test", "echo", "a", "--what"],
     "test echo has no option “--what”; see cockpit-backup test echo --help"),
])
def test_wrong_usage(run, words, message):
    done = run(*words)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode() == f"cockpit-backup: {message}\n"


@pytest.mark.parametrize("problem, status", [
    ("internal-error", 1), ("protocol-error", 2), ("integrity", 3), ("busy", 4), ("not-found", 5),
    ("access-denied", 6), ("no-space", 7), ("not-supported", 1), ("unavailable", 1)])
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_exit_status(run, problem, status, form):
    done = run("test", "fail", "--problem", problem, *form)
    assert (done.returncode, done.stdout) == (status, b"")
    assert done.stderr.decode() == f"cockpit-backup: It failed: {problem}\n"


def test_text(run):
    done = run("test", "kinds")
    assert done.returncode == 0
    assert done.stdout.decode().replace("\xa0", " ") == (
        "NAME    SIZE\none   1.5 MB\nwarnings count:  0\n")
    # A name or a message never steers the terminal.
    assert done.stderr.decode() == "02:00:00 warning vm/one: a line [31m\n"


def test_json(run):
    done = run("test", "kinds", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "warnings_count": 0,
        "items": [{"name": "one", "size_bytes": 1500000, "nested": {"a": 1}}]}
    assert done.stderr.decode().startswith("02:00:00 warning")


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_done_with_warnings(run, form):
    assert run("test", "kinds", "--warn", *form).returncode == 8


def test_json_of_nothing(run):
    assert json.loads(run("test", "stubborn", "--msecs", "0", "--json").stdout) == {}


def test_words_like_options(run):
    done = run("test", "echo", "--json", "--", "--json", "-x")
    assert json.loads(done.stdout) == {"count": 2, "items": ["--json", "-x"]}


def test_full_device(run):
    with open("/dev/full", "wb") as full:
        done = run("test", "items", "--count", 3, "--size", 10, stdout=full)
    assert done.returncode == 7
    assert done.stderr == (
        b"cockpit-backup: Standard output cannot be written: No space left on device; "
        b"free some space there\n")


def test_reader_that_goes_away(env):
    with subprocess.Popen([FAKE, "test", "stream", "100000000"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=env) as process:
        process.stdout.read(10)
        process.stdout.close()
        assert process.wait(timeout=TIMEOUT) == 1
        assert b"Broken pipe" in process.stderr.read()


# --- bytes

def test_stream_to_stdout(run):
    done = run("test", "stream", 3000000)
    assert (done.returncode, done.stdout, done.stderr) == (0, pattern(3000000), b"")


def test_stream_to_file(run, scratch):
    target = scratch / "a.bin"
    target.write_bytes(b"old")
    done = run("test", "stream", 3000000, "--output", target)
    assert done.returncode == 0
    assert target.read_bytes() == pattern(3000000)
    assert target.stat().st_mode & 0o777 == 0o600
    assert str(target).encode() in done.stdout


def test_stream_into_directory(run, scratch):
    folder = scratch / "out"
    folder.mkdir()
    done = run("test", "stream", 10, "--output", folder, "--json")
    assert json.loads(done.stdout) == {"path": str(folder / "stream.bin"), "size_bytes": 10}
    assert [path.name for path in folder.iterdir()] == ["stream.bin"]


def test_failed_stream_leaves_the_old_file(run, scratch):
    folder = scratch / "out"
    folder.mkdir()
    (folder / "a.bin").write_bytes(b"old")
    done = run("test", "stream", 3000000, "--fail-after", 2000000, "--problem", "integrity",
               "--output", folder / "a.bin")
    assert done.returncode == 3
    assert [(path.name, path.read_bytes()) for path in folder.iterdir()] == [("a.bin", b"old")]


def test_stream_into_nothing(run, scratch):
    assert run("test", "stream", 1, "--output", scratch / "none/a.bin").returncode == 5


def test_no_bytes_to_a_terminal(run):
    leader, follower = pty.openpty()
    done = run("test", "stream", 10, stdout=follower)
    os.close(follower)
    os.close(leader)
    assert done.returncode == 2
    assert b"--output FILE" in done.stderr


# --- following, and the end

@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_follow_until_interrupted(env, number):
    with subprocess.Popen([FAKE, "test", "block", "--json"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=env) as process:
        assert process.stdout.readline() == b'{"item":{"number":0}}\n'
        process.send_signal(number)
        assert process.wait(timeout=TIMEOUT) == 0
        assert process.stderr.read() == b"block: cancelled\n"


def test_second_interrupt_ends_at_once(env):
    with subprocess.Popen([FAKE, "test", "stubborn", "--msecs", "600000"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=env) as process:
        # The handler stands before the operation's thread is there.
        wait_until(lambda: len(os.listdir(f"/proc/{process.pid}/task")) >= 3, "the operation runs")

        def ends():
            # Two that come before the first was looked at are one.
            process.send_signal(signal.SIGINT)
            return process.poll() is not None

        wait_until(ends, "it ends")
        assert process.returncode == -signal.SIGINT


# --- settings

def test_config(run, scratch, env):
    assert json.loads(run("config", "get", "--json", program=BINARY).stdout)["port"] == 8001
    done = run("config", "set", "port", "9000", "--json", program=BINARY)
    assert json.loads(done.stdout)["port"] == 9000
    assert json.loads((scratch / "config.json").read_text())["port"] == 9000
    done = run("config", "set", "port", "many", program=BINARY)
    assert done.returncode == 2 and "“port” must be a whole number" in done.stderr.decode()
    done = run("config", "get", "--json", "--repository", "r", "--connect", "test:///default",
               program=BINARY, cwd=scratch, env={**env, "PORT": "9001", "BACKUP_DIR": "/srv/x"})
    got = json.loads(done.stdout)
    assert (got["port"], got["repository_dir"], got["connect_uri"]) == (
        9001, str(scratch / "r"), "test:///default")
    assert run("config", "get", "--config", "/nonexistent", program=BINARY).returncode == 5
