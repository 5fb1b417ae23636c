"""verify: each kind of damage is found, named to the file, kept in the catalogue, and taken back when it is
mended."""

import hashlib
import json
import shutil

import pytest

from support.helper import INTEGRITY, NOT_FOUND, USAGE


class Project:
    """A Base, two Incrementals and a standalone copy; each case damages it and it is put back."""

    def __init__(self, helper, vm, scratch):
        self.helper = helper
        self.vm = vm
        self.path = helper.project(vm.name)
        for number in range(3):
            vm.write("vda", 0x30 + number, f"{number * 200}k", "300k")
            helper.run("vm", "backup", vm.name)
        helper.run("vm", "backup", vm.name, "--standalone")
        self.base, self.first, self.second, self.standalone = helper.backups(vm.name)
        self.saved = scratch / "saved"
        shutil.copytree(self.path, self.saved)

    def put_back(self):
        shutil.rmtree(self.path)
        shutil.copytree(self.saved, self.path)
        self.path.chmod(0o711)

    def id(self, backup):
        return f"vm/{self.vm.name}/{backup}"

    def image(self, backup):
        return self.helper.image(self.vm.name, backup, "vda")

    def flip(self, backup, offset):
        path = self.image(backup)
        with open(path, "r+b") as file:
            file.seek(offset if offset >= 0 else path.stat().st_size + offset)
            byte = file.read(1)
            file.seek(-1, 1)
            file.write(bytes([byte[0] ^ 1]))

    def record(self, backup):
        return self.path / backup / "metadata.json"

    def edit(self, path, change):
        value = json.loads(path.read_text())
        change(value)
        path.write_text(json.dumps(value))

    def seal_again(self, backup):
        """What somebody would have to do who changes an image and its sums."""
        def change(metadata):
            files = metadata["extra"]["files"]
            for file in files:
                content = (self.path / backup / file["path"]).read_bytes()
                file["size"] = len(content)
                file["sha256"] = hashlib.sha256(content).hexdigest()
            metadata["size_bytes"] = sum(file["size"] for file in files)
            text = "".join(f"{file['sha256']}  {file['path']}\n"
                           for file in sorted(files, key=lambda one: one["path"]))
            metadata["checksum"] = hashlib.sha256(text.encode()).hexdigest()
        self.edit(self.record(backup), change)


@pytest.fixture
def project(helper, make_vm, scratch):
    return Project(helper, make_vm(vda="2M"), scratch)


def missing_file(project):
    path = project.image(project.first)
    path.unlink()
    return project.first, path.name, "is missing"


def missing_definition(project):
    (project.path / project.first / "data/domain.xml").unlink()
    return project.first, "domain.xml", "is missing"


def changed_byte(project):
    name = project.image(project.first).name
    project.flip(project.first, -1)
    return project.first, name, "has changed"


def cut_off(project):
    path = project.image(project.first)
    path.write_bytes(path.read_bytes()[:-100])
    return project.first, path.name, "bytes instead of"


def broken_tables(project):
    """Its sums are right, and QEMU cannot read it all the same."""
    path = project.image(project.first)
    content = bytearray(path.read_bytes())
    # The offset of the first-level table, past the end of the file.
    content[40:48] = (1 << 40).to_bytes(8, "big")
    path.write_bytes(content)
    project.seal_again(project.first)
    return project.first, path.name, "qemu-img check"


def edited_sum(project):
    project.edit(project.record(project.first),
                 lambda metadata: metadata["extra"]["files"][0].update(sha256="0" * 64))
    return project.first, "metadata.json was changed", "checksum"


def edited_parent(project):
    project.edit(project.record(project.first), lambda metadata: metadata.update(parent_backup_id=None))
    return project.first, project.base, "continues nothing"


def own_parent(project):
    project.edit(project.record(project.first),
                 lambda metadata: metadata.update(parent_backup_id=project.first))
    return project.first, project.first, "continues itself"


def ring_of_parents(project):
    project.edit(project.record(project.base),
                 lambda metadata: metadata.update(parent_backup_id=project.second))
    return project.first, project.vm.name, "continues itself"


def missing_parent(project):
    shutil.rmtree(project.path / project.base)
    return project.first, project.base, "cannot be used"


def broken_base(project):
    name = project.image(project.base).name
    project.flip(project.base, -1)
    return project.base, name, "has changed"


DAMAGES = [missing_file, missing_definition, changed_byte, cut_off, broken_tables, edited_sum,
           edited_parent, own_parent, ring_of_parents, missing_parent, broken_base]


def test_each_kind_of_damage(project):
    helper = project.helper
    helper.run("verify", "--all")
    for damage in DAMAGES:
        backup, *words = damage(project)
        there = backup if (project.path / backup).exists() else project.first
        # By itself, and through what continues it; what stands beside is whole.
        for one in (there, project.second):
            result = helper.run("verify", project.id(one), status=INTEGRITY)
            assert all(word in result.stderr for word in words), (damage.__name__, result)
        helper.run("verify", project.id(project.standalone))
        # Nothing of it is restored.
        out = project.saved.parent / "out"
        out.mkdir()
        helper.run("vm", "restore", project.id(project.second), "--directory", out, status=INTEGRITY)
        assert list(out.iterdir()) == []
        out.rmdir()
        items = helper.run("verify", f"vm/{project.vm.name}", "--json", status=INTEGRITY).json["items"]
        states = {item["id"]: item["state"] for item in items}
        assert states[project.id(project.second)] == "broken"
        assert states[project.id(project.standalone)] == "whole"
        project.put_back()
        helper.run("verify", f"vm/{project.vm.name}")


def test_the_catalogue_shows_what_is_broken(project):
    helper = project.helper
    content = project.image(project.base).read_bytes()
    project.flip(project.base, -1)
    helper.run("verify", "--all", status=INTEGRITY)
    listed = {item["id"]: item["extra"].get("broken")
              for item in helper.run("list", "--json").json["items"]}
    name = project.image(project.base).name
    for backup in (project.base, project.first, project.second):
        assert name in listed[backup]["message"] and listed[backup]["at"]
    assert listed[project.standalone] is None
    assert name in helper.run("list").stdout
    # It was only the disk that read wrongly, say: the next look finds it whole, and says so no more.
    project.image(project.base).write_bytes(content)
    helper.run("verify", "--all")
    assert not any("broken" in item["extra"] for item in helper.run("list", "--json").json["items"])


def test_records_that_are_none(project):
    helper = project.helper
    project.record(project.first).write_text("{")
    result = helper.run("verify", "--all", status=INTEGRITY)
    assert f"{project.first}/metadata.json" in json.dumps(
        helper.run("verify", "--all", "--json", status=INTEGRITY).json)
    assert project.first in result.stderr
    helper.run("verify", project.id(project.first), status=INTEGRITY)
    helper.run("verify", project.id(project.standalone))


def test_a_manifest_that_was_edited(project):
    helper = project.helper
    path = project.path / "manifest.json"
    changes = [
        lambda value: value["disks"]["vda"].update(base_full_hash_sha256="0" * 64),
        lambda value: value["disks"]["vda"]["incremental_files"].append(
            value["disks"]["vda"]["incremental_files"][0].replace("vda", "vdz")),
        lambda value: value["backup_ids"].pop(1),
        lambda value: value["backup_ids"].append(value["backup_ids"][1][:-1] + "9"),
        lambda value: value.update(version="x"),
    ]
    for change in changes:
        project.edit(path, change)
        result = helper.run("verify", f"vm/{project.vm.name}", status=INTEGRITY)
        assert "manifest.json" in result.stderr
        # It is not what a backup is restored from: each of them is whole.
        helper.run("verify", project.id(project.standalone), project.id(project.second))
        project.put_back()
    helper.run("verify", "--all")


def test_right_after_a_backup(project):
    """--verify reads everything again; what is broken then is known at once."""
    helper = project.helper
    result = helper.run("vm", "backup", project.vm.name, "--verify")
    assert result.stderr.count("is whole") == 4
    # The base's hash is looked at by any incremental; what lies between only by --verify.
    project.flip(project.first, -1)
    helper.run("vm", "backup", project.vm.name)
    result = helper.run("vm", "backup", project.vm.name, "--verify", status=INTEGRITY)
    assert project.image(project.first).name in result.stderr


def test_what_is_asked_for(project):
    helper = project.helper
    helper.run("verify", status=USAGE)
    helper.run("verify", "--all", f"vm/{project.vm.name}", status=USAGE)
    helper.run("verify", project.id("none"), status=NOT_FOUND)
    helper.run("verify", "vm/nobody", status=NOT_FOUND)
    two = helper.run("verify", project.id(project.base), project.id(project.standalone), "--json").json
    assert [item["id"] for item in two["items"]] == [
        project.id(project.base), project.id(project.standalone)]


def test_a_broken_one_is_not_pinned(project):
    """A copy of it would have right sums of wrong bytes."""
    project.flip(project.base, -1)
    project.helper.run("pin", project.id(project.first), "kept", status=INTEGRITY)
    assert not [path for path in project.path.iterdir() if "-Snapshot-" in path.name
                and path.name != project.standalone]
