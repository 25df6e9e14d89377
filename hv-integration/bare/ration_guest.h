/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ration_guest.h - what a guest of the bare hypervisor finds: how it is loaded,
 * what its machine has, and the calls that it may make.
 *
 * MODULES.  The boot loader hands over files, each with a line of text.
 *
 *   - A file that begins with "#ration" is a script (see hv-integration/bare/script.h).
 *   - A Linux kernel (boot header "HdrS") or a static x86-64 ELF is an image.  Where
 *     its line has `name=`, a domain is made of it; the first such is dom0.
 *   - Anything else is data, for `initrd=`.
 *
 * A module's file name is the first word of its line, without folders.  (QEMU puts
 * it there; under GRUB write it: `module /boot/rd.gz rd.gz`.)
 *
 *      vmlinuz name=web1 vcpus=4 mem=192 initrd=rd.gz weight=512 -- quiet job=hog
 *
 *      name=TEXT        1..15 of [a-zA-Z0-9_-], unique
 *      vcpus=1          1..16
 *      mem=128          MiB of memory, 16..2048; from address 0, in one piece
 *      initrd=FILE      the module of that file name, copied into the memory
 *      weight=256  cap=0 (in % of one CPU, 0: none)  floor=0 (%)
 *      period=100ms slice=0 latency=0 extratime=1    sedf; ns, us, ms, s
 *      cpus=0-1         where its vCPUs may run (ration_affinity.h has the grammar);
 *                       cpus=0/1: vCPU 0 there, vCPU 1 and all others here
 *      on_reboot=restart|destroy    what a guest's reset means; restart by default
 *      paused=0         1: does not run before `resume`
 *
 * What stands after ` -- ` is the command line that the guest sees.
 *
 * LOADING.  Linux: by its 64-bit boot protocol; `tsc=reliable tsc_early_khz=N` are
 * put before its command line.  ELF64 (ET_EXEC): each PT_LOAD is copied to p_paddr,
 * from 1 MiB on.  Either is entered on vCPU 0
 *      in long mode, interrupts off; CS 0x10, DS, ES, SS 0x18, flat;
 *      the lowest 4 GiB mapped to themselves by 2 MiB pages (tables, GDT and what else
 *      is handed over lie in 0x1000..0xFFFF: free once the guest has its own);
 *      RSI = Linux's boot_params: hdr.cmd_line_ptr (0x228), e820 (count 0x1E8, table
 *      0x2D0), acpi_rsdp_addr (0x70), hdr.ramdisk_image and _size (0x218, 0x21C);
 *      RSP = 0x9000 for an ELF: a page of stack.
 * The other vCPUs wait for INIT and SIPI, and begin in real mode.
 *
 * THE MACHINE of each guest:
 *      memory from 0 to mem= without a hole but for the page at 0xFEE00 (not RAM);
 *      local APICs in x2APIC mode from the start (MSR 0x800..0x83F; id = number of the
 *      vCPU), timer one-shot, periodic or by TSC deadline; logical ids as x2APIC says;
 *      TSC in one piece over all vCPUs (CPUID 0x40000010 EAX: kHz, EBX: APIC timer kHz);
 *      a UART 8250 at 0x3F8 (no interrupt);
 *      ACPI with reduced hardware: RSDP, XSDT, FADT, MADT, an empty DSDT.
 *          power off: write 0x2000 to the 16-bit port 0x604 (the FADT's sleep control
 *          register at 0x600 likewise); reset: 6 to port 0xCF9, or 0xFE to port 0x64.
 *      Other ports read all ones (0x40..0x42 and 0x71: 0), other MSRs raise #GP, an
 *      access to memory that is not there ends the guest.  A triple fault of any vCPU
 *      resets the domain; a second one without a second of running time between ends it.
 *
 * CPUID 0x40000000 is KVM's leaf, with the features that 0x40000001 names; 0x40000100
 * answers EBX, ECX, EDX = "RATI" "ON-H" "V   ", and 0x40000101 EAX = RATION_GUEST_ABI,
 * EBX = number of the domain, ECX = number of the vCPU.  Look there before a call.
 *
 * CALLS are made with VMMCALL: number in RAX, arguments in RBX, RCX, RDX, RSI; the
 * answer in RAX, where small negative numbers are errors.  All other registers are
 * kept unless it says so.  No call takes a pointer.  Calls marked `any` may be made
 * from ring 3.
 */
#ifndef RATION_GUEST_H
#define RATION_GUEST_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RATION_GUEST_ABI 1u
#define RATION_GUEST_LEAF 0x40000100u

/* Errors in RAX. */
#define RATION_GUEST_E_NUMBER (-1000)  /* no such call (KVM's number for it) */
#define RATION_GUEST_E_RIGHT  (-1)     /* not from this ring, or not this domain */
#define RATION_GUEST_E_VALUE  (-22)    /* an argument out of range */

enum ration_guest_call {
	/* KVM's.  RBX flags, RCX APIC id: that vCPU's HLT ends; 0. */
	RATION_GUEST_KICK = 5,
	/* KVM's.  RBX, RCX: 128 bits of APIC ids from RDX on; RSI: the ICR's vector and
	 * mode.  That many of them were sent an interrupt. */
	RATION_GUEST_SEND_IPI = 10,
	/* KVM's.  RBX APIC id: let it run in my place, if it waits; 0. */
	RATION_GUEST_YIELD_TO = 11,

	/* any.  Nothing: 0. */
	RATION_GUEST_NONE = 0x52410000,
	/* any.  RBX: bytes, 0..96, which lie in RCX, RDX, RSI, RDI, R8 .. R15, the first
	 * in the lowest bits of RCX.  They go to the domain's console; how many did. */
	RATION_GUEST_CONSOLE,
	/* any.  Number of the vCPU; RBX number of the domain, RCX vCPUs of the domain,
	 * RDX the time of the hypervisor in ns. */
	RATION_GUEST_WHO,
	/* any.  RBX: a vCPU of the own domain, or RATION_GUEST_ALL: the sum of all.
	 * 0, and in RBX running, RCX waiting (all causes; what steal time shows), RDX blocked,
	 * RSI down, in ns; RDI the time of the hypervisor. */
	RATION_GUEST_LEDGER,
	/* any.  Let others go first: 0. */
	RATION_GUEST_YIELD,
	/* any.  RAX bytes, 0..96, that were typed for the domain's console, in the registers
	 * of CONSOLE. */
	RATION_GUEST_CONSOLE_READ,
	/* dom0, ring 0 and 3.  Requests of hv-integration/control, 96 bytes a call as with
	 * CONSOLE: bytes taken.  And answers: RAX how many bytes, in the same registers. */
	RATION_GUEST_CONTROL_PUT,
	RATION_GUEST_CONTROL_TAKE,
	RATION_GUEST_CALL_END
};

#define RATION_GUEST_ALL (~(uint64_t)0)
#define RATION_GUEST_CONSOLE_MAX 96u

#ifdef __cplusplus
}
#endif
#endif
