/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * start.S - how the vCPUs of a tiny guest come to C, and how interrupts do.
 *
 * vCPU 0 is entered in long mode with the tables of ration_guest.h, which stay in use.
 * The others begin in real mode at TRAMPOLINE, where tiny_cpu_start() copied the lines
 * below, and go to long mode in one step, by vCPU 0's CR3.
 */
#define TRAMPOLINE 0x8000
#define STACK_SHIFT 12

	.text
	.code64
	.globl tiny_start
tiny_start:
	lea tiny_stacks + (1 << STACK_SHIFT)(%rip), %rsp
	mov %rsi, %rdi
	call tiny_boot
1:	hlt
	jmp 1b

/* A page of stack for each vCPU, by its APIC id. */
tiny_start_other:
	mov $0x802, %ecx
	rdmsr
	mov %eax, %edi
	inc %eax
	shl $STACK_SHIFT, %eax
	lea tiny_stacks(%rip), %rsp
	add %rax, %rsp
	call tiny_boot_other
1:	hlt
	jmp 1b

/* ---- Copied to TRAMPOLINE ---------------------------------------------- */

	.globl tiny_trampoline, tiny_trampoline_end
#define AT(label) (TRAMPOLINE + label - tiny_trampoline)
	.code16
tiny_trampoline:
	cli
	xor %ax, %ax
	mov %ax, %ds
	mov $0x20, %eax                    /* CR4.PAE */
	mov %eax, %cr4
	mov AT(tramp_cr3), %eax
	mov %eax, %cr3
	mov $0xc0000080, %ecx              /* EFER: long mode enable */
	rdmsr
	or $0x100, %eax
	wrmsr
	lgdtl AT(tramp_gdtr)
	mov $0x80000011, %eax              /* paging, extension type, protection */
	mov %eax, %cr0
	ljmpl *AT(tramp_far)
	.balign 16
tramp_far:
	.long tiny_trampoline_64
	.word 0x10
	.balign 16
tramp_cr3:                             /* tiny_cpu_start() writes it: the first of the
	                                    * last 16 bytes */
	.long 0
	.word 0
tramp_gdtr:
	.word 0x1f
	.long tiny_gdt
	.balign 16
tiny_trampoline_end:

	.code64
tiny_trampoline_64:
	mov $0x18, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	jmp tiny_start_other

	.data
	.balign 16
	.globl tiny_gdt
tiny_gdt:
	.quad 0, 0
	.quad 0x00af9a000000ffff           /* 0x10: code, 64 bits */
	.quad 0x00cf92000000ffff           /* 0x18: data */

	.bss
	.balign 4096
	.globl tiny_stacks
tiny_stacks:
	.skip 16 << STACK_SHIFT

/* ---- Interrupts -------------------------------------------------------- */

/* 256 entries of 16 bytes: some exceptions push an error code, the others get a 0. */
	.text
	.balign 16
	.globl tiny_vectors
tiny_vectors:
	vector = 0
	.rept 256
	.balign 16
	.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)
	push $0
	.endif
	push $vector
	jmp tiny_interrupt
	vector = vector + 1
	.endr

/* tiny_vector(vector, struct tiny_frame *): it may change the frame, and returns. */
tiny_interrupt:
	push %rax
	push %rcx
	push %rdx
	push %rsi
	push %rdi
	push %r8
	push %r9
	push %r10
	push %r11
	cld
	mov 72(%rsp), %rdi
	lea 80(%rsp), %rsi
	mov %rsp, %rax
	push %rbx
	mov %rsp, %rbx
	and $-16, %rsp
	call tiny_vector
	mov %rbx, %rsp
	pop %rbx
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rdi
	pop %rsi
	pop %rdx
	pop %rcx
	pop %rax
	add $16, %rsp
	iretq
	.section .note.GNU-stack, "", @progbits
