/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * console.h - the first serial port: whole lines, each with the name of who says it.
 *
 *      (hv) 4 CPUs, 512 MiB
 *      [web1] Linux version 6.1
 *
 * A guest's bytes are kept until its line is complete (or CONSOLE_LINE long); what is
 * not printable becomes a dot.  So no guest can write a line in another's name.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "ration_types.h"

#define CONSOLE_LINE 240u

struct console_line {
	uint32_t count;
	char byte[CONSOLE_LINE];
};

void console_init(void);

/* A line of the hypervisor. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A byte of the guest called `name`, whose line this is; and what is left of the line. */
void console_guest(struct console_line *line, const char *name, char c);
void console_guest_flush(struct console_line *line, const char *name);

/* Text as it is, when everything has stopped: takes no lock. */
void console_raw(const char *text);

/* The second port: bytes as they are. */
void serial2_write(const void *bytes, size_t size);
/* A byte that came in, or -1. */
int serial2_read(void);

#endif
