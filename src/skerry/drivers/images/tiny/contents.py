"""What ``tiny`` consists of: packages, the files taken out of them, folders of its own."""

DEBS = (
    "bash",
    "busybox-static",
    "dropbear-bin",
    "e2fsprogs",
    "libaudit1",
    "libblkid1",
    "libc6",
    "libcap-ng0",
    "libcom-err2",
    "libcrypt1",
    "libext2fs2",
    "libgmp10",
    "libpam-modules",
    "libpam0g",
    "libpcre2-8-0",
    "libselinux1",
    "libtinfo6",
    "libtomcrypt1",
    "libtommath1",
    "libuuid1",
    "ncurses-base",
    "openssh-sftp-server",
    "sudo",
    "zlib1g",
)

FILES = (
    "bin/bash",
    "lib/terminfo/l/linux",
    "lib/terminfo/s/screen-256color",
    "lib/terminfo/v/vt100",
    "lib/terminfo/x/xterm",
    "lib/terminfo/x/xterm-256color",
    "lib/x86_64-linux-gnu/security/pam_permit.so",
    "sbin/e2fsck",
    "sbin/mke2fs",
    "sbin/resize2fs",
    "sbin/tune2fs",
    "usr/bin/dropbearkey",
    "usr/bin/sudo",
    "usr/lib/openssh/sftp-server",
    "usr/libexec/sudo/libsudo_util.so.0",
    "usr/libexec/sudo/sudoers.so",
    "usr/sbin/dropbear",
)

LIBRARIES = (
    "ld-linux-x86-64.so.2",
    "libaudit.so.1",
    "libblkid.so.1",
    "libc.so.6",
    "libcap-ng.so.0",
    "libcom_err.so.2",
    "libcrypt.so.1",
    "libe2p.so.2",
    "libext2fs.so.2",
    "libgmp.so.10",
    "libpam.so.0",
    "libpcre2-8.so.0",
    "libselinux.so.1",
    "libtinfo.so.6",
    "libtomcrypt.so.1",
    "libtommath.so.1",
    "libuuid.so.1",
    "libz.so.1",
)

LINKS = {
    "etc/mtab": "/proc/mounts",
    "etc/resolv.conf": "/run/resolv.conf",
    "lib64/ld-linux-x86-64.so.2": "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
    "sbin/mkfs.ext4": "mke2fs",
    "usr/lib/sftp-server": "openssh/sftp-server",
    "var/run": "/run",
}

FOLDERS = {
    "bin": 0o755,
    "dev": 0o755,
    "etc/dropbear": 0o700,
    "home/ec2-user": 0o700,
    "mnt": 0o755,
    "proc": 0o755,
    "root": 0o700,
    "run": 0o755,
    "sys": 0o755,
    "tmp": 0o1777,
    "usr/bin": 0o755,
    "var/lib/skerry": 0o755,
    "var/log": 0o755,
    "var/tmp": 0o1777,
}

# Modules loaded before the root disk; the rest of the kernel's drivers are not taken along.
BOOT_MODULES = ("virtio_pci", "virtio_blk", "virtio_net", "virtio_rng", "button", "evdev")
