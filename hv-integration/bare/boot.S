/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a multiboot loader (32 bits, no paging) to bare_main() in long mode, with
 * the lowest 4 GiB mapped to themselves; and the door for the other CPUs.
 */
#include "layout.h"

#define MULTIBOOT_MAGIC 0x1BADB002
#define MULTIBOOT_FLAGS 0x00010003      /* pages, memory map, addresses below */

	.section .multiboot, "a"
	.balign 8
header:
	.long MULTIBOOT_MAGIC, MULTIBOOT_FLAGS, -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)
	/* With these a loader takes an ELF64 file too: header, load, end, end of bss, entry. */
	.long header, image_begin, image_data_end, image_end, start32

	.text
	.code32
	.globl start32
start32:
	cli
	cld
	movl	%eax, %ebp
	movl	%ebx, %esi
	/* Page tables: one level of 4, four of 512 large pages. */
	movl	$boot_pdpt + 7, boot_pml4
	movl	$boot_pd + 7, %eax
	movl	$boot_pdpt, %edi
	movl	$4, %ecx
1:	movl	%eax, (%edi)
	addl	$4096, %eax
	addl	$8, %edi
	loop	1b
	movl	$0x87, %eax
	movl	$boot_pd, %edi
	movl	$2048, %ecx
2:	movl	%eax, (%edi)
	addl	$0x200000, %eax
	addl	$8, %edi
	loop	2b
	movl	$0x6A0, %eax            /* PAE, PGE, FXSR, XMM exceptions */
	movl	%eax, %cr4
	movl	$boot_pml4, %eax
	movl	%eax, %cr3
	movl	$0xC0000080, %ecx
	rdmsr
	orl	$0x900, %eax            /* LME, NXE */
	wrmsr
	movl	$0x80010033, %eax
	movl	%eax, %cr0
	lgdt	gdt_pointer
	ljmp	$CODE_SELECTOR, $start64

	.code64
start64:
	movl	$cpu_stacks + STACK_SIZE, %esp
	call	load_segments
	movl	%ebp, %edi
	movl	%esi, %esi
	xorl	%ebp, %ebp
	call	bare_main
1:	cli
	hlt
	jmp	1b

load_segments:
	movl	$DATA_SELECTOR, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	lldt	%ax
	ret

/* ---- Other CPUs: copied to TRAMPOLINE, where they begin in real mode ---- */

	.globl trampoline_begin, trampoline_end
#define IN_TRAMPOLINE(symbol) (symbol - trampoline_begin + TRAMPOLINE)
	.code16
trampoline_begin:
	cli
	xorl	%eax, %eax
	movw	%ax, %ds
	movl	$0x6A0, %eax
	movl	%eax, %cr4
	movl	$boot_pml4, %eax
	movl	%eax, %cr3
	movl	$0xC0000080, %ecx
	rdmsr
	orl	$0x900, %eax
	wrmsr
	movl	$0x80010033, %eax
	movl	%eax, %cr0
	lgdtl	IN_TRAMPOLINE(trampoline_gdt)
	ljmpl	$CODE_SELECTOR, $trampoline64
	.balign 4
trampoline_gdt:
	.word	gdt_end - gdt - 1
	.long	gdt
trampoline_end:

	.code64
trampoline64:
	movq	smp_stack, %rsp
	call	load_segments
	xorl	%ebp, %ebp
	call	smp_main
1:	cli
	hlt
	jmp	1b

	.section .data
	.balign 8
gdt:	.quad	0, 0
	.quad	0x00AF9B000000FFFF      /* CODE_SELECTOR */
	.quad	0x00CF93000000FFFF      /* DATA_SELECTOR */
gdt_end:
	.word	0
gdt_pointer:
	.word	gdt_end - gdt - 1
	.quad	gdt

	.section .bss
	.balign 4096
boot_pml4: .skip 4096
boot_pdpt: .skip 4096
boot_pd:   .skip 4 * 4096
	.section .note.GNU-stack, "", @progbits
