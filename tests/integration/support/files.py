"""File systems made for a test."""

from .process import run


def mount_reflinks(directory):
    """XFS, which can clone files, on a new directory in this one; to be unmounted."""
    image = directory / "xfs.img"
    place = directory / "xfs"
    with open(image, "wb") as file:
        file.truncate(600 << 20)
    run("mkfs.xfs", "-q", "-m", "reflink=1", image)
    place.mkdir()
    run("mount", "-o", "loop", image, place)
    place.chmod(0o711)
    return place
