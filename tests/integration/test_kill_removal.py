"""kill -9 at each step of what removes points, or marks them (support/kill_sweep.py has what must hold)."""

import json

from support.helper import INTEGRITY, NOT_FOUND
from support.kill_fixtures import bed, kill_at_steps, operations
from support.kill_sweep import Operation, said


class Prune(Operation):
    """Of a standalone copy past its time, and of what is left of a run that failed."""

    def command(self):
        return "prune", "--days", "30"

    def prepare(self):
        super().prepare()
        path = self.bed.project / self.bed.standalone / "metadata.json"
        metadata = json.loads(path.read_text())
        metadata["created_at"] = "2020-01-01T00:00:00.000Z"
        path.write_text(json.dumps(metadata))
        self.failed = self.bed.project / f"{self.vm.name}-Inc-20200101_000000"
        self.failed.mkdir()
        metadata.update(id=self.failed.name, type="incremental", status="failed", completed_at=None,
                        error_message="No space", size_bytes=0, checksum=None, files_count=0,
                        extra={})
        (self.failed / "metadata.json").write_text(json.dumps(metadata))

    def check_done(self):
        super().check_done()
        assert not self.failed.exists()
        assert self.bed.standalone not in self.helper.backups(self.vm.name)
        assert self.bed.merged in self.helper.backups(self.vm.name)


class Delete(Operation):
    def which(self):
        return [self.bed.merged]

    def command(self):
        return "delete", self.bed.full_id(self.which()[0]), "--confirm", self.which()[0]

    def go_on(self):
        result = self.helper.run(*self.command(), status=None)
        assert result.status in (0, NOT_FOUND), result
        self.check_done()
        return said(result.stderr)

    def check_done(self):
        super().check_done()
        assert not set(self.which()) & set(self.helper.backups(self.vm.name))


class DeleteWithDependents(Delete):
    """A Base whose cycle has ended, and the incrementals upon it: the newest goes first."""

    def which(self):
        return self.bed.family

    def command(self):
        return *super().command(), "--with-dependents"

    def prepare(self):
        super().prepare()
        self.helper.run("vm", "forget", self.vm.name)

    def check_killed(self):
        left = [backup for backup in self.bed.family if backup in self.helper.backups(self.vm.name)]
        assert left == self.bed.family[:len(left)]
        return super().check_killed()


class Forget(Operation):
    def command(self):
        return "vm", "forget", self.vm.name

    def check_done(self):
        super().check_done()
        assert self.helper.manifest(self.vm.name) is None
        assert self.bed.family[-1] in self.helper.backups(self.vm.name)


class VerifyFindsDamage(Operation):
    """Which is recorded with the point."""

    status = INTEGRITY

    def command(self):
        return "verify", self.bed.full_id(self.bed.standalone)

    def image(self):
        return self.helper.image(self.vm.name, self.bed.standalone, "vda")

    def flip(self):
        with open(self.image(), "r+b") as file:
            file.seek(-1, 2)
            (byte,) = file.read(1)
            file.seek(-1, 2)
            file.write(bytes([byte ^ 1]))

    def record(self):
        return self.helper.metadata(self.vm.name, self.bed.standalone)["extra"].get("broken")

    def prepare(self):
        super().prepare()
        self.flip()

    def check_killed(self):
        self.flip()
        found = self.bed.check_points()
        self.flip()
        return f"{found}, the damage is {'recorded' if self.record() else 'not recorded yet'}"

    def go_on(self):
        self.helper.run(*self.command(), status=INTEGRITY)
        assert "has changed" in self.record()["message"]
        self.flip()
        return self.go_on_mended()

    def go_on_mended(self):
        """A record that was half written is removed by the next backup."""
        self.helper.run("verify", self.bed.full_id(self.bed.standalone))
        assert self.record() is None
        result = self.helper.run("vm", "backup", self.vm.name, "--max-incrementals", "200")
        newest = self.helper.backups(self.vm.name)[-1]
        self.bed.check_points(**{newest: self.bed.disks})
        self.bed.check_tidy()
        return said(result.stderr)


class VerifyFindsMended(VerifyFindsDamage):
    """Which takes the record away."""

    status = 0

    def prepare(self):
        super().prepare()
        self.helper.run(*self.command(), status=INTEGRITY)
        self.flip()

    def check_killed(self):
        return f"{self.bed.check_points()}, the damage is {'still' if self.record() else 'not'} recorded"

    def go_on(self):
        return self.go_on_mended()


@operations(Prune, Delete, DeleteWithDependents, Forget, VerifyFindsDamage, VerifyFindsMended)
def test_removal(kill_at_steps, operation):
    kill_at_steps(operation)
