/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * script.h - commands at given times, from modules that begin with "#ration".
 *
 *      #ration                       a line after # is a remark
 *      at=1s weight web1 512         or `1s weight web1 512`
 *      domain name=web2 vcpus=2 image=vmlinuz initrd=rd.gz -- quiet
 *
 * Commands without a time are carried out before anything runs.  Times are those of the
 * hypervisor, and do not decrease.  verb.h has the commands.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include "ration_types.h"

/* Look all scripts over: false (and it is said where) if a line is wrong. */
bool script_init(void);

/* When the next command is due; RATION_NEVER: there is none. */
ration_ns script_next(void);
/* Carry out what is due.  hv.admin is held. */
void script_run(ration_ns now);

#endif
