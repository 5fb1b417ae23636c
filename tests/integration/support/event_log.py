"""Event logs as another program writes them, and cold backups of them: written from the words of the
format's description, so that the tests do not only hold the helper against itself."""

import hashlib
import json
import os
import pathlib
import struct
import subprocess
import tarfile

TOP = pathlib.Path(__file__).resolve().parents[3]


def build_directory():
    binary = pathlib.Path(
        os.environ.get("COCKPIT_BACKUP_BINARY") or TOP / "build/helper/cockpit-backup").absolute()
    return binary.parents[1]


# What a writer that never ends rests after each event. A log that grows as fast as a disk in memory can take
# it, and as it is read, is never read to its end.
PAUSE_USECS = 500


def writer_command(data_dir, name, count, batch=1, segment=10):
    """Appends to a log of ours, as the program itself does; without a count, until it is ended."""
    return [str(build_directory() / "tests/fakes/event-writer"), str(data_dir), name, str(count),
            str(batch), str(segment), str(0 if count else PAUSE_USECS)]


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def canonical(payload):
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def hash_of(event):
    fields = [event["previous_hash"] or "", event["timestamp"], event["actor"], event["evento"],
              event["entidade"], event["entidade_id"], event["payload_hash"]]
    if event.get("hash_version", 0) == 0:
        return sha256("|".join(fields).encode())
    fields = [field.encode() for field in [*fields, str(event["seq"]), event["id"]]]
    return sha256(b"".join(struct.pack("<I", len(field)) + field for field in fields))


def chain_is_valid(events):
    previous = None
    for event in events:
        if event["previous_hash"] != previous or hash_of(event) != event["current_hash"]:
            return False
        if "payload" in event and sha256(canonical(event["payload"])) != event["payload_hash"]:
            return False
        previous = event["current_hash"]
    return True


class ForeignLog:
    """The log of another program: two-space indented, hash_version 0, the last segment rewritten and
    renamed at each event."""

    def __init__(self, directory, segment_size=4, snapshot_every=3):
        self.directory = directory
        self.segments = directory / "event-log"
        self.segment_size = segment_size
        self.snapshot_every = snapshot_every
        self.segments.mkdir(parents=True, exist_ok=True)

    def paths(self):
        return sorted(self.segments.glob("segment-??????.json"))

    def events(self):
        return [event for path in self.paths() for event in json.loads(path.read_text())]

    def write(self, path, value):
        temporary = path.with_name(path.name + ".tmp")
        temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False))
        temporary.rename(path)

    def append(self, count=1):
        for _ in range(count):
            events = self.events()
            paths = self.paths()
            number = max(len(paths), 1)
            current = json.loads(paths[-1].read_text()) if paths else []
            if len(current) == self.segment_size:
                number, current = number + 1, []
            total = len(events) + 1
            event = {
                "id": f"evt-{total}", "timestamp": f"2025-12-23T10:00:{total % 60:02}.000Z",
                "actor": "Libervia", "evento": "EPISODIO_CRIADO", "entidade": "Episódio",
                "entidade_id": f"ep-{total}", "payload_hash": sha256(canonical({"n": total})),
                "previous_hash": events[-1]["current_hash"] if events else None,
            }
            event["current_hash"] = hash_of(event)
            current.append(event)
            self.write(self.segments / f"segment-{number:06}.json", current)
            if total % self.snapshot_every == 0:
                self.write(self.directory / "event-log-snapshot.json", {
                    "version": 1, "last_segment": number, "last_index_in_segment": len(current) - 1,
                    "last_event_id": event["id"], "last_current_hash": event["current_hash"],
                    "last_timestamp": event["timestamp"], "total_events": total})


class OwnLog:
    """A log that the program itself writes."""

    def __init__(self, directory):
        self.directory = directory
        self.segments = directory / "event-log"
        self.segments.mkdir(parents=True, exist_ok=True)

    paths = ForeignLog.paths
    events = ForeignLog.events

    def append(self, count=1):
        subprocess.run(writer_command(self.directory, f"w{len(self.events())}", count, segment=4),
                       stdout=subprocess.DEVNULL, check=True)


def corrupt(path):
    """Corrupts a file at its end."""
    content = path.read_text()
    path.write_text(content[:-10] + "CORRUPTED!")


def files_of(directory):
    paths = sorted((directory / "event-log").glob("segment-*.json"))
    snapshot = directory / "event-log-snapshot.json"
    return {str(path.relative_to(directory)): path.read_bytes()
            for path in [*paths, *([snapshot] if snapshot.exists() else [])]}


def manifest_of(files, **changes):
    events = [event for path, data in sorted(files.items()) if "segment-" in path
              for event in json.loads(data)]
    return {
        "version": 1, "created_at": "2025-12-23T10:00:00.000Z", "source_dir": "/srv/data",
        "files": [{"path": path, "size": len(data), "sha256": sha256(data)}
                  for path, data in files.items()],
        "eventlog_summary": {
            "total_events": len(events),
            "total_segments": sum("segment-" in path for path in files),
            "first_event_id": events[0]["id"] if events else None,
            "last_event_id": events[-1]["id"] if events else None,
            "last_current_hash": events[-1]["current_hash"] if events else None,
            "snapshot_exists": "event-log-snapshot.json" in files,
        },
        "chain_valid_at_backup": True, **changes,
    }


def foreign_package(directory, output, stem="backup-eventlog-20251223-100000"):
    """As another program packs: no directory entry, the manifest only beside the archive."""
    output.mkdir(parents=True, exist_ok=True)
    archive = output / f"{stem}.tar.gz"
    files = files_of(directory)
    with tarfile.open(archive, "w:gz", compresslevel=9, format=tarfile.USTAR_FORMAT) as tar:
        for path in files:
            tar.add(directory / path, arcname=path, recursive=False)
    (output / f"{stem}.manifest.json").write_text(json.dumps(manifest_of(files), indent=2))
    return archive
