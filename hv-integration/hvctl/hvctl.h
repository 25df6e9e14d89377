/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hvctl.h - the parts of hvctl: the line to the machine, commands, tables.
 *
 * What a function reports goes to stderr as "hvctl COMMAND: ..."; it then returns the
 * exit code, which is 0 where all went well.
 */
#ifndef HVCTL_H
#define HVCTL_H

#include "ration_control.h"

enum hvctl_exit {
	HVCTL_OK = 0,
	HVCTL_FAILED = 1,      /* refused, or the machine does not answer */
	HVCTL_BAD_USAGE = 2
};

/* ---- The line: link.c --------------------------------------------------- */

struct link {
	int fd;
	int timeout_ms;
	uint32_t id;                          /* of the last request */
	struct ration_control_reader reader;
	struct ration_control_info info;      /* as it was when the line was opened */
};

struct link_answer {
	int32_t status;
	struct ration_control_wire body;      /* good until the next request */
};

/* A Unix socket or a serial terminal; whoever is there has said what it is. */
int link_open(struct link *l, const char *path);
void link_close(struct link *l);
/* One request and its answer; HVCTL_FAILED: there is none, or it is a refusal. */
int link_ask(struct link *l, const struct ration_control_request *q, struct link_answer *a);

/* ---- Commands ------------------------------------------------------------ */

#define HVCTL_OPTIONS 2u

struct hvctl {
	const char *command;
	struct link link;
	char **argument;                      /* after the command, without its options */
	int count;
	const char *option[HVCTL_OPTIONS];    /* of the command's: what was given, or NULL */
};

__attribute__((format(printf, 2, 3)))
int hvctl_wrong(const struct hvctl *h, const char *format, ...);       /* HVCTL_BAD_USAGE */
__attribute__((format(printf, 1, 2)))
int hvctl_fail(const char *format, ...);                               /* HVCTL_FAILED */

/* A number; the domain of that name or number; its vCPU ("all" if permitted). */
int hvctl_number(const struct hvctl *h, const char *what, const char *text, uint32_t most,
                 uint32_t *number);
int hvctl_domain(struct hvctl *h, const char *text, struct ration_control_domain *domain);
int hvctl_vcpu(const struct hvctl *h, const char *text, bool all, uint32_t *vcpu);
int hvctl_switch(const struct hvctl *h, const char *text, uint32_t *on);

/* Call `each` for every domain, and stop where it answers other than 0. */
typedef int hvctl_each(struct hvctl *h, const struct ration_control_domain *domain, void *context);
int hvctl_domains(struct hvctl *h, hvctl_each *each, void *context);

struct hvctl_command {
	const char *name, *usage;
	int least, most;                      /* arguments */
	int (*run)(struct hvctl *h);
	const char *option[HVCTL_OPTIONS];    /* "--force"; "--for=": the next word is its value */
};
extern const struct hvctl_command hvctl_look[], hvctl_change[], hvctl_stream[];

/* ---- Tables: table.c ------------------------------------------------------ */

#define TABLE_COLUMNS 12u
#define TABLE_CELL    40u

/* Cells, row by row; the first row is the head.  Zeroed: empty. */
struct table {
	char (*cell)[TABLE_CELL];
	uint32_t columns, count;
	uint32_t left;                        /* the first so many are set flush left */
};

__attribute__((format(printf, 2, 3)))
void table_add(struct table *t, const char *format, ...);
/* Write it to standard output, and free it. */
void table_print(struct table *t);

#endif
