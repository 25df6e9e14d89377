/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_desk.h - a machine on the desk that can be controlled: an instance behind
 * the port, CPUs that desk_run() steps, guests that are hogs, consoles in memory.
 *
 * Domains are made of "name=web image=hog vcpus=2 weight=512"; the image is `hog` or `idle`,
 * whose vCPUs are never woken.  A domain greets on its console, and echoes what is typed.
 */
#ifndef CONTROL_DESK_H
#define CONTROL_DESK_H

#include "ration_control.h"
#include "ration_credit.h"
#include "ration_rr.h"
#include "ration_sedf.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DESK_DOM_MAX     8u
#define DESK_CONSOLE_MAX 300u      /* bytes that a console keeps */
#define DESK_RING_WORDS  4096u

struct desk_dom {
	bool is_used, is_paused;
	uint32_t id;
	char name[RATION_CONTROL_NAME_SIZE];
	uint8_t console[DESK_CONSOLE_MAX];
	uint64_t printed;                  /* bytes so far; byte n stands at n % MAX */
};

struct desk {
	struct ration *r;
	struct ration_port port;
	struct ration_config config;
	struct ration_control control;
	struct ration_control_channel channel;
	ration_ns clock_ns, timer_ns[RATION_CPU_MAX];
	ration_cpuset kicked;
	int held;                          /* the lock */
	int shut_down;                     /* 1: off, 2: reset */
	uint32_t next_id;
	struct desk_dom dom[DESK_DOM_MAX];
	uint64_t ring[DESK_RING_WORDS];
	void *memory;
};

/* A machine of so many CPUs, or of that topology, with no domain; recording. */
void desk_open(struct desk *d, uint32_t cpu_count, const struct ration_topology *topology);
void desk_close(struct desk *d);
/* Let time pass. */
void desk_run(struct desk *d, ration_ns length_ns);
/* Make a domain as CREATE does; its id, or 0. */
uint32_t desk_create(struct desk *d, const char *text);
/* Bytes from a client into the channel, and its answers to `reply`, as far as they fit:
 * how many. */
size_t desk_talk(struct desk *d, const uint8_t *bytes, size_t size, uint8_t *reply, size_t room);

#ifdef __cplusplus
}
#endif
#endif
