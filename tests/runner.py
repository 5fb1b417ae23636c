"""Runs the test suites and adds up what they say. See tests/run.

Of all suites, two rows run side by side after the first two, and of the integration tests two files:
most of a test waits, for QEMU or for a page.
"""

import concurrent.futures
import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time

from counts import Counts, Failure, describe, from_junit, from_node, one_failure

import kill_points

TOP = pathlib.Path(__file__).resolve().parents[1]
RESULTS = TOP / "tests/results"
BUILD = TOP / "build-test"
BUILD_SANITIZE = TOP / "build-sanitize"
PAGE = TOP / "cockpit-pkg"
BROWSER = TOP / "tests/browser"
INTEGRATION = TOP / "tests/integration"
FILES_AT_ONCE = 2
SANITIZE_ENV = {
    # The slow unwinder sees through libraries without frame pointers, so that lsan.supp can name them.
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:"
                    "fast_unwind_on_malloc=0",
    "LSAN_OPTIONS": f"suppressions={TOP}/tests/lsan.supp:print_suppressions=0",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "G_SLICE": "always-malloc",
    # The sanitizer's allocator has a fill of its own.
    "MALLOC_PERTURB_": "0",
}


ROW = threading.local()


def say(text):
    """Prints whole lines; where two suites run side by side, each line says whose it is."""
    name = getattr(ROW, "suite", None)
    prefix = f"{name}: " if name else ""
    print("".join(f"{prefix}{line}\n" for line in text.splitlines()), end="", flush=True)


def call(name, command, cwd=TOP, env=None, show=True):
    """Runs a command, its output going to a log and, with show, to stdout. Returns (status, text)."""
    log = RESULTS / f"{name}.log"
    lines = []
    with open(log, "w", encoding="utf-8") as file, subprocess.Popen(
            [str(word) for word in command], cwd=cwd, env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace") as process:
        for line in process.stdout:
            lines.append(line)
            file.write(line)
            if show:
                say(line)
    if process.returncode != 0 and not show:
        say("".join(lines[-60:]))
    return process.returncode, "".join(lines)


def step(name, command, **options):
    """A command that is one test: it works or it does not."""
    status, text = call(name, command, show=False, **options)
    return Counts(passed=1) if status == 0 else one_failure(f"{name}: exit status {status}", text)


def once(function):
    """What is done once a run, though two rows ask for it at the same time."""
    lock = threading.Lock()
    cached = functools.cache(function)

    def ask(*arguments):
        with lock:
            return cached(*arguments)

    return ask


def has_options(directory, options):
    """Whether a build directory was set up with these."""
    try:
        known = json.loads((directory / "meson-info/intro-buildoptions.json").read_text())
    except OSError:
        return False
    return set(options) <= {f"-D{one['name']}={one['value']}" for one in known}


@once
def build(directory, *options):
    """Sets up and builds, once a run; returns None, or what counts as its failure."""
    name = directory.name
    if not (directory / "build.ninja").exists() or not has_options(directory, options):
        shutil.rmtree(directory, ignore_errors=True)
        setup = step(f"{name}-setup", ["meson", "setup", directory, "-Dwerror=true", *options])
        if setup.failed:
            return setup
    made = step(name, ["ninja", "-C", directory])
    return made if made.failed else None


def build_program():
    """As the Debian package has it, which the tests make of this build."""
    return build(BUILD, "-Dprefix=/usr")


def meson_test(name, directory, suite, arguments, env=None, slowness=10):
    # A time limit ends what hangs; it is not to fail what is slow on a busy machine.
    status, text = call(
        name, ["meson", "test", "-C", directory, "--no-rebuild", "--print-errorlogs", "--suite", suite,
               "--timeout-multiplier", str(slowness), "--logbase", name, *arguments], env=env)
    counts = from_junit(name, directory / f"meson-logs/{name}.junit.xml", status, text)
    # A program that crashed or was ended has no failed test in junit: name it.
    with open(directory / f"meson-logs/{name}.json", encoding="utf-8") as log:
        for line in log:
            run = json.loads(line)
            if run["result"] not in ("OK", "SKIP", "FAIL"):
                counts.failures.append(Failure(f"{run['name']}: {run['result']}",
                                               run.get("stderr") or run.get("stdout")))
    return counts


def unit(arguments):
    return build_program() or meson_test("unit", BUILD, "unit", arguments)


def fuzz(arguments):
    return build_program() or meson_test("fuzz", BUILD, "fuzz", arguments)


def sanitize(arguments):
    failed = build(BUILD_SANITIZE, "-Db_sanitize=address,undefined", "-Dbuildtype=debug")
    if failed:
        return failed
    counts = Counts()
    for suite in ("unit", "fuzz"):
        counts.add(meson_test(f"sanitize-{suite}", BUILD_SANITIZE, suite, arguments,
                              env=SANITIZE_ENV, slowness=20))
    counts.add(pytest("sanitize-protocol", BUILD_SANITIZE, ["-m", "protocol"], env=SANITIZE_ENV))
    return counts


@once
def npm_install(directory):
    """npm ci, when the lock file is another than the one that was installed last."""
    lock = (directory / "package-lock.json").read_bytes()
    stamp = directory / "node_modules/.installed-lock"
    if stamp.exists() and stamp.read_bytes() == lock:
        return None
    made = step(f"npm-{directory.name}", ["npm", "ci", "--no-audit", "--no-fund"], cwd=directory)
    if made.failed:
        return made
    stamp.write_bytes(lock)
    return None


@once
def build_page():
    return npm_install(PAGE) or (
        lambda made: made if made.failed else None)(step("page-build", ["npm", "run", "build"], cwd=PAGE))


def page(arguments):
    counts = build_page()
    if counts:
        return counts
    counts = step("page-lint", ["npm", "run", "lint"], cwd=PAGE)
    status, text = call("page-unit", ["npm", "test", "--", *arguments], cwd=PAGE)
    counts.add(from_node("page", text, status))
    return counts


def pytest(name, directory, arguments, env=None, tests=INTEGRATION):
    junit = RESULTS / f"{name}.xml"
    junit.unlink(missing_ok=True)
    status, text = call(
        name,
        [TOP / "tests/bed", "/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider",
         "--junitxml", junit, tests, *arguments],
        env={"COCKPIT_BACKUP_BINARY": str(directory / "helper/cockpit-backup"),
             "PYTHONDONTWRITEBYTECODE": "1", **(env or {})})
    return from_junit(name, junit, status, text)


@once
def fetch_guest():
    """The kernel that the demo guest boots: the test bed has no network."""
    made = step("demo-fetch", [TOP / "packaging/demo/vm", "fetch"])
    return made if made.failed else None


def integration_file(path, arguments=()):
    """One file of tests, in a bed of its own."""
    ROW.suite = path.stem
    return pytest(f"integration-{path.stem}", BUILD, ["-q", "--no-header", *arguments], tests=path)


def integration_files(pattern, arguments=()):
    # What takes longest first, so that no worker is left with it alone; a long file is a guess at that.
    files = sorted(INTEGRATION.glob(pattern), key=lambda path: -path.stat().st_size)
    counts = Counts()
    with concurrent.futures.ThreadPoolExecutor(FILES_AT_ONCE) as workers:
        for of_file in workers.map(lambda path: integration_file(path, arguments), files):
            counts.add(of_file)
    return counts


def integration(arguments):
    # The page before them, and not beside them: a Cockpit of theirs takes what is built of it.
    failed = build_program() or fetch_guest() or build_page()
    if failed or arguments:
        return failed or pytest("integration", BUILD, arguments)
    return integration_files("test_*.py")


def kill_sweep(arguments):
    """Not among what is run without an argument: it takes hours. Arguments are names of operations, and at the
    end, to take it in pieces, one like 2/5: every fifth step of them from the second on."""
    failed = build_program()
    if failed:
        return failed
    part = arguments.pop() if arguments and "/" in arguments[-1] else "1/1"
    if arguments:
        names = " or ".join(f"[{name}]" for name in arguments)
        counts = pytest("kill-sweep", BUILD, ["-q", "--no-header", f"--steps={part}", "-k", names],
                        tests=INTEGRATION)
    else:
        kill_points.clear()
        counts = integration_files("test_kill_*.py", [f"--steps={part}"])
    say(f"\n{kill_points.table()}\nEach of them: {kill_points.write_list().relative_to(TOP)}")
    return counts


def browser(arguments):
    failed = build_program() or build_page() or npm_install(BROWSER)
    if failed:
        return failed
    status, text = call(
        "browser", [TOP / "tests/bed", "npm", "test", "--", *arguments], cwd=BROWSER,
        env={"COCKPIT_BACKUP_BINARY": str(BUILD / "helper/cockpit-backup")})
    return from_node("browser", text, status)


SUITES = {
    "unit": unit,
    "fuzz": fuzz,
    "page": page,
    "integration": integration,
    "browser": browser,
    "sanitize": sanitize,
    "kill-sweep": kill_sweep,
}
FIRST = ["unit", "fuzz"]
SIDE_BY_SIDE = [["integration"], ["page", "browser", "sanitize"]]


def run_suite(name, arguments=()):
    """Returns the suite's counts, and the line that says them."""
    say(f"=== {name} ===")
    begin = time.monotonic()
    try:
        counts = SUITES[name](arguments)
    except OSError as error:
        counts = one_failure(f"{name}: did not run: {error}")
    line = f"{name}: {counts} ({time.monotonic() - begin:.0f} s)"
    say(f"=== {line}")
    return counts, line


def run_row(names):
    ended = []
    for name in names:
        ROW.suite = name
        ended.append(run_suite(name))
    return ended


def run_all():
    ended = [run_suite(name) for name in FIRST]
    with concurrent.futures.ThreadPoolExecutor(len(SIDE_BY_SIDE)) as rows:
        for row in rows.map(run_row, SIDE_BY_SIDE):
            ended += row
    return ended


def main(arguments):
    if arguments and arguments[0] not in SUITES:
        print(f"tests/run: there is no suite “{arguments[0]}”; there are {', '.join(SUITES)}")
        return 2
    RESULTS.mkdir(parents=True, exist_ok=True)
    ended = [run_suite(arguments[0], arguments[1:])] if arguments else run_all()

    total = Counts()
    print("\n=== summary ===")
    for counts, line in ended:
        print(line)
        total.add(counts)
    if total.failures:
        print("\nFailed:")
        print("\n".join(describe(total.failures)))
        print()
    print(total, flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
