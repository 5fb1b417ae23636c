"""Trees: settings, sources to back up, and the comparison of a restore with its source."""

import json
import os
import pathlib
import shutil
import stat

from support.helper import Helper

AGENT = "host1"


def entries(root):
    """{path: what a restore must bring back} of everything below root. Directories' own sizes and
    access times are the file system's business."""
    root = os.fsencode(root)
    found = {}
    inodes = {}
    for directory, names, files in os.walk(root):
        for name in names + files:
            path = os.path.join(directory, name)
            relative = os.path.relpath(path, root)
            st = os.lstat(path)
            if stat.S_ISSOCK(st.st_mode):
                continue
            content = None
            if stat.S_ISREG(st.st_mode):
                content = pathlib.Path(os.fsdecode(path)).read_bytes()
                inodes.setdefault(st.st_ino, []).append(relative)
            elif stat.S_ISLNK(st.st_mode):
                content = os.readlink(path)
            found[relative] = (st.st_mode, st.st_uid, st.st_gid, st.st_mtime_ns, content)
    links = sorted(sorted(paths) for paths in inodes.values() if len(paths) > 1)
    return found, links


class Tree(Helper):
    """A helper with one tree, “data”, of one source."""

    def __init__(self, directory, storage=None, **task):
        self.source = directory / "source"
        self.source.mkdir(parents=True, exist_ok=True)
        self.restored = directory / "restored"
        self.storage = {"type": "incremental", **(storage or {})}
        self.task = {"name": "data", "agent": AGENT, "storage": "daily",
                     "sources": [{"path": str(self.source)}], **task}
        super().__init__(directory)
        self.configure()

    def configure(self, storage=None, **task):
        self.storage.update(storage or {})
        self.task.update(task)
        self.config.write_text(json.dumps(
            {**self.settings, "storages": {"daily": self.storage}, "backups": [self.task]}))

    @property
    def project_id(self):
        return f"tree/{AGENT}/data"

    @property
    def directory_of_project(self):
        return self.repository / self.project_id

    def backup(self, *arguments, status=0):
        """The result of one run; None where it fails."""
        done = self.run("tree", "backup", "data", "--json", *arguments, status=status)
        if status not in (0, 8):
            return None
        return done.json["result"] if "--plan" not in arguments else done.json

    def points(self):
        """[(generation, id)] of the completed backups, oldest first."""
        found = [json.loads(path.read_text())
                 for path in self.directory_of_project.glob("gen-*/*.metadata.json")]
        return [(one["extra"]["generation"], one["id"])
                for one in sorted(found, key=lambda one: one["created_at"])
                if one["status"] == "completed"]

    def generations(self):
        return sorted(path.name for path in self.directory_of_project.glob("gen-*"))

    def only(self, pattern):
        found = sorted(self.directory_of_project.glob(f"gen-*/{pattern}"))
        assert found, pattern
        return found[-1]

    def leftovers(self):
        """What no metadata names."""
        named = {".lock", ".location"}
        for path in self.directory_of_project.rglob("*.metadata.json"):
            named |= {path.name, path.parent.name}
            named |= {file["path"] for file in json.loads(path.read_text())["extra"]["files"]}
        return sorted(path.name for path in self.directory_of_project.rglob("*")
                      if path.name not in named)

    def restore(self, *arguments):
        """Restores the newest point; what is in it, as entries() of the source."""
        shutil.rmtree(self.restored, ignore_errors=True)
        self.restored.mkdir()
        self.run("tree", "restore", self.project_id, "--target", self.restored, *arguments)
        return entries(str(self.restored) + str(self.source))

    def assert_restores_source(self):
        found, links = self.restore()
        expected, expected_links = entries(self.source)
        assert found == expected
        assert links == expected_links
