/* SPDX-License-Identifier: BSD-2-Clause */
/* Isolation: calls with arguments that no honest guest makes.  Each must be refused. */
#include "tiny.h"

static unsigned asked, accepted;

/* A call that must answer an error. */
static void forge(uint64_t number, uint64_t rbx, uint64_t rcx)
{
	int64_t answer = guest_ask(number, rbx, rcx);

	asked++;
	if (answer < 0)
		return;
	accepted++;
	tiny_say("call %x (%x, %x) was accepted: %x", number, rbx, rcx, (uint64_t)answer);
}

void tiny_main(void)
{
	static const uint64_t odd[] = { 16, 255, 256, 4096, 0x7fffffff, 0x80000000, 0xffffffff,
		                            UINT64_C(1) << 32, INT64_MAX, UINT64_C(1) << 63,
		                            UINT64_MAX - 1 };
	static const uint64_t number[] = { 1, 2, 3, 4, 6, 7, 8, 9, 12, 0x5240ffff,
		                               RATION_GUEST_CALL_END, 0x5241ffff,
		                               UINT64_C(1) << 32 | RATION_GUEST_NONE, UINT64_MAX };

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		forge(RATION_GUEST_KICK, 0, odd[i]);
		/* A yield to nobody is a yield, and KVM's answer to it is 0. */
		(void)guest_ask(RATION_GUEST_YIELD_TO, odd[i], 0);
		(void)guest_ask(RATION_GUEST_SEND_IPI, UINT64_MAX, UINT64_MAX);
		forge(RATION_GUEST_LEDGER, odd[i], 0);
		/* A count below 96 is honest. */
		forge(RATION_GUEST_CONSOLE, odd[i] < 97 ? 97 : odd[i], 0);
		forge(RATION_GUEST_CONTROL_PUT, odd[i], 0);
	}
	for (size_t i = 0; i < sizeof(number) / sizeof(number[0]); i++)
		forge(number[i], 0, 0);
	/* What only dom0 may do, with arguments that would be honest there. */
	forge(RATION_GUEST_CONTROL_PUT, 16, 0);
	forge(RATION_GUEST_CONTROL_TAKE, 0, 0);
	tiny_say("%u calls forged, %u accepted", (uint64_t)asked, (uint64_t)accepted);
}
