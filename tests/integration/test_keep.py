"""verify, pin, delete, prune, forget: what is done to backups that exist."""

import json

import pytest

from support.helper import BUSY, DENIED, INTEGRITY, NOT_FOUND
from support.vm import virsh


def back_up(helper, vm, *options):
    helper.run("vm", "backup", vm.name, "--max-incrementals", "2", *options)
    return helper.backups(vm.name)


@pytest.fixture
def vm(make_vm):
    return make_vm(vda="32M")


def full_id(vm, backup):
    return f"vm/{vm.name}/{backup}"


def find(helper, vm, part):
    return [backup for backup in helper.backups(vm.name) if f"-{part}-" in backup]


def test_verify_names_the_broken_file(helper, vm):
    back_up(helper, vm)
    vm.write("vda", 0x33, "1M", "1M")
    back_up(helper, vm)
    helper.run("verify", "--all")
    (incremental,) = find(helper, vm, "Inc")
    image = helper.image(vm.name, incremental, "vda")
    image.write_bytes(image.read_bytes()[:-1])
    said = helper.run("verify", f"vm/{vm.name}", status=INTEGRITY)
    assert image.name in said.stderr
    # The base does not depend on it and is still whole.
    helper.run("verify", full_id(vm, *find(helper, vm, "Base")))


def test_verify_follows_the_parents(helper, vm):
    back_up(helper, vm)
    back_up(helper, vm)
    (base,) = find(helper, vm, "Base")
    (incremental,) = find(helper, vm, "Inc")
    helper.image(vm.name, base, "vda").unlink()
    said = helper.run("verify", full_id(vm, incremental), status=INTEGRITY)
    assert base in said.stderr and "missing" in said.stderr


def test_a_changed_record_is_found(helper, vm):
    (base,) = back_up(helper, vm)
    path = helper.project(vm.name) / base / "metadata.json"
    metadata = json.loads(path.read_text())
    metadata["extra"]["files"][0]["sha256"] = "0" * 64
    path.write_text(json.dumps(metadata))
    helper.run("verify", full_id(vm, base), status=INTEGRITY)


def test_verify_after_the_backup(helper, vm):
    said = helper.run("vm", "backup", vm.name, "--verify")
    assert "is whole" in said.stderr


def test_what_others_need_is_not_deleted(helper, vm):
    back_up(helper, vm)
    back_up(helper, vm)
    (base,) = find(helper, vm, "Base")
    (incremental,) = find(helper, vm, "Inc")
    said = helper.run("delete", full_id(vm, base), status=BUSY)
    assert incremental in said.stderr
    said = helper.run("delete", full_id(vm, incremental), status=BUSY)
    assert "vm forget" in said.stderr
    helper.run("vm", "forget", vm.name)
    assert vm.checkpoints() == []
    helper.run("delete", full_id(vm, incremental))
    helper.run("delete", full_id(vm, base))
    assert helper.backups(vm.name) == []
    helper.run("delete", full_id(vm, base), status=NOT_FOUND)


def test_what_depends_on_it_goes_along_when_that_is_asked_for(helper, vm):
    back_up(helper, vm)
    back_up(helper, vm)
    (base,) = find(helper, vm, "Base")
    (incremental,) = find(helper, vm, "Inc")
    plan = helper.run("delete", full_id(vm, base), "--plan", "--json").json
    assert plan["dependents"] == [incremental]
    assert (plan["asks_for_name"], plan["cycle_vm"]) == (False, vm.name)
    assert plan["size_bytes"] == sum(helper.metadata(vm.name, backup)["size_bytes"]
                                     for backup in (base, incremental))
    helper.run("delete", full_id(vm, base), "--with-dependents", status=BUSY)
    assert set(helper.backups(vm.name)) == {base, incremental}
    helper.run("vm", "forget", vm.name)
    assert helper.run("delete", full_id(vm, base), "--plan", "--json").json["cycle_vm"] is None
    helper.run("delete", full_id(vm, base), "--with-dependents")
    assert helper.backups(vm.name) == []


def test_a_merged_one_asks_for_its_name(helper, vm):
    for _ in range(4):
        back_up(helper, vm)
    (merged,) = find(helper, vm, "Full-Merged")
    plan = helper.run("delete", full_id(vm, merged), "--plan", "--json").json
    assert (plan["asks_for_name"], plan["dependents"], plan["cycle_vm"]) == (True, [], None)
    helper.run("delete", full_id(vm, merged), status=DENIED)
    helper.run("delete", full_id(vm, merged), "--confirm", "yes", status=DENIED)
    helper.run("prune", "--days", "1")
    assert merged in helper.backups(vm.name)
    helper.run("delete", full_id(vm, merged), "--confirm", merged)
    assert helper.backups(vm.name) == []


def test_a_pin_outlives_the_cycle(helper, vm):
    back_up(helper, vm)
    vm.write("vda", 0x44, "2M", "1M")
    back_up(helper, vm)
    (incremental,) = find(helper, vm, "Inc")
    helper.run("pin", full_id(vm, incremental), "before the upgrade")
    (pinned,) = find(helper, vm, "Snapshot")
    assert helper.metadata(vm.name, pinned)["type"] == "checkpoint"
    assert helper.metadata(vm.name, pinned)["tags"] == ["before the upgrade"]
    back_up(helper, vm)
    back_up(helper, vm)
    assert find(helper, vm, "Inc") == []
    helper.run("verify", full_id(vm, pinned))
    helper.run("delete", full_id(vm, pinned), status=DENIED)


def test_prune_takes_old_standalone_copies_only(helper, vm):
    back_up(helper, vm)
    back_up(helper, vm, "--standalone")
    back_up(helper, vm, "--pin", "kept")
    for path in helper.project(vm.name).glob("*/metadata.json"):
        metadata = json.loads(path.read_text())
        metadata["created_at"] = "2020-01-01T00:00:00.000Z"
        path.write_text(json.dumps(metadata))
    before = set(helper.backups(vm.name))
    plan = helper.run("prune", "--days", "30", "--plan", "--json").json
    assert [item["type"] for item in plan["items"]] == ["snapshot"]
    assert set(helper.backups(vm.name)) == before
    helper.run("prune", "--days", "0")
    assert set(helper.backups(vm.name)) == before
    helper.run("prune", "--days", "30")
    assert before - set(helper.backups(vm.name)) == {plan["items"][0]["id"]}


def test_forget_lets_a_vm_be_undefined(helper, make_vm):
    vm = make_vm(vda="16M")
    back_up(helper, vm)
    vm.destroy()
    helper.run("vm", "forget", vm.name)
    assert vm.state == "shut off"
    virsh("undefine", vm.name)


def test_what_a_person_put_there_is_left(helper, vm):
    """No run removes what it did not make, and never anything called Full-Merged."""
    back_up(helper, vm)
    project = helper.project(vm.name)
    kept = [f"{vm.name}-notes", f"{vm.name}-Full-Merged-20200101_000000", "other"]
    for name in kept:
        (project / name).mkdir()
        (project / name / "file").write_text("mine")
    stray = project / f"{vm.name}-Inc-20200101_000000"
    stray.mkdir()
    for _ in range(3):
        back_up(helper, vm)
    for name in kept:
        assert (project / name / "file").read_text() == "mine"
    assert not stray.exists()


def test_a_manifest_that_names_others_is_refused(helper, vm):
    for _ in range(4):
        back_up(helper, vm)
    (merged,) = find(helper, vm, "Full-Merged")
    back_up(helper, vm)
    path = helper.project(vm.name) / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["backup_ids"].append(merged)
    path.write_text(json.dumps(manifest))
    said = helper.run("vm", "backup", vm.name, "--max-incrementals", "1", status=INTEGRITY)
    assert "manifest.json" in said.stderr
    helper.run("verify", full_id(vm, merged))
