"""kill -9 at each step of a consolidation, in each way that there is (support/kill_sweep.py has what must hold)."""

from support.kill_fixtures import bed, kill_at_steps, operations
from support.kill_sweep import Operation


class Consolidation(Operation):
    options = ()

    def command(self):
        return "vm", "backup", self.vm.name, "--max-incrementals", "2", *self.options

    def go_on(self):
        if self.helper.manifest(self.vm.name) is None:
            self.check_done()
            return "there was nothing left to do"
        return super().go_on()

    def check_done(self):
        left = [backup for backup in self.helper.backups(self.vm.name)
                if backup not in self.bed.expected]
        assert len(left) == 1 and "-Full-Merged-" in left[0]
        assert not set(self.bed.family) & set(self.helper.backups(self.vm.name))
        super().check_done()


class ConsolidationInPlace(Consolidation):
    options = ("--merge", "in-place")


class ConsolidationCopy(Consolidation):
    options = ("--merge", "copy")


class ConsolidationCompressed(Consolidation):
    options = ("--compress", "zstd")


class ConsolidationClone(Consolidation):
    options = ("--merge", "auto")


class ConsolidationOfAStoppedVm(ConsolidationClone):
    samples = 3
    is_off = True

    def check_done(self):
        super().check_done()
        assert self.vm.state == "shut off"


@operations(ConsolidationInPlace, ConsolidationCopy, ConsolidationCompressed, ConsolidationClone,
            ConsolidationOfAStoppedVm)
def test_consolidation(kill_at_steps, operation):
    kill_at_steps(operation)
