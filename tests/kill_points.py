"""What came of each kill that tests/run kill-sweep made: one list of all, and a table of totals."""

import collections
import json
import pathlib

RESULTS = pathlib.Path(__file__).resolve().parent / "results"
POINTS = RESULTS / "kill-points"
LIST = RESULTS / "kill-points.txt"
QUIET = ("nothing was left to mend", "there was nothing left to do")
HEADS = ("operation", "before step", "call", "outcome", "right after the kill", "the next run")
TOTALS = ("operation", "steps", "kills", "mended", "nothing to mend", "not reached", "lost")


def clear():
    POINTS.mkdir(parents=True, exist_ok=True)
    for path in POINTS.glob("*.jsonl"):
        path.unlink()


def rows():
    """Of all operations that were swept, in the order of their steps."""
    found = []
    for path in sorted(POINTS.glob("*.jsonl")):
        found += [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return sorted(found, key=lambda row: (row["operation"], row["step"]))


def in_columns(lines):
    widths = [max(len(str(line[column])) for line in lines) for column in range(len(lines[0]))]
    return "".join("  ".join(str(cell).ljust(width) for cell, width in zip(line, widths)).rstrip() + "\n"
                   for line in lines)


def write_list():
    """The list of all kill points; returns its path."""
    LIST.write_text(in_columns([HEADS] + [
        (row["operation"], f"{row['step']}/{row['steps']}", row["call"], row["outcome"], row["found"],
         row["then"]) for row in rows()]), encoding="utf-8")
    return LIST


def counts_of(operation, of_one):
    kills = [row for row in of_one if row["outcome"] != "not reached"]
    whole = [row for row in kills if row["outcome"] == "whole"]
    quiet = sum(row["then"].startswith(QUIET) for row in whole)
    return (operation, max(row["steps"] for row in of_one), len(kills), len(whole) - quiet, quiet,
            len(of_one) - len(kills), len(kills) - len(whole))


def table():
    """How many kills each operation had, and what came of them."""
    by_operation = collections.defaultdict(list)
    for row in rows():
        by_operation[row["operation"]].append(row)
    lines = [counts_of(operation, of_one) for operation, of_one in by_operation.items()]
    sums = ("in all", *(sum(line[column] for line in lines) for column in range(1, len(TOTALS))))
    return in_columns([TOTALS, *lines, sums])
