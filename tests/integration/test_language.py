"""What people read is in their language: over a channel, in a job's log, in the shell."""

import subprocess

import pytest

from support.bridge import Bridge
from support.event_log import OwnLog
from support.helper import BINARY, NOT_FOUND
from support.service import Service
from support.users import ALICE, make_users

NO_BACKUP = "event-log/default/none"


@pytest.fixture
def bridge(helper):
    helper.run("event-log", "backup")
    bridge = Bridge(helper.command("bridge"), env=helper.env)
    yield bridge
    bridge.kill()


def test_channels_of_one_bridge_each_have_their_own(bridge):
    asked = {"one": {"language": "pt-br"}, "two": {}, "three": {"language": "pt_BR"},
             "four": {"language": "xx"}, "five": {"language": "../../etc"}}
    for channel, fields in asked.items():
        bridge.open(channel, "backup.info", {"id": NO_BACKUP}, **fields)
    outcomes = bridge.outcomes(*asked)
    assert {outcome.problem for outcome in outcomes.values()} == {"not-found"}
    in_portuguese = {name for name, outcome in outcomes.items()
                     if outcome.message.startswith("O backup “event-log/default/none” não existe")}
    assert in_portuguese == {"one", "three"}
    assert outcomes["two"].message.startswith("There is no backup “event-log/default/none”")
    # What is refused before an operation runs, too.
    assert bridge.call("backup.info", channel="six", language="pt-br").message == (
        "backup.info: o parâmetro “id” está faltando")


def test_a_job_reports_as_its_channel_asked(helper, bridge):
    outcome = bridge.call("event-log.backup", language="pt-br")
    assert outcome.problem is None, outcome.close
    messages = [each["log"]["message"] for each in outcome.frames if "log" in each]
    assert "1. Copiando e verificando o registro" in messages
    # What programs read is in no language.
    assert outcome.result()["state"] == "completed"
    logged = [line["message"] for line in helper.run("--json", "log").json["items"]]
    assert "1. Copiando e verificando o registro" in logged
    english = bridge.call("event-log.backup", channel="again")
    assert "1. Copying and verifying the log" in [
        each["log"]["message"] for each in english.frames if "log" in each]


def test_the_event_log_is_of_no_language(helper, bridge):
    outcome = bridge.call("backup.verify", {"ids": [NO_BACKUP]}, language="pt-br")
    assert "não existe" in outcome.message
    event = OwnLog(helper.directory / "state").events()[-1]
    assert event["payload"]["problem"] == "not-found"
    assert "não" not in str(event)


def test_the_service_speaks_to_each_in_their_own(scratch):
    make_users()
    service = Service(scratch, BINARY).start()
    try:
        peer = service.peer(ALICE.uid)
        peer.open("pt", "vm.list", language="pt-br")
        peer.open("en", "vm.list")
        outcomes = peer.outcomes("pt", "en")
        peer.kill()
    finally:
        service.stop()
    assert {outcome.problem for outcome in outcomes.values()} == {"access-denied"}
    assert outcomes["pt"].message.startswith("Os backups exigem acesso administrativo")
    assert outcomes["en"].message.startswith("Backups need administrative access")


def shell(helper, *arguments, **locale):
    env = {**helper.env, **locale}
    return subprocess.run(helper.command(*arguments), env=env, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)


def test_the_shell(helper):
    helper.run("event-log", "backup")
    done = shell(helper, "list", LANGUAGE="pt_BR")
    assert done.stdout.split("\n")[0].split()[:5] == ["PROJETO", "BACKUP", "TIPO", "SITUAÇÃO", "CRIADO"]
    assert " completed " in done.stdout
    failed = shell(helper, "info", NO_BACKUP, LANGUAGE="pt_BR")
    assert failed.returncode == NOT_FOUND
    assert failed.stderr.startswith("cockpit-backup: O backup “event-log/default/none” não existe")
    told = shell(helper, "event-log", "backup", LANGUAGE="pt_BR")
    assert "1. Copiando e verificando o registro" in told.stderr
    assert "Comandos:" in shell(helper, "--help", LANGUAGE="de:pt_BR").stdout
    # As gettext has it: nothing but English in the locale “C”.
    assert "Commands:" in shell(helper, "--help", LANGUAGE="pt_BR", LC_ALL="C").stdout
