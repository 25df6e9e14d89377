/* SPDX-License-Identifier: BSD-2-Clause */
#include "module.h"

#include "console.h"
#include "multiboot.h"
#include "text.h"

#define PAGE_LINE 4096u                /* no line is longer */

struct module module_list[MODULE_MAX];
uint32_t module_count;

static bool module_has(const struct module *m, size_t at, const char *text)
{
	size_t length = text_length(text);

	return at + length <= m->size && memcmp(m->bytes + at, text, length) == 0;
}

static enum module_kind module_kind(const struct module *m)
{
	if (module_has(m, 0x202, "HdrS") && m->size > 0x400)
		return MODULE_LINUX;
	if (module_has(m, 0, "\177ELF\2\1") && m->size > 0x40 && m->bytes[0x12] == 62)
		return MODULE_ELF;
	if (module_has(m, 0, "#ration"))
		return MODULE_SCRIPT;
	return MODULE_DATA;
}

/* The first word, without folders. */
static void module_name(struct module *m)
{
	const char *at = m->text, *s;
	char word[256];

	if (!text_word(&at, word, sizeof(word)))
		return;
	at = word;
	for (s = word; *s != '\0'; s++)
		if (*s == '/')
			at = s + 1;
	(void)text_copy(m->file, sizeof(m->file), at);
}

uint64_t module_init(const struct multiboot_info *info, uint64_t above)
{
	const struct multiboot_module *from = (const void *)(uintptr_t)info->mods_addr;
	uint32_t i;

	if ((info->flags & MULTIBOOT_MODULES) == 0)
		return above;
	for (i = 0; i < info->mods_count; i++) {
		struct module *m = &module_list[module_count];

		above = from[i].end > above ? from[i].end : above;
		if (from[i].text > above && from[i].text < UINT32_MAX - PAGE_LINE)
			above = from[i].text + PAGE_LINE;
		if (module_count == MODULE_MAX) {
			say("more than %u modules: the rest is left out", MODULE_MAX);
			continue;
		}
		m->bytes = (const uint8_t *)(uintptr_t)from[i].begin;
		m->size = from[i].end - from[i].begin;
		m->text = from[i].text != 0 ? (const char *)(uintptr_t)from[i].text : "";
		m->kind = module_kind(m);
		module_name(m);
		module_count++;
	}
	return above;
}

const struct module *module_find(const char *file)
{
	uint32_t i;

	for (i = 0; i < module_count; i++)
		if (text_equal(module_list[i].file, file))
			return &module_list[i];
	return NULL;
}
