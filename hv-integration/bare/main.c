/* SPDX-License-Identifier: BSD-2-Clause */
/* From the loader to the first guest. */
#include "acpi.h"
#include "admin.h"
#include "channel.h"
#include "domain.h"
#include "machine.h"
#include "memory.h"
#include "module.h"
#include "multiboot.h"
#include "options.h"
#include "recorder.h"
#include "script.h"
#include "text.h"
#include "turn.h"

void bare_main(uint32_t magic, const struct multiboot_info *info);

extern const uint8_t image_end[];

static void main_stop(const char *why)
{
	say("%s", why);
	panic_stop();
}

/* Tables of the loader that lie above the image have to stay. */
static uint64_t main_memory_end(const struct multiboot_info *info)
{
	uint64_t end = (uintptr_t)image_end;

	end = module_init(info, end);
	if (info->mods_addr > end)
		end = info->mods_addr + info->mods_count * sizeof(struct multiboot_module);
	if (info->mmap_addr > end)
		end = info->mmap_addr + info->mmap_length;
	return end;
}

/* The numbers of CPUs are the model's; this one has any of them. */
static void main_cpus(const struct options *o)
{
	const struct ration_acpi_machine *m;
	struct ration_topology *model = machine_model();
	struct cpu *self = &hv.cpu[0];
	uint32_t c;

	apic_init(acpi_apic_base());
	m = machine_read(o->maxcpus, o->smt, apic_id());
	hv.cpu_count = model->cpu_count;
	for (c = 0; c < hv.cpu_count; c++) {
		hv.cpu[c].id = c;
		hv.cpu[c].apic_id = m->apic_id[c];
		hv.cpu[c].armed_ns = RATION_NEVER;
		if (m->apic_id[c] == apic_id())
			self = &hv.cpu[c];
	}
	*(struct cpu **)(void *)cpu_stacks[0] = self;
	svm_begin(self);
	FLAG_SET(self->present, true);
	smp_start(self);
	for (c = 0; c < hv.cpu_count; c++)
		if (!hv.cpu[c].present)
			model->cpu[c].online = false;
	machine_print();
}

static void main_instance(const struct options *o)
{
	size_t size;
	void *memory;

	hv.config.limits.cpu_count = hv.cpu_count;
	hv.config.limits.dom_count = DOMAIN_MAX;
	hv.config.limits.vcpu_count = DOMAIN_MAX * DOMAIN_VCPU_MAX;
	hv.config.policies = o->policies;
	hv.config.policy_count = 3;
	hv.config.params = o->params;
	hv.config.topology = machine_model();
	size = ration_size(hv.config.policies, hv.config.policy_count, &hv.config.limits);
	memory = memory_forever(size);
	if (memory == NULL)
		main_stop("there is no memory for the scheduler");
	if (ration_init(memory, size, &hv.config, 0, &hv.ration) != RATION_OK)
		main_stop("the scheduler refuses this machine");
	host_init();
	if (!recorder_start(o->record_mib))
		main_stop("hv_record=: there is not so much memory, or it is no power of two");
}

/* What the command line says of dom0. */
static void main_dom0(const struct options *o, struct domain_config *c)
{
	uint32_t i;

	if (o->dom0_max_vcpus != 0)
		c->vcpu_count = o->dom0_max_vcpus;
	if (o->dom0_floor_ppm != 0)
		c->attr.floor_ppm = o->dom0_floor_ppm;
	for (i = 0; o->dom0_vcpus_pin && i < c->vcpu_count; i++)
		c->affinity[i].hard = ration_cpuset_of(i % hv.cpu_count);
}

static bool main_has_name(const char *text)
{
	char word[160];

	while (text_word(&text, word, sizeof(word)) && !text_equal(word, "--"))
		if (text_after(word, "name=") != NULL)
			return true;
	return false;
}

static void main_domains(const struct options *o)
{
	struct domain_config config;
	const char *wrong;
	bool is_dom0 = true;
	uint32_t i;

	for (i = 0; i < module_count; i++) {
		const struct module *m = &module_list[i];

		if ((m->kind != MODULE_LINUX && m->kind != MODULE_ELF) || !main_has_name(m->text))
			continue;
		wrong = domain_config_read(&config, m->text, m);
		if (wrong == NULL && is_dom0)
			main_dom0(o, &config);
		if (wrong == NULL)
			wrong = domain_create(&config);
		if (wrong != NULL)
			say("module %s: %s", m->file, wrong);
		/* Nobody else may have its number, and its rights. */
		if (wrong != NULL && is_dom0)
			main_stop("there is no dom0");
		is_dom0 = false;
	}
}

void bare_main(uint32_t magic, const struct multiboot_info *info)
{
	static struct options options;
	const char *wrong;

	*(struct cpu **)(void *)cpu_stacks[0] = &hv.cpu[0];
	console_init();
	trap_init();
	if (magic != MULTIBOOT_LOADED || (info->flags & MULTIBOOT_MEMORY) == 0)
		main_stop("not loaded by a multiboot loader");
	if (!options_read(&options, (info->flags & MULTIBOOT_CMDLINE) != 0 ?
	                  (const char *)(uintptr_t)info->cmdline : ""))
		panic_stop();
	memory_init(info, main_memory_end(info));
	wrong = svm_check();
	if (wrong != NULL)
		main_stop(wrong);
	clock_init();
	main_cpus(&options);
	main_instance(&options);
	say("libration-hv: %u CPUs, %lu MiB for guests, TSC %u kHz, policy %s", hv.cpu_count,
	    memory_free_frames() * 2, clock_khz(), ration_policy_name(options.policies[0]));
	turn_init(options.turn_ns);
	admin_init(options.end_ns);
	channel_init(options.control);
	if (!script_init())
		panic_stop();
	main_domains(&options);
	ration_lock_take(&hv.admin);
	script_run(0);
	ration_lock_release(&hv.admin);
	FLAG_SET(hv.work, 1);
	FLAG_SET(hv.go, true);
	host_run(cpu_self());
}
