"""Changes that operations make are in our own event log, with who made them."""

import json

from support.event_log import OwnLog, chain_is_valid


def events_of(helper):
    events = OwnLog(helper.directory / "state").events()
    assert chain_is_valid(events)
    return events


def test_changes_are_recorded(helper):
    backup = helper.run("--json", "event-log", "backup").json["result"]
    full_id = f"{backup['project_id']}/{backup['backup_id']}"
    helper.run("config", "set", "retention_days", "14")
    helper.run("pin", full_id, "before the move")
    helper.run("verify", full_id)
    helper.run("export", full_id, "--output", helper.directory / "export.tar.gz")
    helper.run("prune", "--plan", status=None)
    helper.run("prune", status=None)
    events = events_of(helper)
    assert [event["evento"] for event in events] == [
        "backup.created", "settings.changed", "backup.pinned", "backup.verified",
        "backup.exported", "backup.pruned"]
    assert all(event["actor"] for event in events)
    changed, pinned, exported = events[1], events[2], events[4]
    assert changed["entidade_id"] == "retention_days"
    assert changed["payload"]["value"] == "14"
    assert pinned["entidade_id"] == full_id
    assert pinned["payload"]["args"]["label"] == "before the move"
    assert exported["entidade_id"] == full_id
    assert json.dumps(events[3]["payload"]["result"]).count('"verified_count": 1') == 1
