"""Running cockpit-backup with settings of its own."""

import json
import os
import pathlib
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[3]
BINARY = pathlib.Path(
    os.environ.get("COCKPIT_BACKUP_BINARY") or TOP / "build/helper/cockpit-backup").absolute()
LOCALES = BINARY.parents[1] / "po/helper"

# Exit statuses (cockpit-backup --help)
DONE, FAILED, USAGE, INTEGRITY, BUSY, NOT_FOUND, DENIED, NO_SPACE, WARNINGS = range(9)


class Result:
    def __init__(self, arguments, status, stdout, stderr):
        self.arguments = arguments
        self.status = status
        self.stdout = stdout
        self.stderr = stderr

    @property
    def json(self):
        """The one JSON document of --json."""
        return json.loads(self.stdout)

    @property
    def lines(self):
        """The JSON lines of --json where it follows."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    def __repr__(self):
        return (f"cockpit-backup {' '.join(self.arguments)}: status {self.status}\n"
                f"--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}")


class Helper:
    """The program, its repository, logs, state and runtime directory all below one directory."""

    def __init__(self, directory, **settings):
        self.directory = directory
        self.repository = directory / "state/repository"
        self.logs = directory / "state/logs"
        self.runtime = directory / "run"
        self.config = directory / "config.json"
        self.settings = {
            "state_dir": str(directory / "state"),
            "runtime_dir": str(self.runtime),
            **settings,
        }
        self.runtime.mkdir(parents=True, exist_ok=True)
        (directory / "state").mkdir(exist_ok=True)
        (directory / "state").chmod(0o711)
        self.config.write_text(json.dumps(self.settings))

    @property
    def env(self):
        env = {**os.environ, "COCKPIT_BACKUP_CONFIG": str(self.config), "LC_ALL": "C.UTF-8",
               "COCKPIT_BACKUP_LOCALE_DIR": str(LOCALES)}
        for name in ("BACKUP_DIR", "LOG_DIR", "PORT", "LOG_LEVEL", "ENVIRONMENT", "LANGUAGE"):
            env.pop(name, None)
        return env

    def command(self, *arguments):
        return [str(BINARY), *[str(argument) for argument in arguments]]

    def run(self, *arguments, status=DONE, timeout=300):
        """Runs it and checks the exit status (None: any)."""
        words = [str(argument) for argument in arguments]
        done = subprocess.run(
            self.command(*words), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            env=self.env, timeout=timeout, check=False)
        result = Result(words, done.returncode, done.stdout, done.stderr)
        assert status is None or result.status == status, f"expected status {status}: {result!r}"
        return result

    def popen(self, *arguments, **options):
        """Starts it; the caller waits for it. See the `started` fixture."""
        return subprocess.Popen(
            self.command(*arguments), stdin=options.pop("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env, **options)

    def project(self, vm):
        return self.repository / "vm" / vm

    def manifest(self, vm):
        """The active cycle's manifest.json; None where there is none."""
        path = self.project(vm) / "manifest.json"
        return json.loads(path.read_text()) if path.exists() else None

    def backups(self, vm):
        """The ids of a VM's completed backups on disk, oldest first."""
        found = [json.loads(path.read_text()) for path in self.project(vm).glob("*/metadata.json")
                 if not path.parent.name.startswith(".")]
        return [metadata["id"] for metadata in sorted(found, key=lambda one: one["created_at"])
                if metadata["status"] == "completed"]

    def metadata(self, vm, backup):
        return json.loads((self.project(vm) / backup / "metadata.json").read_text())

    def image(self, vm, backup, target):
        """The image of one disk in a backup."""
        found = list((self.project(vm) / backup / "data").glob(f"{vm}-{target}-*.qcow2"))
        assert len(found) == 1, f"{backup} {target}: {found}"
        return found[0]
