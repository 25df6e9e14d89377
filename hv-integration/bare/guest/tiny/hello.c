/* SPDX-License-Identifier: BSD-2-Clause */
/* Says who it is, and powers off. */
#include "tiny.h"

void tiny_main(void)
{
	struct guest_regs regs = { .rax = RATION_GUEST_WHO };

	if (!guest_is())
		tiny_off();
	guest_call(&regs);
	tiny_say("hello from domain %u, vCPU %u of %u", regs.rbx, regs.rax, regs.rcx);
}
