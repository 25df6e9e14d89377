/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory.h - physical memory, mapped to itself: large frames of 2 MiB for guests,
 * pages of 4 KiB cut from them for everything else.
 *
 * Only what lies below 4 GiB and above what the boot loader left is used.  Guests
 * reserve their frames when they are made and take them when they first touch them:
 * a frame that is reserved is always there.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include "ration_types.h"

struct multiboot_info;

/* From the loader's map; [image_begin, above) is kept. */
void memory_init(const struct multiboot_info *info, uint64_t above);

/* Large frames that are neither taken nor reserved. */
uint64_t memory_free_frames(void);
/* Promise `count` frames to somebody; false: there are not so many.  And back. */
bool memory_reserve(uint64_t count);
void memory_unreserve(uint64_t count);
/* Take one of those that were promised, zeroed; give it back (and its promise is gone). */
void *memory_frame_take(void);
void memory_frame_give(void *frame);

/* A zeroed page; NULL: there is none. */
void *memory_page_take(void);
void memory_page_give(void *page);
/* Zeroed bytes in one piece, for ever, before the first guest is made; NULL: no room. */
void *memory_forever(uint64_t bytes);

#endif
