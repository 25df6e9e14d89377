/* SPDX-License-Identifier: BSD-2-Clause */
#include "memory.h"

#include "multiboot.h"
#include "ration_assert.h"
#include "ration_lock.h"
#include "text.h"
#include "x86.h"

#define FRAME_COUNT 2048u              /* of 2 MiB: 4 GiB */

enum frame_state { FRAME_ABSENT, FRAME_FREE, FRAME_TAKEN };

static struct {
	struct ration_lock lock;
	uint8_t frame[FRAME_COUNT];
	uint32_t next;                     /* look for a free one from here on */
	uint64_t free, reserved;           /* free counts the reserved ones too */
	void *page;                        /* free pages: each begins with the next */
} memory;

/* Is [begin, end) usable by the loader's map? */
static bool memory_is_usable(const struct multiboot_info *info, uint64_t begin, uint64_t end)
{
	uint64_t at = info->mmap_addr, stop = at + info->mmap_length;

	while (at < stop) {
		const struct multiboot_memory *m = (const void *)(uintptr_t)at;

		if (m->type == 1 && m->base <= begin && m->base + m->length >= end)
			return true;
		at += m->size + sizeof(m->size);
	}
	return false;
}

void memory_init(const struct multiboot_info *info, uint64_t above)
{
	uint64_t i, begin;

	for (i = 0; i < FRAME_COUNT; i++) {
		begin = i * LARGE_SIZE;
		if (begin < above || !memory_is_usable(info, begin, begin + LARGE_SIZE))
			continue;
		memory.frame[i] = FRAME_FREE;
		memory.free++;
	}
}

uint64_t memory_free_frames(void)
{
	return memory.free - memory.reserved;
}

/* ---- Frames ------------------------------------------------------------ */

bool memory_reserve(uint64_t count)
{
	bool enough;

	ration_lock_take(&memory.lock);
	enough = memory.free - memory.reserved >= count;
	if (enough)
		memory.reserved += count;
	ration_lock_release(&memory.lock);
	return enough;
}

void memory_unreserve(uint64_t count)
{
	ration_lock_take(&memory.lock);
	RATION_ASSERT(memory.reserved >= count);
	memory.reserved -= count;
	ration_lock_release(&memory.lock);
}

/* Under the lock; there is one. */
static void *memory_frame_find(void)
{
	while (memory.frame[memory.next] != FRAME_FREE)
		memory.next = (memory.next + 1) % FRAME_COUNT;
	memory.frame[memory.next] = FRAME_TAKEN;
	memory.free--;
	return (void *)(uintptr_t)((uint64_t)memory.next * LARGE_SIZE);
}

void *memory_frame_take(void)
{
	void *frame;

	ration_lock_take(&memory.lock);
	RATION_ASSERT(memory.reserved != 0 && memory.free != 0);
	memory.reserved--;
	frame = memory_frame_find();
	ration_lock_release(&memory.lock);
	return memset(frame, 0, LARGE_SIZE);
}

void memory_frame_give(void *frame)
{
	uint64_t i = (uintptr_t)frame / LARGE_SIZE;

	ration_lock_take(&memory.lock);
	RATION_ASSERT(i < FRAME_COUNT && memory.frame[i] == FRAME_TAKEN);
	memory.frame[i] = FRAME_FREE;
	memory.free++;
	ration_lock_release(&memory.lock);
}

void *memory_forever(uint64_t bytes)
{
	uint64_t count = (bytes + LARGE_SIZE - 1) / LARGE_SIZE, i, run = 0;

	for (i = 0; i < FRAME_COUNT && run < count; i++)
		run = memory.frame[i] == FRAME_FREE ? run + 1 : 0;
	if (run < count || memory.free - memory.reserved < count)
		return NULL;
	for (run = 0; run < count; run++)
		memory.frame[i - 1 - run] = FRAME_TAKEN;
	memory.free -= count;
	return memset((void *)(uintptr_t)((i - count) * LARGE_SIZE), 0, count * LARGE_SIZE);
}

/* ---- Pages ------------------------------------------------------------- */

/* Cut a frame into pages.  Under the lock. */
static void memory_cut(void)
{
	uint8_t *frame;
	uint32_t at;

	if (memory.free == memory.reserved)
		return;
	frame = memory_frame_find();
	for (at = LARGE_SIZE; at != 0; at -= PAGE_SIZE) {
		*(void **)(void *)(frame + at - PAGE_SIZE) = memory.page;
		memory.page = frame + at - PAGE_SIZE;
	}
}

void *memory_page_take(void)
{
	void *page;

	ration_lock_take(&memory.lock);
	if (memory.page == NULL)
		memory_cut();
	page = memory.page;
	if (page != NULL)
		memory.page = *(void **)page;
	ration_lock_release(&memory.lock);
	return page != NULL ? memset(page, 0, PAGE_SIZE) : NULL;
}

void memory_page_give(void *page)
{
	ration_lock_take(&memory.lock);
	*(void **)page = memory.page;
	memory.page = page;
	ration_lock_release(&memory.lock);
}
