/* SPDX-License-Identifier: BSD-2-Clause */
#include "domain_config.h"

#include "hv.h"
#include "module.h"
#include "text.h"

static char config_text[160];

static const char *config_wrong(const char *word, const char *expected)
{
	(void)text_print(config_text, sizeof(config_text), "%s: %s", word, expected);
	return config_text;
}

static bool config_name(struct domain_config *c, const char *value)
{
	const char *s;

	for (s = value; *s != '\0'; s++)
		if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
		      (*s >= '0' && *s <= '9') || *s == '-' || *s == '_'))
			return false;
	return s != value && text_copy(c->name, sizeof(c->name), value);
}

/* "0-3", or with a list for each vCPU: "0/1/2-3"; the last one is for all others. */
static bool config_cpus(struct domain_config *c, const char *value)
{
	ration_cpuset set;
	const char *end;
	uint32_t i, k;

	for (i = 0; i < DOMAIN_VCPU_MAX; i++) {
		for (end = value; *end != '\0' && *end != '/'; end++)
			;
		if (ration_cpulist_parse(value, (size_t)(end - value), hv.cpu_count, &set, NULL) != 0 ||
		    set == 0)
			return false;
		for (k = i; k < DOMAIN_VCPU_MAX; k++)
			c->affinity[k] = (struct ration_affinity){ set, RATION_CPUSET_ALL };
		if (*end == '\0')
			return true;
		value = end + 1;
	}
	return false;
}

static bool config_count(const char *value, uint64_t least, uint64_t most, uint32_t *to)
{
	uint64_t number;

	if (!text_number(value, most, &number) || number < least)
		return false;
	*to = (uint32_t)number;
	return true;
}

static bool config_percent(const char *value, uint32_t *ppm)
{
	uint64_t number;

	if (!text_number(value, 6400, &number))
		return false;
	*ppm = (uint32_t)number * (RATION_PPM / 100);
	return true;
}

static bool config_flag(const char *value, bool *to)
{
	*to = text_equal(value, "1");
	return *to || text_equal(value, "0");
}

/* NULL: good, or no word of ours; else what was expected. */
static const char *config_share(struct domain_config *c, const char *word)
{
	const char *value;

	if ((value = text_after(word, "weight=")) != NULL)
		return config_count(value, 1, RATION_WEIGHT_MAX, &c->attr.weight) ? NULL :
		       "1 to 65535 expected";
	if ((value = text_after(word, "cap=")) != NULL)
		return config_percent(value, &c->attr.cap_ppm) ? NULL : "a percentage expected";
	if ((value = text_after(word, "floor=")) != NULL)
		return config_percent(value, &c->attr.floor_ppm) ? NULL : "a percentage expected";
	if ((value = text_after(word, "period=")) != NULL)
		return text_time(value, RATION_NS_PER_MS, &c->attr.period_ns) ? NULL : "a time expected";
	if ((value = text_after(word, "slice=")) != NULL)
		return text_time(value, RATION_NS_PER_MS, &c->attr.slice_ns) ? NULL : "a time expected";
	if ((value = text_after(word, "latency=")) != NULL)
		return text_time(value, RATION_NS_PER_MS, &c->attr.latency_ns) ? NULL : "a time expected";
	if ((value = text_after(word, "burst=")) != NULL)
		return text_time(value, RATION_NS_PER_MS, &c->attr.burst_ns) ? NULL : "a time expected";
	if ((value = text_after(word, "extratime=")) != NULL)
		return config_flag(value, &c->attr.extratime) ? NULL : "0 or 1 expected";
	return NULL;
}

static const char *config_machine(struct domain_config *c, const char *word)
{
	const char *value;

	if ((value = text_after(word, "name=")) != NULL)
		return config_name(c, value) ? NULL : "1 to 15 letters, digits, - or _ expected";
	if ((value = text_after(word, "vcpus=")) != NULL)
		return config_count(value, 1, DOMAIN_VCPU_MAX, &c->vcpu_count) ? NULL :
		       "1 to 16 expected";
	if ((value = text_after(word, "mem=")) != NULL)
		return config_count(value, 16, 2048, &c->mem_mib) ? NULL : "16 to 2048 (MiB) expected";
	if ((value = text_after(word, "cpus=")) != NULL)
		return config_cpus(c, value) ? NULL : "a list of this machine's CPUs expected";
	if ((value = text_after(word, "image=")) != NULL)
		return (c->image = module_find(value)) != NULL ? NULL : "no such module";
	if ((value = text_after(word, "initrd=")) != NULL)
		return (c->initrd = module_find(value)) != NULL ? NULL : "no such module";
	if ((value = text_after(word, "paused=")) != NULL)
		return config_flag(value, &c->paused) ? NULL : "0 or 1 expected";
	if ((value = text_after(word, "on_reboot=")) != NULL) {
		c->restart = text_equal(value, "restart");
		return c->restart || text_equal(value, "destroy") ? NULL :
		       "restart or destroy expected";
	}
	return config_share(c, word);
}

const char *domain_config_read(struct domain_config *c, const char *text,
                               const struct module *image)
{
	enum ration_attr_bit bad;
	const char *wrong;
	char word[160];
	uint32_t i;

	memset(c, 0, sizeof(*c));
	c->image = image;
	c->vcpu_count = 1;
	c->mem_mib = 128;
	c->restart = true;
	ration_attr_default(&c->attr);
	for (i = 0; i < DOMAIN_VCPU_MAX; i++)
		c->affinity[i] = (struct ration_affinity){ ration_cpuset_first_count(hv.cpu_count),
		                                           RATION_CPUSET_ALL };
	while (text_word(&text, word, sizeof(word)) && !text_equal(word, "--")) {
		wrong = config_machine(c, word);
		if (c->image == NULL && c->name[0] == '\0')
			c->image = module_find(word);
		if (wrong != NULL)
			return config_wrong(word, wrong);
	}
	while (*text == ' ')
		text++;
	if (!text_copy(c->line, sizeof(c->line), text))
		return config_wrong("--", "a command line of at most 511 bytes expected");
	c->mem_mib += c->mem_mib & 1;
	if (c->name[0] == '\0')
		return config_wrong("name=", "is missing");
	if (c->image == NULL || (c->image->kind != MODULE_LINUX && c->image->kind != MODULE_ELF))
		return config_wrong("image=", "names no Linux kernel and no ELF file");
	if (ration_attr_check(&c->attr, &bad) != RATION_OK)
		return config_wrong(c->name, "one of weight, cap, period, slice, latency is out of range");
	return NULL;
}
