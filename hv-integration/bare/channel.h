/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * channel.h - the control protocol (ration_control.h) of this machine: over the second
 * serial port, where hv_control=1 asks for it, and by the calls of dom0.
 */
#ifndef CHANNEL_H
#define CHANNEL_H

#include "ration_types.h"

/* Once, when the instance is there. */
void channel_init(bool serial);
bool channel_is_serial(void);

/* When CPU 0 has to look at the port again; RATION_NEVER: not at all. */
ration_ns channel_next(void);
/* Look: with no lock held. */
void channel_poll(ration_ns now);

/* dom0's own: bytes of requests, how many were taken; and of answers. */
size_t channel_put(const uint8_t *bytes, size_t size);
size_t channel_take(uint8_t *bytes, size_t size);

#endif
