"""backup.export: one tar.gz for any tool, or a failure; never a corrupt one that ends well."""

import hashlib
import io
import json
import subprocess
import tarfile

import pytest

from support.helper import DONE, INTEGRITY, NOT_FOUND, USAGE
from support.process import run
from support.wait import TIMEOUT


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Repository:
    """Backups as they lie on disk, made by hand."""

    def __init__(self, helper):
        self.path = helper.repository
        self.files = {}

    def add(self, project, name, status="completed", **contents):
        directory = self.path / project / name
        (directory / "data").mkdir(parents=True)
        files = []
        for member, data in sorted(contents.items()):
            path = f"data/{member}"
            (directory / path).write_bytes(data)
            files.append({"path": path, "size": len(data), "sha256": sha256(data)})
            self.files[f"{project}/{name}/{path}"] = data
        lines = "".join(f"{file['sha256']}  {file['path']}\n" for file in files)
        metadata = {
            "id": name, "project_id": project, "type": "full", "status": status,
            "created_at": "2026-11-20T02:00:00.000Z",
            "completed_at": "2026-11-20T02:00:01.000Z",
            "size_bytes": sum(file["size"] for file in files),
            "checksum": sha256(lines.encode()), "parent_backup_id": None,
            "files_count": len(files), "error_message": None, "tags": [],
            "extra": {"step": "base", "files": files},
        }
        text = json.dumps(metadata).encode()
        (directory / "metadata.json").write_bytes(text)
        self.files[f"{project}/{name}/metadata.json"] = text
        return f"{project}/{name}"

    def find(self, member):
        return self.path / member


@pytest.fixture
def repository(helper):
    return Repository(helper)


def last_line(helper):
    """Of the one log there is; at midnight it goes on in the next day's."""
    logs = sorted(helper.logs.glob("*.log"))
    assert len({log.name.rpartition("_")[0] for log in logs}) == 1, logs
    return json.loads(logs[-1].read_text().splitlines()[-1])


@pytest.fixture
def two(repository):
    """Two backups of two VMs, and their ids."""
    text = b"The guest wrote this. " * 40000
    return [
        repository.add("vm/web1", "web1-Base-20261120_020000", disk=bytes(3_000_000),
                       domain=b"<domain/>"),
        repository.add("vm/São Paulo", "São Paulo-Base-20261120_020000", disk=text),
    ]


def test_any_tool_opens_it(helper, repository, two, scratch):
    output = scratch / "out.tar.gz"
    helper.run("export", *two, "--output", output)
    run("gzip", "-t", output)
    unpacked = scratch / "unpacked"
    unpacked.mkdir()
    done = subprocess.run(["tar", "xzf", str(output), "-C", str(unpacked)], capture_output=True,
                          text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")

    manifest = json.loads((unpacked / "manifest.json").read_text())
    assert [backup["id"] for backup in manifest["backups"]] == two
    listed = {file["path"]: file for backup in manifest["backups"] for file in backup["files"]}
    assert set(listed) == set(repository.files)
    assert manifest["files_count"] == len(listed)
    for member, data in repository.files.items():
        assert (unpacked / member).read_bytes() == data
        assert listed[member]["size"] == len(data)
        assert listed[member]["sha256"] == sha256(data)

    with tarfile.open(output) as archive:
        names = archive.getnames()
        assert names[0] == "manifest.json"
        assert set(names[1:]) == set(repository.files)
        assert all(member.mode == 0o600 and member.uid == 0 for member in archive)


def test_standard_output_is_the_stream(helper, repository, two):
    process = helper.popen("export", two[0])
    data, errors = process.communicate(timeout=TIMEOUT)
    assert process.returncode == DONE, errors
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert "manifest.json" in archive.getnames()
    assert (last_line(helper)["action"], last_line(helper)["status"]) == ("backup.export", "ok")


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize("which", [0, 1])
def test_corrupt_file_makes_it_fail(helper, repository, two, scratch, place, which):
    member = f"{two[which]}/data/disk"
    data = bytearray(repository.files[member])
    data[0 if place == "first" else -1] ^= 1
    repository.find(member).write_bytes(data)
    output = scratch / "out.tar.gz"
    result = helper.run("export", *two, "--output", output, "--name", "by-me", status=INTEGRITY)
    assert (last_line(helper)["status"], last_line(helper)["error"]) == ("failed", "integrity")
    assert "“by-me”" in last_line(helper)["message"]
    assert member in result.stderr
    if output.exists():
        assert subprocess.run(["gzip", "-t", str(output)], capture_output=True,
                              check=False).returncode != 0


@pytest.mark.parametrize("change", ["truncated", "grown", "missing", "link"])
def test_changed_file_makes_it_fail(helper, repository, two, scratch, change):
    member = f"{two[0]}/data/disk"
    path = repository.find(member)
    data = repository.files[member]
    path.unlink()
    if change == "truncated":
        path.write_bytes(data[:-1])
    elif change == "grown":
        path.write_bytes(data + b"\0")
    elif change == "link":
        (scratch / "elsewhere").write_bytes(data)
        path.symlink_to(scratch / "elsewhere")
    result = helper.run("export", *two, "--output", scratch / "out.tar.gz", status=None)
    assert result.status != DONE
    assert member in result.stderr


def test_refusals(helper, repository, two):
    failed = repository.add("vm/web1", "web1-Base-20261121_020000", status="failed")
    for status, ids in [
        (NOT_FOUND, [two[0], "vm/web1/web1-Base-20261119_020000"]),
        (NOT_FOUND, ["vm/other/x"]),
        (USAGE, [two[0], two[0]]),
        (USAGE, [failed]),
        (USAGE, ["vm/web1/../../etc"]),
        (USAGE, ["/etc/passwd"]),
        (USAGE, ["vm/web1"]),
    ]:
        result = helper.run("export", *ids, status=status)
        assert result.stdout == ""
        assert len(result.stderr.strip().splitlines()) == 1
