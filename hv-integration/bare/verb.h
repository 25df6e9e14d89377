/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verb.h - the commands: of scripts, of the console, of the control protocol.
 *
 *      domain WORDS -- LINE     make one (ration_guest.h has the words; image= is needed)
 *      destroy NAME             reset NAME       pause NAME       resume NAME
 *      weight NAME 512          cap NAME 50      floor NAME 25    (%)
 *      sedf NAME PERIOD SLICE [LATENCY [EXTRATIME]]
 *      pin NAME LIST            pin NAME.VCPU LIST
 *      vcpu NAME.VCPU on|off    cpu N on|off
 *      policy credit|sedf|rr    tslice TIME      ratelimit TIME
 *      ledger                   print the table
 *      where                    where each vCPU stands
 *      say TEXT                 quit
 */
#ifndef VERB_H
#define VERB_H

/* NULL: done; else why not, valid until the next call.  hv.admin is held. */
const char *verb_run(const char *line);

#endif
