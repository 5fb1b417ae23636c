"""Running commands."""

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
