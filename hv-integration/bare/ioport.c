/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports of a guest: the 8250 at 0x3F8, the sleep and reset registers that its ACPI tables
 * name.  Everything else reads all ones, as where nothing is.
 */
#include "domain.h"
#include "vcpu.h"

#define UART          0x3F8u
#define REG_DATA      0u
#define REG_IER       1u
#define REG_IIR       2u
#define REG_LCR       3u
#define REG_MCR       4u
#define REG_LSR       5u
#define REG_MSR       6u
#define REG_SCRATCH   7u
#define LCR_DIVISOR   0x80u
#define MCR_LOOP      0x10u

/* ---- The 8250 ---------------------------------------------------------- */

static uint32_t uart_read(struct domain *d, uint32_t reg)
{
	uint8_t *state = d->uart;

	if (reg <= REG_IER && (state[REG_LCR] & LCR_DIVISOR) != 0)
		return state[8 + reg];
	switch (reg) {
	case REG_DATA:
		return domain_input_take(d);
	case REG_IIR:
		return 0x01;                   /* no interrupt, no FIFO */
	case REG_LSR:
		return 0x60 | domain_input_is_there(d);
	case REG_MSR:
		/* In a loop RTS, DTR, OUT1 and OUT2 come back. */
		if ((state[REG_MCR] & MCR_LOOP) != 0)
			return (state[REG_MCR] & 2u) << 3 | (state[REG_MCR] & 1u) << 5 |
			       (state[REG_MCR] & 0xCu) << 4;
		return 0xB0;
	default:
		return state[reg];
	}
}

static void uart_write(struct domain *d, uint32_t reg, uint8_t value)
{
	uint8_t *state = d->uart;

	if (reg <= REG_IER && (state[REG_LCR] & LCR_DIVISOR) != 0)
		state[8 + reg] = value;
	else if (reg != REG_DATA)
		state[reg] = value;
	else if ((state[REG_MCR] & MCR_LOOP) == 0)
		domain_output_put(d, (char)value);
}

/* ---- Ports ------------------------------------------------------------- */

uint32_t ioport_read(struct vcpu *v, uint16_t port, uint32_t size)
{
	struct domain *d = v->dom;
	uint32_t value;

	if (size != 1)
		return UINT32_MAX;
	/* CMOS: no date.  PIT: a count that does not move; who measures by it gives up soon. */
	if (port == 0x71 || (port >= 0x40 && port <= 0x42))
		return 0;
	if (port - UART >= 8)
		return UINT32_MAX;
	ration_lock_take(&d->lock);
	value = uart_read(d, port - UART);
	ration_lock_release(&d->lock);
	return value;
}

void ioport_write(struct vcpu *v, uint16_t port, uint32_t size, uint32_t value)
{
	struct domain *d = v->dom;

	if (port - UART < 8 && size == 1) {
		ration_lock_take(&d->lock);
		uart_write(d, port - UART, (uint8_t)value);
		ration_lock_release(&d->lock);
	} else if (port == PORT_SLEEP && size == 1 && (value & 0x3C) == SLEEP_S5) {
		domain_end(d, DOMAIN_ENDS, "power off");
	} else if (port == PORT_POWER && size == 2 && (value & 0x2000) != 0) {
		domain_end(d, DOMAIN_ENDS, "power off");
	} else if ((port == PORT_RESET && (value & 4) != 0) || (port == 0x64 && value == 0xFE)) {
		domain_end(d, DOMAIN_RESETS, "reset");
	}
}
