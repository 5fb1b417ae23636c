"""File trees: making and changing them by chance, describing them, comparing them."""

import hashlib
import os
import stat
import struct


def extents(path, size):
    """Where a file has data, as the file system says it."""
    found = []
    at = 0
    with open(path, "rb") as file:
        while at < size:
            try:
                data = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:
                break
            at = os.lseek(file.fileno(), data, os.SEEK_HOLE)
            found.append((data, at))
    return tuple(found)


def describe_one(path):
    status = os.lstat(path)
    kind = stat.S_IFMT(status.st_mode)
    one = {
        "mode": oct(status.st_mode),
        "owner": (status.st_uid, status.st_gid),
        "mtime_ns": status.st_mtime_ns,
        "xattrs": tuple(sorted(
            (name, os.getxattr(path, name, follow_symlinks=False))
            for name in os.listxattr(path, follow_symlinks=False))),
    }
    if kind == stat.S_IFREG:
        one["extents"] = extents(path, status.st_size)
        with open(path, "rb") as file:
            content = file.read()
        one["sha256"] = hashlib.sha256(content).hexdigest()
        one["size"] = status.st_size
        # A file system may call allocated blocks that were never written data or a hole, as it has
        # them in its cache or not; where something was written it may not.
        one["written"] = tuple(
            (start, end) for start, end in one["extents"] if content[start:end].strip(b"\0"))
    elif kind == stat.S_IFLNK:
        one["target"] = os.readlink(path)
    elif kind in (stat.S_IFCHR, stat.S_IFBLK):
        one["device"] = status.st_rdev
    return one


def describe(root):
    """path → all that a restore must give back; hard links as the set of their names."""
    root = os.fsencode(root)
    entries = {b".": describe_one(root)}
    inodes = {}
    for parent, directories, files in os.walk(root):
        for name in directories + files:
            path = os.path.join(parent, name)
            relative = os.path.relpath(path, root)
            entries[relative] = describe_one(path)
            status = os.lstat(path)
            if not stat.S_ISDIR(status.st_mode):
                inodes.setdefault(status.st_ino, []).append(relative)
    for names in inodes.values():
        for name in names:
            entries[name]["links"] = tuple(sorted(names))
    return entries


# What a file system may make of a small hole, see describe_one().
SMALL_HOLE = 64 * 1024


def data_bytes(extents_of_file):
    return sum(end - start for start, end in extents_of_file)


def differences(expected, found):
    lines = [f"missing: {path}" for path in sorted(expected.keys() - found.keys())]
    lines += [f"not expected: {path}" for path in sorted(found.keys() - expected.keys())]
    for path in sorted(expected.keys() & found.keys()):
        for name, value in expected[path].items():
            if name == "extents":
                if data_bytes(found[path].get(name, ())) <= data_bytes(value) + SMALL_HOLE:
                    continue
            if found[path].get(name) != value:
                lines.append(f"{path}: {name} is {found[path].get(name)}, not {value}")
    return lines


ACL_NONE = 0xFFFFFFFF


def acl(*entries):
    """The value of system.posix_acl_access: (tag, permissions, id)…"""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


class Mutator:
    """Changes a tree by chance; the same seed makes the same changes."""

    def __init__(self, root, random):
        self.root = os.fsencode(root)
        self.random = random
        self.count = 0

    def fresh_name(self):
        self.count += 1
        shape = self.random.choice(
            ["f%d", "%d.b", "%d!", "caf\u00e9-%d", "sp ace %d", "\udcff\udcfe%d", "line\nbreak%d",
             "x" * 120 + "%d"])
        return os.fsencode(shape % self.count)

    def all(self, *kinds):
        found = []
        for parent, directories, files in os.walk(self.root):
            for name in sorted(directories) + sorted(files):
                path = os.path.join(parent, name)
                if stat.S_IFMT(os.lstat(path).st_mode) in kinds:
                    found.append(path)
        return sorted(found)

    def directory(self):
        return self.random.choice([self.root, *self.all(stat.S_IFDIR)])

    def pick(self, *kinds):
        found = self.all(*kinds)
        return self.random.choice(found) if found else None

    def place(self):
        return os.path.join(self.directory(), self.fresh_name())

    def content(self):
        size = self.random.choice([0, 1, 511, 512, 513, 4096, self.random.randrange(20000),
                                   self.random.randrange(200000)])
        return self.random.randbytes(size)

    def create(self):
        with open(self.place(), "wb") as file:
            file.write(self.content())

    def create_large(self):
        with open(self.place(), "wb") as file:
            file.write(self.random.randbytes(self.random.randrange(2 << 20, 5 << 20)))

    def create_sparse(self):
        with open(self.place(), "wb") as file:
            for _ in range(self.random.randrange(4)):
                file.seek(self.random.randrange(0, 4 << 20, 4096))
                file.write(self.random.randbytes(5000))
            file.truncate(self.random.randrange(4 << 20, 5 << 20))

    def create_directory(self):
        path = self.place()
        os.mkdir(path)
        for _ in range(self.random.randrange(4)):
            with open(os.path.join(path, self.fresh_name()), "wb") as file:
                file.write(self.content())

    def create_symlink(self):
        os.symlink(self.random.choice([b"nowhere", b"../up", b"/etc/passwd", b"\xff"]),
                   self.place())

    def create_fifo(self):
        os.mkfifo(self.place(), 0o600 | self.random.randrange(0o77))

    def create_device(self):
        os.mknod(self.place(), stat.S_IFCHR | 0o600, os.makedev(1, 3))

    def create_link(self):
        path = self.pick(stat.S_IFREG, stat.S_IFLNK, stat.S_IFIFO)
        if path:
            os.link(path, self.place(), follow_symlinks=False)

    def overwrite(self):
        path = self.pick(stat.S_IFREG)
        if path:
            with open(path, "r+b") as file:
                file.write(self.content())

    def overwrite_same_time(self):
        path = self.pick(stat.S_IFREG)
        if path:
            status = os.stat(path)
            with open(path, "r+b") as file:
                file.write(self.random.randbytes(max(status.st_size, 1)))
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    def append(self):
        path = self.pick(stat.S_IFREG)
        if path:
            with open(path, "ab") as file:
                file.write(self.content())

    def truncate(self):
        path = self.pick(stat.S_IFREG)
        if path:
            os.truncate(path, self.random.randrange(3000))

    def replace(self):
        path = self.pick(stat.S_IFREG)
        if path:
            fresh = self.place()
            with open(fresh, "wb") as file:
                file.write(self.content())
            os.rename(fresh, path)

    def remove(self):
        path = self.pick(stat.S_IFREG, stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR)
        if path:
            os.unlink(path)

    def remove_directory(self):
        path = self.pick(stat.S_IFDIR)
        if path and self.random.random() < 0.5:
            self.empty(path)

    def empty(self, path):
        for parent, directories, files in os.walk(path, topdown=False):
            for name in files:
                os.unlink(os.path.join(parent, name))
            for name in directories:
                child = os.path.join(parent, name)
                (os.unlink if os.path.islink(child) else os.rmdir)(child)
        os.rmdir(path)

    def rename(self):
        path = self.pick(stat.S_IFREG, stat.S_IFLNK, stat.S_IFDIR)
        target = self.place()
        if path and not target.startswith(path + b"/"):
            os.rename(path, target)

    def file_to_directory(self):
        path = self.pick(stat.S_IFREG)
        if path:
            os.unlink(path)
            os.mkdir(path)
            with open(os.path.join(path, self.fresh_name()), "wb") as file:
                file.write(self.content())

    def directory_to_file(self):
        path = self.pick(stat.S_IFDIR)
        if path:
            self.empty(path)
            with open(path, "wb") as file:
                file.write(self.content())

    def chmod(self):
        path = self.pick(stat.S_IFREG, stat.S_IFDIR, stat.S_IFIFO)
        if path:
            os.chmod(path, self.random.choice([0o644, 0o755, 0o4711, 0o1777, 0o000, 0o2750]))

    def chown(self):
        path = self.pick(stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)
        if path:
            os.chown(path, self.random.randrange(70000), self.random.randrange(70000),
                     follow_symlinks=False)

    def utime(self):
        path = self.pick(stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)
        if path:
            when = self.random.randrange(-10**18, 2 * 10**18)
            os.utime(path, ns=(when, when), follow_symlinks=False)

    def set_xattr(self):
        path = self.pick(stat.S_IFREG, stat.S_IFDIR)
        if path:
            os.setxattr(path, b"user." + self.random.choice([b"a", b"b", b"c"]),
                        self.random.randbytes(self.random.randrange(300)))

    def remove_xattr(self):
        path = self.pick(stat.S_IFREG, stat.S_IFDIR)
        for name in os.listxattr(path) if path else []:
            if name.startswith("user."):
                os.removexattr(path, name)

    def set_acl(self):
        path = self.pick(stat.S_IFREG, stat.S_IFDIR)
        if path:
            value = acl((0x01, 6, ACL_NONE), (0x02, self.random.randrange(8), 1234),
                        (0x04, self.random.randrange(8), ACL_NONE),
                        (0x10, self.random.randrange(8), ACL_NONE), (0x20, 4, ACL_NONE))
            name = "system.posix_acl_access"
            if os.path.isdir(path) and self.random.random() < 0.5:
                name = "system.posix_acl_default"
            os.setxattr(path, name, value)

    def mutate(self):
        names = [name for name in sorted(vars(Mutator)) if name not in (
            "all", "directory", "pick", "place", "content", "fresh_name", "empty", "mutate")
            and not name.startswith("_")]
        getattr(self, self.random.choice(names))()
