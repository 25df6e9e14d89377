/* SPDX-License-Identifier: BSD-2-Clause */
/* The console of ration_guest.h: 96 bytes a call, in registers. */
#include "guest_call.h"

void guest_write(const char *text, size_t length)
{
	while (length > 0) {
		size_t part = length < RATION_GUEST_CONSOLE_MAX ? length : RATION_GUEST_CONSOLE_MAX;
		struct guest_regs regs = { .rax = RATION_GUEST_CONSOLE, .rbx = part };
		unsigned char *bytes = (unsigned char *)&regs.rcx;
		int64_t taken;

		for (size_t i = 0; i < part; i++)
			bytes[i] = (unsigned char)text[i];
		guest_call(&regs);
		taken = (int64_t)regs.rax;
		if (taken <= 0)
			return;
		text += taken;
		length -= (size_t)taken;
	}
}
