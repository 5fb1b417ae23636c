"""Running commands, and looking at processes."""

import pathlib
import subprocess

from .wait import TIMEOUT


def run(*command, check=True, timeout=TIMEOUT, **options):
    """Runs a command and returns its stdout; a failure raises with what it said on stderr."""
    words = [str(word) for word in command]
    result = subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
        check=False, **options)
    if check and result.returncode != 0:
        raise AssertionError(
            f"{' '.join(words)}: status {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


def process_state(pid):
    """The letter that ps has for it, "T" for one that is stopped; None for one that has ended."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state = stat.rsplit(")", 1)[1].split()[0]
    return None if state in "ZX" else state
