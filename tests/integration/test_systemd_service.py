"""Under a real systemd: the socket starts the service, which ends when nobody is there; jobs have units
of their own and outlive both."""


def test_socket_starts_the_service(booted):
    booted.run("systemctl", "start", "cockpit-backup.socket")
    assert booted.state("cockpit-backup.service") == "inactive"
    session = booted.bridge()
    outcome = session.call("job.list", ticket=booted.ticket())
    assert outcome.problem is None, outcome.close
    assert booted.state("cockpit-backup.service") == "active"
