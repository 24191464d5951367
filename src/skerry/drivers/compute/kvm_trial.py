"""A virtual machine of a few instructions, to see whether KVM really runs code here, and how fast.

``/dev/kvm`` may exist and be unusable: some nested clouds run one instruction per microsecond, and a
trial in real mode passes there falsely. So this one does what a kernel does early (long mode, paging,
control registers, EFER, cpuid) and then loops a million times.

Run as ``python -I -S kvm_trial.py``, in a child that somebody watches: it may hang for ever. Prints
the milliseconds that it took, or fails. Source: the Linux kernel's Documentation/virt/kvm/api.rst.
"""

import ctypes
import fcntl
import mmap
import os
import struct
import sys
import time

_GET_API_VERSION, _CREATE_VM, _CREATE_VCPU = 0xAE00, 0xAE01, 0xAE41
_VCPU_MMAP_SIZE, _RUN = 0xAE04, 0xAE80
_SET_MEMORY, _SET_TSS = 0x4020AE46, 0xAE47
_GET_SREGS, _SET_SREGS, _SET_REGS = 0x8138AE83, 0x4138AE84, 0x4090AE82
_SUPPORTED_CPUID, _SET_CPUID2 = 0xC008AE05, 0x4008AE90
_EXIT_IO, _EXIT_HLT = 2, 5
_MEMORY_BYTES = 4 << 20
_CODE, _PML4, _PDPT, _PD, _GDT, _STACK = 0x1000, 0x2000, 0x3000, 0x4000, 0x5000, 0x3FF000
_SREGS_BYTES, _SEGMENT_BYTES, _CPUID_ENTRIES = 0x138, 24, 100
_EXITS_LIMIT = 20

_PROGRAM = bytes.fromhex(
    "0f20d8 0f22d8"  # reload cr3
    "0f011425 00510000"  # lgdt [0x5100]
    "b9800000c0 0f32 0f30"  # read and write EFER
    "0f20e0 480d80000000 0f22e0"  # cr4 |= PGE
    "31c0 0fa2"  # cpuid
    "b940420f00 ffc9 75fc"  # a million times: dec ecx; jnz
    "b041 66baf803 ee f4"  # out 0x3f8, 'A'; hlt
)


def trial() -> None:
    """Run the program; raises OSError or RuntimeError when KVM does not do it."""
    kvm = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
    version = fcntl.ioctl(kvm, _GET_API_VERSION, 0)
    if version != 12:
        raise RuntimeError(f"KVM speaks version {version} of its interface, not 12")
    vm = fcntl.ioctl(kvm, _CREATE_VM, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ioctl(vm, ctypes.c_ulong(_SET_TSS), ctypes.c_ulong(0xFFFBD000))  # older Intel wants it
    memory = mmap.mmap(-1, _MEMORY_BYTES)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    fcntl.ioctl(vm, _SET_MEMORY, struct.pack("<IIQQQ", 0, 0, 0, _MEMORY_BYTES, address))
    vcpu = fcntl.ioctl(vm, _CREATE_VCPU, 0)
    shared = mmap.mmap(vcpu, fcntl.ioctl(kvm, _VCPU_MMAP_SIZE, 0))
    _show_cpuid(libc, kvm, vcpu)
    _load(memory)
    _enter_long_mode(vcpu)
    if _run(vcpu, shared) != b"A":
        raise RuntimeError("the trial machine halted without its output")


def _show_cpuid(libc: ctypes.CDLL, kvm: int, vcpu: int) -> None:
    table = ctypes.create_string_buffer(8 + 40 * _CPUID_ENTRIES)
    struct.pack_into("<II", table, 0, _CPUID_ENTRIES, 0)
    for fd, request in ((kvm, _SUPPORTED_CPUID), (vcpu, _SET_CPUID2)):
        if libc.ioctl(fd, ctypes.c_ulong(request), table) != 0:
            raise OSError(ctypes.get_errno(), "KVM does not hand out its cpuid")


def _load(memory: mmap.mmap) -> None:
    """The program, and tables that map the memory one to one with 2 MiB pages."""
    struct.pack_into("<Q", memory, _PML4, _PDPT | 3)
    struct.pack_into("<Q", memory, _PDPT, _PD | 3)
    struct.pack_into("<QQ", memory, _PD, 0x83, (2 << 20) | 0x83)
    struct.pack_into("<QQQ", memory, _GDT, 0, 0x00AF9A000000FFFF, 0x00CF92000000FFFF)
    struct.pack_into("<HQ", memory, _GDT + 0x100, 23, _GDT)
    memory[_CODE : _CODE + len(_PROGRAM)] = _PROGRAM


def _enter_long_mode(vcpu: int) -> None:
    special = bytearray(_SREGS_BYTES)
    fcntl.ioctl(vcpu, _GET_SREGS, special, True)  # noqa: FBT003 (mutate the buffer)
    segment = struct.Struct("<QIHBBBBBBBBBB")  # base limit selector type present dpl db s l g …
    segment.pack_into(special, 0, 0, 0xFFFFFFFF, 8, 11, 1, 0, 0, 1, 1, 1, 0, 0, 0)
    for i in range(1, 6):
        at = _SEGMENT_BYTES * i
        segment.pack_into(special, at, 0, 0xFFFFFFFF, 16, 3, 1, 0, 1, 1, 0, 1, 0, 0, 0)
    tables_at = _SEGMENT_BYTES * 8  # after six segments, TR and LDT
    struct.pack_into("<QH", special, tables_at, _GDT, 23)
    control_at = tables_at + 32
    apic = struct.unpack_from("<7Q", special, control_at)[6]
    control = (0x80050033, 0, _PML4, 0x20, 0, 0x500, apic)  # cr0 cr2 cr3 cr4 cr8 efer apic
    struct.pack_into("<7Q", special, control_at, *control)
    fcntl.ioctl(vcpu, _SET_SREGS, bytes(special))
    registers = [0] * 18
    registers[6], registers[16], registers[17] = _STACK, _CODE, 2  # rsp, rip, rflags
    fcntl.ioctl(vcpu, _SET_REGS, struct.pack("<18Q", *registers))


def _run(vcpu: int, shared: mmap.mmap) -> bytes:
    """What the program wrote to its port until it halted."""
    written = b""
    for _ in range(_EXITS_LIMIT):
        fcntl.ioctl(vcpu, _RUN, 0)
        (reason,) = struct.unpack_from("<I", shared, 8)
        if reason == _EXIT_HLT:
            return written
        if reason != _EXIT_IO:
            raise RuntimeError(f"the trial machine stopped with KVM exit {reason}")
        (offset,) = struct.unpack_from("<Q", shared, 40)
        written += shared[offset : offset + 1]
    raise RuntimeError("the trial machine did not halt")


if __name__ == "__main__":
    began = time.perf_counter()
    try:
        trial()
    except (OSError, RuntimeError) as refused:
        sys.exit(str(refused))
    sys.stdout.write(f"{(time.perf_counter() - began) * 1000:.0f}")
