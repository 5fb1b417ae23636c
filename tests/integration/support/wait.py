"""Awaiting what has no event of its own."""

import time


def wait_until(condition, what, timeout=30.0):
    """Returns the first true value of condition(); fails after timeout seconds."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {timeout} s")
        time.sleep(0.02)
