/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine.h"

#include "acpi.h"
#include "console.h"
#include "text.h"
#include "x86.h"

static struct ration_acpi_machine machine;

static struct ration_acpi_table machine_table(const char *signature)
{
	const struct acpi_header *h = acpi_find(signature);

	return (struct ration_acpi_table){ h, h != NULL ? h->length : 0 };
}

static void machine_cpuid(struct ration_cpuid *list, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		struct cpuid r = cpuid_read(list[i].leaf, list[i].subleaf);

		list[i].eax = r.eax;
		list[i].ebx = r.ebx;
		list[i].ecx = r.ecx;
		list[i].edx = r.edx;
	}
}

/* Without the table that cannot be read; in the end with this CPU alone. */
static void machine_try(struct ration_acpi_source *source)
{
	struct ration_acpi_error error;
	int i;

	for (i = 0; i < 3; i++) {
		if (ration_acpi_read(source, &machine, &error) == RATION_OK)
			return;
		say("%s, byte %lu: %s expected: left out", error.table, error.offset, error.expected);
		if (text_equal(error.table, "SRAT"))
			source->srat.bytes = NULL;
		else if (text_equal(error.table, "SLIT"))
			source->slit.bytes = NULL;
		else
			break;
	}
	ration_topology_flat(&machine.model, 1);
	machine.apic_id[0] = source->boot_apic_id;
}

const struct ration_acpi_machine *machine_read(uint32_t maxcpus, bool smt, uint32_t boot_apic_id)
{
	struct ration_cpuid wanted[] = { RATION_CPUID_WANTED };
	uint32_t count = sizeof(wanted) / sizeof(wanted[0]), c;
	struct ration_acpi_source source = {
		.madt = machine_table("APIC"), .srat = machine_table("SRAT"),
		.slit = machine_table("SLIT"), .cpuid = wanted, .cpuid_count = count,
		.boot_apic_id = boot_apic_id, .cpu_limit = maxcpus
	};

	machine_cpuid(wanted, count);
	machine_try(&source);
	for (c = 1; c < machine.model.cpu_count && !smt; c++)
		if (machine.model.cpu[c].core == machine.model.cpu[c - 1].core)
			machine.model.cpu[c].online = false;
	return &machine;
}

struct ration_topology *machine_model(void)
{
	return &machine.model;
}

void machine_print(void)
{
	const struct ration_topology *t = &machine.model;
	char text[256];
	size_t length;
	uint32_t i, k;

	say("topology: %u CPUs, %u cores, %u caches, %u packages, %u nodes", t->cpu_count,
	    t->core_count, t->llc_count, t->package_count, t->node_count);
	for (i = 0; i < t->cpu_count; i++)
		say("topology cpu=%u apic=%u core=%u llc=%u package=%u node=%u online=%u", i,
		    machine.apic_id[i], t->cpu[i].core, t->cpu[i].llc, t->cpu[i].package,
		    t->cpu[i].node, t->cpu[i].online ? 1u : 0u);
	for (i = 0; i < t->node_count && t->node_count > 1; i++) {
		length = 0;
		for (k = 0; k < t->node_count; k++)
			length += text_print(text + length, sizeof(text) - length, "%s%u",
			                     k != 0 ? "," : "", t->distance[i][k]);
		say("topology node=%u distances=%s", i, text);
	}
}
