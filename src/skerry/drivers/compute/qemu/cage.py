"""Becomes QEMU: the last steps of a guest's start, in a process of their own, from root to nobody.

Run as ``python -I -S cage.py <Cage as JSON>`` with these descriptors: 2 = log, 3 = the guest's lock
(its holder is the guest's process, so it lives exactly as long), 4 and 5 = listening monitor sockets.
Uses the standard library alone and imports nothing of Skerry: it starts once per guest, fast.

The order matters. The process identity is written first, so that whoever finds the lock held soon
finds the process too. Taps are opened while we may enter the cloud's network namespace. Then the view
of the files shrinks to what QEMU needs, then the privileges go, then QEMU replaces us.
"""

import ctypes
import fcntl
import json
import os
import resource
import struct
import sys
from dataclasses import dataclass

LAST_CAPABILITY = 63
_NEW_MOUNTS, _NEW_UTS, _NEW_IPC, _NEW_NET = 0x00020000, 0x04000000, 0x08000000, 0x40000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT = 0x1, 0x2, 0x4, 0x20
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x40000
_MNT_DETACH = 2
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 24, 38
_TUNSETIFF, _TUNGETIFF = 0x400454CA, 0x800454D2
_IFF_TAP, _IFF_NO_PI, _IFF_PERSIST = 0x0002, 0x1000, 0x0800
_SYSTEM = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache")
_DEVICES = ("/dev/null", "/dev/urandom")


@dataclass(frozen=True)
class Cage:
    """What the process needs to know. All paths are absolute."""

    folder: str  # the guest's own; the process identity goes there
    argv: list[str]
    uid: int
    gid: int
    netns: str | None  # where the taps are
    taps: list[str]
    first_tap_fd: int
    writable: list[str]  # files that QEMU writes: disks
    readable: list[str]  # files that QEMU reads: images, kernels
    devices: list[str]  # device nodes beyond null and urandom
    cgroup: str | None  # a cgroup v2 folder to live in


def start_time(stat: str) -> str:
    """Field 22 of /proc/<pid>/stat: with the pid it names a process for ever (of this boot)."""
    return stat.rsplit(")", 1)[1].split()[19]


def main(cage: Cage) -> None:
    """Confine this process and replace it by QEMU; raises OSError where the host refuses."""
    _write_identity(cage.folder)
    if cage.cgroup is not None:
        _write(f"{cage.cgroup}/cgroup.procs", "0")
    _open_taps(cage)
    os.closerange(cage.first_tap_fd + len(cage.taps), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    _shrink_view(cage)
    _drop_privileges(cage)
    os.execv(cage.argv[0], cage.argv)  # noqa: S606 (no shell is the point)


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:  # noqa: PTH123 (pathlib costs 5 ms of a guest's start)
        file.write(text)


def _write_identity(folder: str) -> None:
    with open("/proc/self/stat") as file:  # noqa: PTH123
        started = start_time(file.read())
    _write(f"{folder}/process.new", f"{os.getpid()} {started}")
    os.replace(f"{folder}/process.new", f"{folder}/process")  # noqa: PTH105


def _open_taps(cage: Cage) -> None:
    """Attach to the taps inside their namespace; end in an empty one, for QEMU needs no network."""
    if cage.netns is not None:
        enter_network(cage.netns)
    for i, tap in enumerate(cage.taps):
        _move(open_tap(tap), cage.first_tap_fd + i)
    _call("unshare", _NEW_NET)


def enter_network(netns: str) -> None:
    """Move the calling thread into the network namespace at this path."""
    with open(netns) as namespace:  # noqa: PTH123
        _call("setns", namespace.fileno(), _NEW_NET)


def open_tap(tap: str) -> int:
    """Attach to a tap of the present namespace; raises OSError, FileNotFoundError."""
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    request = struct.Struct("16sH22x")
    try:
        fcntl.ioctl(fd, _TUNSETIFF, request.pack(tap.encode(), _IFF_TAP | _IFF_NO_PI))
    except OSError as error:
        raise OSError(error.errno, f"cannot open tap: {error.strerror}", tap) from error
    _, flags = request.unpack(fcntl.ioctl(fd, _TUNGETIFF, bytes(request.size)))
    if not flags & _IFF_PERSIST:  # the kernel made it just now, wired to nothing
        raise FileNotFoundError(2, "no such tap", tap)
    return fd


def _move(fd: int, wanted: int) -> None:
    if fd == wanted:
        os.set_inheritable(fd, True)  # noqa: FBT003
    else:
        os.dup2(fd, wanted)
        os.close(fd)


def _shrink_view(cage: Cage) -> None:
    """A root of our own: the system read-only, a few devices, this guest's files, nothing else."""
    _call("unshare", _NEW_MOUNTS | _NEW_UTS | _NEW_IPC)
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE, None)
    root = cage.folder
    _mount("tmpfs", root, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=0755,size=1m")
    for path in _SYSTEM:
        _show(root, path, _MS_RDONLY | _MS_NOSUID | _MS_NODEV)
    for path in (*_DEVICES, *cage.devices):
        _show(root, path, _MS_NOSUID)
    for path in cage.readable:
        _show(root, path, _MS_RDONLY | _MS_NOSUID | _MS_NODEV)
    for path in cage.writable:
        _show(root, path, _MS_NOSUID | _MS_NODEV)
    os.chdir(root)
    _call("pivot_root", b".", b".")
    _call("umount2", b".", _MNT_DETACH)
    os.chdir("/")
    _mount(None, "/", None, _MS_REMOUNT | _MS_RDONLY | _MS_NOSUID | _MS_NODEV, None)


def _show(root: str, path: str, flags: int) -> None:
    """Make ``path`` visible under the new root at its own place."""
    place = root + path
    if path in _SYSTEM and os.path.islink(path):  # noqa: PTH114
        os.symlink(os.readlink(path), place)  # noqa: PTH115, PTH211
        return
    if os.path.isdir(path):  # noqa: PTH112
        os.makedirs(place, exist_ok=True)  # noqa: PTH103
    elif os.path.exists(path):  # noqa: PTH110
        os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o600))
    elif path in _SYSTEM:
        return
    else:
        raise FileNotFoundError(2, "no such file", path)
    _mount(path, place, None, _MS_BIND, None)
    _mount(None, place, None, _MS_REMOUNT | _MS_BIND | flags, None)


def _drop_privileges(cage: Cage) -> None:
    # A device like /dev/kvm belongs to a group; that group is all that QEMU keeps of it.
    groups = {os.stat(path).st_gid for path in cage.devices} - {0}  # noqa: PTH116
    for capability in range(LAST_CAPABILITY + 1):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # beyond the last one that this kernel knows
    os.setgroups(sorted(groups))
    os.setresgid(cage.gid, cage.gid, cage.gid)
    os.setresuid(cage.uid, cage.uid, cage.uid)
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)


_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *args: object) -> None:
    if _libc[name](*args) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


def _mount(
    source: str | None, target: str, kind: str | None, flags: int, options: str | None
) -> None:
    def raw(text: str | None) -> bytes | None:
        return None if text is None else text.encode()

    try:
        _call("mount", raw(source), raw(target), raw(kind), ctypes.c_ulong(flags), raw(options))
    except OSError as error:
        raise OSError(error.errno, error.strerror, target) from error


if __name__ == "__main__":
    try:
        main(Cage(**json.loads(sys.argv[1])))
    except OSError as refused:
        sys.exit(f"skerry: cannot start the guest: {refused}")
