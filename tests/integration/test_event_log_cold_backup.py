"""Cold backups of event logs: seven scenarios, each with a log of another
program and with our own; packages of other programs; hostile packages."""

import gzip
import io
import json
import re
import subprocess
import tarfile

import pytest

from support.event_log import (ForeignLog, OwnLog, chain_is_valid, corrupt, files_of,
                               foreign_package, manifest_of, sha256, writer_command)
from support.helper import INTEGRITY, NOT_FOUND, USAGE, WARNINGS
from support.wait import wait_until

NAME = re.compile(r"backup-eventlog-\d{8}-\d{6}(\.\d+)?\.tar\.gz")


@pytest.fixture(params=["foreign", "own"])
def log(request, helper):
    """A log: another program's in a directory of its own, or our own."""
    if request.param == "foreign":
        return ForeignLog(helper.directory / "data")
    return OwnLog(helper.directory / "state")


def backup(helper, log, output):
    """Our own log is the default; another is named."""
    result = helper.run("--json", "event-log", "backup", log.directory, output)
    return result.json["result"]


def is_sound(helper, directory):
    return helper.run("--json", "event-log", "verify", directory).json


def members(archive):
    with tarfile.open(archive) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar.getmembers()}


def snapshot_of(directory):
    """All files below a directory, with their times: to see that nothing changed."""
    return {path.relative_to(directory): (path.stat().st_mtime_ns, path.read_bytes())
            for path in sorted(directory.rglob("*")) if path.is_file()}


def test_backup_basico(helper, log):
    log.append(10)
    before = files_of(log.directory)
    result = backup(helper, log, helper.directory / "out")
    assert NAME.fullmatch(result["archive"].rsplit("/", 1)[1])
    assert result["chain_valid"] and result["total_events"] == 10
    assert result["verified_from"] == "genesis"
    found = members(result["archive"])
    assert {path: found[path] for path in before} == before
    assert set(found) == {*before, "manifest.json"}
    if isinstance(log, ForeignLog):
        assert files_of(log.directory) == before, "the source is untouched"


def test_backup_vazio(helper, log):
    result = backup(helper, log, helper.directory / "out")
    manifest = json.loads(members(result["archive"])["manifest.json"])
    assert manifest["files"] == []
    assert manifest["eventlog_summary"] == {
        "total_events": 0, "total_segments": 0, "first_event_id": None, "last_event_id": None,
        "last_current_hash": None, "snapshot_exists": False}
    assert manifest["chain_valid_at_backup"] is True
    target = helper.directory / "restored"
    helper.run("event-log", "restore", result["archive"], target)
    assert is_sound(helper, target)["total_events"] == 0


def test_verificar_manifest(helper, log):
    log.append(10)
    events = log.events()
    result = backup(helper, log, helper.directory / "out")
    found = members(result["archive"])
    beside = (helper.directory / "out" / result["manifest"].rsplit("/", 1)[1]).read_bytes()
    assert found["manifest.json"] == beside
    manifest = json.loads(beside)
    assert set(manifest) == {"version", "created_at", "source_dir", "files", "eventlog_summary",
                             "chain_valid_at_backup"}
    assert manifest["version"] == 1
    assert manifest["source_dir"] == str(log.directory)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", manifest["created_at"])
    assert {file["path"] for file in manifest["files"]} == set(found) - {"manifest.json"}
    for file in manifest["files"]:
        assert set(file) == {"path", "size", "sha256"}
        assert file["size"] == len(found[file["path"]])
        assert file["sha256"] == sha256(found[file["path"]])
    assert manifest["eventlog_summary"] == {
        "total_events": 10, "total_segments": 3, "first_event_id": events[0]["id"],
        "last_event_id": events[-1]["id"], "last_current_hash": events[-1]["current_hash"],
        "snapshot_exists": (log.directory / "event-log-snapshot.json").exists()}
    assert manifest["chain_valid_at_backup"] is True


@pytest.mark.parametrize("number", [0, 1, 2])
def test_corrupcao_de_segmento(helper, log, number):
    log.append(10)
    result = backup(helper, log, helper.directory / "out")
    events = log.events()[:10]
    corrupt(log.paths()[number])
    broken = helper.run("--json", "event-log", "verify", log.directory, status=INTEGRITY)
    assert broken.json["chain_valid"] is False
    assert broken.json["broken"]["segment"] == number + 1
    assert broken.json["broken"]["reason"] == "unreadable"
    # the broken one can still be backed up, and says that it is broken
    again = helper.run("--json", "event-log", "backup", log.directory, helper.directory / "out2",
                       status=WARNINGS).json["result"]
    assert json.loads(members(again["archive"])["manifest.json"])["chain_valid_at_backup"] is False
    target = helper.directory / "restored"
    helper.run("event-log", "restore", again["archive"], target, status=INTEGRITY)
    assert not target.exists()
    # the good one restores, into another place and over the broken one
    helper.run("event-log", "restore", result["archive"], target)
    assert is_sound(helper, target)["total_events"] == 10
    helper.run("event-log", "restore", result["archive"], log.directory, status=USAGE)
    helper.run("event-log", "restore", result["archive"], log.directory, "--overwrite")
    assert log.events()[:10] == events
    assert is_sound(helper, log.directory)["chain_valid"]


def test_corrupcao_de_snapshot(helper, log):
    log.append(60)
    result = backup(helper, log, helper.directory / "out")
    snapshot = log.directory / "event-log-snapshot.json"
    good = snapshot.read_bytes()
    corrupt(snapshot)
    broken = helper.run("--json", "event-log", "verify", log.directory, status=INTEGRITY)
    assert broken.json["broken"]["reason"] == "snapshot-mismatch"
    target = helper.directory / "restored"
    helper.run("event-log", "restore", result["archive"], target)
    assert (target / "event-log-snapshot.json").read_bytes() == good
    helper.run("event-log", "restore", result["archive"], log.directory, "--overwrite")
    assert snapshot.read_bytes() == good
    assert is_sound(helper, log.directory)["chain_valid"]


def test_restaurar_e_operar(helper, log):
    log.append(10)
    result = backup(helper, log, helper.directory / "out")
    target = helper.directory / "restored"
    helper.run("event-log", "restore", result["archive"], target)
    restored = type(log)(target)
    restored.append(7)
    assert len(restored.events()) == 17
    assert chain_is_valid(restored.events())
    verdict = is_sound(helper, target)
    assert verdict["verified_events"] == 17 and verdict["verified_from"] == "genesis"
    # and our own program goes on in whichever it is
    OwnLog(target).append(5)
    assert is_sound(helper, target)["verified_events"] == 22


def test_restaurar_em_diretorio_limpo(helper, log):
    log.append(10)
    expected = files_of(log.directory)
    result = backup(helper, log, helper.directory / "out")
    for target in (helper.directory / "new/deep", helper.directory / "empty"):
        if target.name == "empty":
            target.mkdir()
        report = helper.run("--json", "event-log", "restore", result["archive"], target).json
        assert report["result"]["chain_valid"] is True
        assert files_of(target) == expected
        assert sorted(path.name for path in target.iterdir()) == sorted(
            {path.split("/")[0] for path in expected})


def test_one_file_per_run(helper):
    for _ in range(4):
        helper.run("event-log", "backup")
    project = helper.repository / "event-log/default"
    assert len(list(project.glob("*.tar.gz"))) == 4
    assert len(list(project.glob("*.manifest.json"))) == 4
    listed = helper.run("--json", "list", "event-log/default")
    assert listed.stdout.count("backup-eventlog-") >= 4
    events = OwnLog(helper.directory / "state").events()
    assert [event["evento"] for event in events] == ["backup.created"] * 4
    assert chain_is_valid(events)


@pytest.fixture
def start_writer(scratch):
    """start_writer(data_dir, name, …): a writer that runs until the test ends, and the file in which it says
    what it has written: nobody has to read that for it to go on."""
    writers = []

    def start(data_dir, name, **options):
        said = scratch / f"said-{name}"
        with open(said, "wb") as stdout:
            writers.append(subprocess.Popen(writer_command(data_dir, name, 0, **options), stdout=stdout))
        return writers[-1], said

    yield start
    for writer in writers:
        writer.kill()
        writer.wait()


def test_backup_while_writers_append(helper, start_writer):
    """Writers are not held up, and every package is a whole log."""
    state = helper.directory / "state"
    writers = [start_writer(state, f"w{i}", batch=3, segment=50) for i in range(2)]
    seen = 0
    for _ in range(15):
        before = [said.stat().st_size for _, said in writers]
        wait_until(lambda: all(said.stat().st_size > size for (_, said), size in zip(writers, before)),
                   "each of them goes on")
        result = helper.run("--json", "event-log", "backup").json["result"]
        found = members(result["archive"])
        events = [event for path in sorted(found) if "segment-" in path
                  for event in json.loads(found[path])]
        assert chain_is_valid(events)
        assert len(events) > seen
        seen = len(events)
        assert helper.run("--json", "event-log", "verify").json["chain_valid"]
    assert all(writer.poll() is None for writer, _ in writers)


def test_foreign_package(helper):
    """Indented JSON, the manifest only beside the archive, no directory entry."""
    log = ForeignLog(helper.directory / "data")
    log.append(11)
    archive = foreign_package(log.directory, helper.directory / "out")
    assert not any(name == "manifest.json" or name.endswith("/") for name in members(archive))
    target = helper.directory / "restored"
    report = helper.run("--json", "event-log", "restore", archive, target).json["result"]
    assert report["verified_events"] == 11
    assert files_of(target) == files_of(log.directory)
    # without the manifest nothing vouches for it
    (helper.directory / "out/backup-eventlog-20251223-100000.manifest.json").unlink()
    helper.run("event-log", "restore", archive, helper.directory / "no", status=NOT_FOUND)


def test_restore_by_id(helper):
    state = helper.directory / "state"
    OwnLog(state).append(9)
    result = helper.run("--json", "event-log", "backup").json["result"]
    target = helper.directory / "restored"
    helper.run("event-log", "restore", f"event-log/default/{result['backup_id']}", target)
    assert is_sound(helper, target)["total_events"] == 9


def test_overwrite_leaves_other_files(helper):
    log = ForeignLog(helper.directory / "data")
    log.append(9)
    result = backup(helper, log, helper.directory / "out")
    target = helper.directory / "target"
    other = ForeignLog(target)
    other.append(5)
    (target / "episodios.json").write_text("[]")
    before = snapshot_of(target)
    refused = helper.run("event-log", "restore", result["archive"], target, status=USAGE)
    assert "--overwrite" in refused.stderr
    assert snapshot_of(target) == before
    helper.run("event-log", "restore", result["archive"], target, "--overwrite")
    assert files_of(target) == files_of(log.directory)
    assert (target / "episodios.json").read_text() == "[]"
    assert not [path for path in target.iterdir() if path.name.startswith(".tmp-")]


# ---- hostile packages: refused with the reason, and the target is not touched ----

def good_files():
    log = [json.dumps([{"id": "evt-1", "timestamp": "2025-12-23T10:00:00.000Z", "actor": "a",
                        "evento": "e", "entidade": "d", "entidade_id": "i", "payload_hash": "p",
                        "previous_hash": None, "current_hash": sha256(
                            b"|2025-12-23T10:00:00.000Z|a|e|d|i|p")}], indent=2).encode()]
    return {"event-log/segment-000001.json": log[0]}


def regular(name, data=b"x"):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    return info, data


def special(name, kind, linkname=""):
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = linkname
    return info, b""


def package(path, entries, manifest, *, tail=b""):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data))
        if manifest is not None:
            info, data = regular("manifest.json", json.dumps(manifest).encode())
            tar.addfile(info, io.BytesIO(data))
    path.write_bytes(path.read_bytes() + tail)


def hostile_cases():
    files = good_files()
    entries = [regular(name, data) for name, data in files.items()]
    manifest = manifest_of(files)
    segment = "event-log/segment-000001.json"

    def listed(path):
        return manifest_of({**files, path: b"x"}) if "segment" in path else {
            **manifest, "files": [*manifest["files"],
                                  {"path": path, "size": 1, "sha256": sha256(b"x")}]}

    for path in ("/etc/cron.d/x", "../event-log/segment-000002.json", "event-log/../../x",
                 "event-log/segment-000002.json/x", "etc", "event-log/./segment-000002.json",
                 "event-log//segment-000002.json", "./../x", "event-log/segment-2.json"):
        yield f"path {path}", [*entries, regular(path)], manifest, "is not a file of an event log"
    yield "listed path", entries, {**manifest, "files": [
        {"path": "../../etc/passwd", "size": 1, "sha256": sha256(b"x")}]}, "is not a file"
    for kind, word in ((tarfile.SYMTYPE, "a symbolic link"), (tarfile.LNKTYPE, "a hard link"),
                       (tarfile.CHRTYPE, "a device"), (tarfile.BLKTYPE, "a device"),
                       (tarfile.FIFOTYPE, "a pipe")):
        yield word, [*entries, special("event-log/segment-000002.json", kind, segment)], manifest, word
    yield "directory", [special(segment, tarfile.DIRTYPE)], manifest, "a directory"
    yield "linked directory", [special("event-log", tarfile.SYMTYPE, "/tmp"), *entries], manifest, \
        "a symbolic link"
    yield "duplicate", [*entries, *entries], manifest, "twice"
    yield "two manifests", [*entries, regular("manifest.json", b"{}")], manifest, "twice"
    yield "extra", [*entries, regular("event-log/segment-000002.json")], manifest, \
        "but not in its manifest"
    yield "missing", entries, listed("event-log-snapshot.json"), "but not in it"
    yield "changed", [regular(segment, files[segment].replace(b"evt-1", b"evt-2"))], manifest, \
        "it was changed"
    yield "other size", [regular(segment, files[segment] + b" ")], manifest, "it was changed"
    yield "other summary", entries, {**manifest, "eventlog_summary": {
        **manifest["eventlog_summary"], "last_current_hash": sha256(b"other")}}, "another log"
    bomb = b" " * (200 * 1024 * 1024)
    yield "bomb", [regular("event-log-snapshot.json", bomb)], manifest, "100 times"


@pytest.mark.parametrize(("entries", "manifest", "reason"),
                         [case[1:] for case in hostile_cases()],
                         ids=[case[0] for case in hostile_cases()])
def test_hostile_package(helper, entries, manifest, reason):
    archive = helper.directory / "in/backup-eventlog-20251223-100000.tar.gz"
    package(archive, entries, manifest)
    target = helper.directory / "target"
    ForeignLog(target).append(2)
    before = snapshot_of(target)
    result = helper.run("event-log", "restore", archive, target, "--overwrite", status=INTEGRITY)
    assert reason in result.stderr
    assert {path: data for path, data in snapshot_of(target).items()
            if path.name != "event-log.lock"} == before
    assert not (helper.directory / "etc").exists()


def test_truncated_package(helper):
    """Cut anywhere, it is refused; so is what is no gzip at all."""
    log = ForeignLog(helper.directory / "data")
    log.append(9)
    archive = foreign_package(log.directory, helper.directory / "out")
    whole = archive.read_bytes()
    target = helper.directory / "restored"
    for size in [0, 1, 9, 20, *range(40, len(whole) - 8, max(1, len(whole) // 25))]:
        archive.write_bytes(whole[:size])
        helper.run("event-log", "restore", archive, target, status=INTEGRITY)
        assert not target.exists()
    archive.write_bytes(gzip.decompress(whole)[:5000])
    helper.run("event-log", "restore", archive, target, status=INTEGRITY)
    archive.write_bytes(whole)
    helper.run("event-log", "restore", archive, target)


def test_manifests_differ(helper):
    log = ForeignLog(helper.directory / "data")
    log.append(9)
    result = backup(helper, log, helper.directory / "out")
    beside = helper.directory / "out" / result["manifest"].rsplit("/", 1)[1]
    beside.write_text(beside.read_text().replace("event-log/segment-000003", "event-log/segment-000004"))
    refused = helper.run("event-log", "restore", result["archive"], helper.directory / "restored",
                         status=INTEGRITY)
    assert "are not the same" in refused.stderr
    # the one inside is enough
    beside.unlink()
    helper.run("event-log", "restore", result["archive"], helper.directory / "restored")
