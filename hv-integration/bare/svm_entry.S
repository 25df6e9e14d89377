/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * void svm_enter(uint64_t vmcb, uint64_t reg[16]) - run the guest until it exits.
 *
 * Called with interrupts off.  They are on while the guest runs, where one ends it,
 * and are taken, by the host's own handlers, when its registers are safe.
 * reg[] is in the order of the encoding; RAX and RSP are in the VMCB.
 */
	.text
	.code64
	.globl svm_enter
	.balign 16
svm_enter:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	%rsi
	movq	%rdi, %rax
	clgi
	sti
	movq	8(%rsi), %rcx
	movq	16(%rsi), %rdx
	movq	24(%rsi), %rbx
	movq	40(%rsi), %rbp
	movq	56(%rsi), %rdi
	movq	64(%rsi), %r8
	movq	72(%rsi), %r9
	movq	80(%rsi), %r10
	movq	88(%rsi), %r11
	movq	96(%rsi), %r12
	movq	104(%rsi), %r13
	movq	112(%rsi), %r14
	movq	120(%rsi), %r15
	movq	48(%rsi), %rsi
	vmrun	%rax
	xchgq	%rsi, (%rsp)
	movq	%rcx, 8(%rsi)
	movq	%rdx, 16(%rsi)
	movq	%rbx, 24(%rsi)
	movq	%rbp, 40(%rsi)
	movq	%rdi, 56(%rsi)
	movq	%r8, 64(%rsi)
	movq	%r9, 72(%rsi)
	movq	%r10, 80(%rsi)
	movq	%r11, 88(%rsi)
	movq	%r12, 96(%rsi)
	movq	%r13, 104(%rsi)
	movq	%r14, 112(%rsi)
	movq	%r15, 120(%rsi)
	popq	%rax
	movq	%rax, 48(%rsi)
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	cld
	sti
	stgi
	nop
	cli
	ret
	.section .note.GNU-stack, "", @progbits
