/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's memory: from address 0, in large frames, each taken when it is first
 * touched; they were promised when the domain was made.  Nothing is taken back before
 * the domain goes.
 */
#include "memory.h"
#include "text.h"
#include "vcpu.h"

#define NPT_TABLE 0x07ull              /* present, writable, user: as all nested entries */
#define NPT_LARGE 0x87ull
#define NPT_GIB   512u                 /* large frames */

bool npt_init(struct domain *d)
{
	uint64_t *pointers = memory_page_take();
	uint32_t i;

	d->npt = memory_page_take();
	d->frame = memory_page_take();
	for (i = 0; i < 2; i++)
		d->npt_directory[i] = memory_page_take();
	if (d->npt == NULL || pointers == NULL || d->frame == NULL || d->npt_directory[0] == NULL ||
	    d->npt_directory[1] == NULL)
		return false;
	d->npt[0] = (uintptr_t)pointers | NPT_TABLE;
	for (i = 0; i < 2; i++)
		pointers[i] = (uintptr_t)d->npt_directory[i] | NPT_TABLE;
	return true;
}

static void npt_page_give(void *page)
{
	if (page != NULL)
		memory_page_give(page);
}

/* Nobody runs in it any more. */
void npt_fini(struct domain *d)
{
	uint64_t i;

	for (i = 0; i < d->frame_count && d->frame != NULL; i++)
		if (d->frame[i] != NULL)
			memory_frame_give(d->frame[i]);
	memory_unreserve(d->frame_count - d->frames_taken);
	if (d->npt != NULL && d->npt[0] != 0)
		memory_page_give((void *)(uintptr_t)(d->npt[0] & ~0xFFFull));
	npt_page_give(d->npt);
	npt_page_give(d->npt_directory[0]);
	npt_page_give(d->npt_directory[1]);
	npt_page_give(d->frame);
	d->npt = NULL;
	d->frame = NULL;
	d->npt_directory[0] = d->npt_directory[1] = NULL;
	d->frames_taken = 0;
}

bool npt_fault(struct domain *d, uint64_t gpa)
{
	uint64_t i = gpa / LARGE_SIZE;

	if (i >= d->frame_count)
		return false;
	ration_lock_take(&d->lock);
	if (d->frame[i] == NULL) {
		d->frame[i] = memory_frame_take();
		d->frames_taken++;
		__atomic_store_n(&d->npt_directory[i / NPT_GIB][i % NPT_GIB],
		                 (uintptr_t)d->frame[i] | NPT_LARGE, __ATOMIC_RELEASE);
	}
	ration_lock_release(&d->lock);
	return true;
}

void *npt_bytes(struct domain *d, uint64_t gpa, uint64_t size)
{
	uint64_t i = gpa / LARGE_SIZE, offset = gpa % LARGE_SIZE;

	if (size > LARGE_SIZE - offset || !npt_fault(d, gpa))
		return NULL;
	return (uint8_t *)d->frame[i] + offset;
}

bool npt_write(struct domain *d, uint64_t gpa, const void *from, uint64_t size)
{
	const uint8_t *s = from;
	uint64_t part;
	void *to;

	for (; size != 0; size -= part, gpa += part) {
		part = LARGE_SIZE - gpa % LARGE_SIZE;
		part = part < size ? part : size;
		to = npt_bytes(d, gpa, part);
		if (to == NULL)
			return false;
		if (s != NULL)
			memcpy(to, s, part);
		else
			memset(to, 0, part);
		s = s != NULL ? s + part : NULL;
	}
	return true;
}
