"""Awaiting what has no event of its own."""

import time

# In seconds. It ends what hangs; a machine with other work may take long over what does not.
TIMEOUT = 120


def wait_until(condition, what, timeout=TIMEOUT):
    """Returns the first true value of condition(); fails after timeout seconds."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {timeout} s")
        time.sleep(0.02)
