"""What the benchmarks share: data to back up, and what a command takes."""

import json
import pathlib
import random
import subprocess
import sys
import sysconfig
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
OURS = TOP / "build/helper/cockpit-backup"
WALK = TOP / "build/tests/bench/bench-tree-walk"
MIB = 1024 * 1024
PIECE = 4 * MIB


def all_text(wanted):
    """Python's own library: source text, as disks of servers are full of."""
    folder = pathlib.Path(sysconfig.get_path("stdlib"))
    found = bytearray()
    for path in sorted(folder.rglob("*.py")):
        found += path.read_bytes()
        if len(found) >= wanted:
            break
    return bytes(found)


def pieces(kinds, count):
    """Pieces of 4 MiB: kinds, each “random”, “text” or “zeros”, take turns."""
    rng = random.Random(count)
    text = all_text(16 * PIECE)
    for number in range(count):
        which = kinds[number % len(kinds)]
        if which == "random":
            yield rng.randbytes(PIECE)
        elif which == "text":
            # It comes again only farther away than any compressor here looks back.
            begin = number * PIECE % (len(text) - PIECE)
            yield text[begin:begin + PIECE]
        else:
            yield bytes(PIECE)


def run(command, env=None, shell=False):
    """(seconds, processor seconds, peak KiB of its largest process, bytes given to write calls)."""
    words = ["sh", "-c", command] if shell else [str(word) for word in command]
    with tempfile.NamedTemporaryFile() as figures:
        done = subprocess.run(
            [WALK, "time", figures.name, *words], env=env, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            sys.exit(f"{command}: {done.stderr.decode()}")
        return tuple(json.loads(pathlib.Path(figures.name).read_text()))
