"""Reading what a command that follows prints, line by line, as it comes."""

import json
import queue
import threading

from .wait import TIMEOUT


class Follower:
    """The JSON lines of a process: frames {"item": …}, {"progress": …}, {"log": …}, {"result": …}."""

    def __init__(self, process):
        self._frames = queue.Queue()
        self.seen = []
        self._thread = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        self._thread.start()

    def _read(self, stream):
        for line in stream:
            self._frames.put(json.loads(line))
        self._frames.put(None)

    def wait_for(self, matches, what, timeout=TIMEOUT):
        """The first frame, from here on, for which matches(kind, value) holds."""
        while True:
            try:
                frame = self._frames.get(timeout=timeout)
            except queue.Empty:
                raise AssertionError(f"{what}: did not come; so far {self.seen[-5:]}") from None
            assert frame is not None, f"{what}: the stream ended; so far {self.seen[-5:]}"
            self.seen.append(frame)
            (kind, value), = frame.items()
            if matches(kind, value):
                return value

    def item(self, what, timeout=TIMEOUT, **members):
        """The first item with these members."""
        return self.wait_for(
            lambda kind, value: kind == "item" and all(
                value.get(name) == wanted for name, wanted in members.items()), what, timeout)

    def result(self, what="the result", timeout=TIMEOUT):
        return self.wait_for(lambda kind, _value: kind == "result", what, timeout)
