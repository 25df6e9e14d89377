/* SPDX-License-Identifier: BSD-2-Clause */
/* acpi.c - MADT, SRAT and SLIT become a machine model; see ration_acpi.h. */
#include "acpi_shifts.h"

#define ACPI_HEADER       36u    /* bytes of every table's header */
#define MADT_ENTRIES      44u
#define SRAT_ENTRIES      48u
#define SLIT_DISTANCES    44u
#define ACPI_LOCAL_MAX    0xFEu  /* 255 of a local APIC is no id */
#define DISTANCE_REMOTE   20u

enum acpi_entry_type {
	MADT_APIC = 0,
	MADT_X2APIC = 9,
	SRAT_APIC = 0,
	SRAT_MEMORY = 1,
	SRAT_X2APIC = 2
};

/* A table that is sound, as it is read: entries of type, length and the rest. */
struct acpi_walk {
	const char *table;
	const uint8_t *bytes;
	uint32_t length, at;
	struct ration_acpi_error *error;
};

/* What a SRAT entry ties to a proximity domain. */
struct acpi_tie {
	uint32_t domain, apic_id;    /* RATION_ACPI_CPU_NONE: memory */
};

/* Byte by byte: entries are not aligned. */
static uint32_t acpi_u32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int acpi_complain(const struct acpi_walk *w, int status, size_t offset,
                         const char *expected)
{
	w->error->table = w->table;
	w->error->offset = offset;
	w->error->expected = expected;
	return status;
}

/* Begin to read a table: is it one, and whole? */
static int acpi_open(struct acpi_walk *w, const struct ration_acpi_table *table,
                     const char *name, const char *signature, uint32_t entries)
{
	uint8_t sum = 0;

	w->table = name;
	w->bytes = table->bytes;
	w->at = entries;
	if (table->bytes == NULL)
		return acpi_complain(w, RATION_E_INVALID, 0, "the table");
	if (table->size < ACPI_HEADER)
		return acpi_complain(w, RATION_E_INVALID, 0, "a header of 36 bytes");
	if (__builtin_memcmp(w->bytes, signature, 4) != 0)
		return acpi_complain(w, RATION_E_INVALID, 0, "the table's signature");
	w->length = acpi_u32(w->bytes + 4);
	if (w->length < entries)
		return acpi_complain(w, RATION_E_INVALID, 4, "a length that holds the fixed part");
	if (w->length > RATION_ACPI_TABLE_MAX)
		return acpi_complain(w, RATION_E_INVALID, 4, "a length of at most 1 MiB");
	if (w->length > table->size)
		return acpi_complain(w, RATION_E_INVALID, 4, "a length within what can be read");
	for (uint32_t i = 0; i < w->length; i++)
		sum = (uint8_t)(sum + w->bytes[i]);
	if (sum != 0)
		return acpi_complain(w, RATION_E_INVALID, 9, "a checksum that makes the sum 0");
	return RATION_OK;
}

/* The next entry into *entry; NULL at the end. */
static int acpi_next(struct acpi_walk *w, const uint8_t **entry)
{
	uint32_t left = w->length - w->at;

	*entry = NULL;
	if (left == 0)
		return RATION_OK;
	if (left < 2 || w->bytes[w->at + 1] < 2 || w->bytes[w->at + 1] > left)
		return acpi_complain(w, RATION_E_INVALID, w->at,
		                     "an entry of 2 bytes or more, within the table");
	*entry = w->bytes + w->at;
	w->at += (*entry)[1];
	return RATION_OK;
}

static int acpi_short(const struct acpi_walk *w, const uint8_t *entry)
{
	return acpi_complain(w, RATION_E_INVALID, (size_t)(entry - w->bytes),
	                     "an entry as long as its type has it");
}

/* ---- MADT: which CPUs there are ---------------------------------------- */

/* The APIC id of an entry, RATION_ACPI_CPU_NONE where it is no CPU, or not enabled. */
static int madt_apic_id(const struct acpi_walk *w, const uint8_t *entry, uint32_t *id)
{
	*id = RATION_ACPI_CPU_NONE;
	if (entry[0] == MADT_APIC) {
		if (entry[1] < 8)
			return acpi_short(w, entry);
		if ((acpi_u32(entry + 4) & 1) != 0 && entry[3] <= ACPI_LOCAL_MAX)
			*id = entry[3];
	} else if (entry[0] == MADT_X2APIC) {
		if (entry[1] < 16)
			return acpi_short(w, entry);
		if ((acpi_u32(entry + 8) & 1) != 0)
			*id = acpi_u32(entry + 4);
	}
	return RATION_OK;
}

/* Insert an id where it belongs; they mostly come in order. */
static int madt_add(const struct acpi_walk *w, const uint8_t *entry, uint32_t id,
                    struct ration_acpi_machine *m)
{
	size_t offset = (size_t)(entry - w->bytes);
	uint32_t at = m->found_count;

	while (at > 0 && m->apic_id[at - 1] > id)
		at--;
	if (at > 0 && m->apic_id[at - 1] == id)
		return acpi_complain(w, RATION_E_INVALID, offset, "each APIC id once");
	if (m->found_count == RATION_TOPOLOGY_CPU_MAX)
		return acpi_complain(w, RATION_E_RANGE, offset, "at most 1024 CPUs");
	for (uint32_t i = m->found_count; i > at; i--)
		m->apic_id[i] = m->apic_id[i - 1];
	m->apic_id[at] = id;
	m->found_count++;
	return RATION_OK;
}

static int madt_read(const struct ration_acpi_source *source, struct ration_acpi_machine *m,
                     struct ration_acpi_error *error)
{
	struct acpi_walk w = { .error = error };
	int status = acpi_open(&w, &source->madt, "MADT", "APIC", MADT_ENTRIES);
	bool has_boot = false;

	while (status == RATION_OK) {
		const uint8_t *entry;
		uint32_t id;

		status = acpi_next(&w, &entry);
		if (status != RATION_OK || entry == NULL)
			break;
		status = madt_apic_id(&w, entry, &id);
		if (status != RATION_OK || id == RATION_ACPI_CPU_NONE)
			continue;
		status = madt_add(&w, entry, id, m);
		has_boot = has_boot || id == source->boot_apic_id;
	}
	if (status == RATION_OK && !has_boot)
		status = acpi_complain(&w, RATION_E_INVALID, MADT_ENTRIES, "an entry of the boot CPU");
	return status;
}

/* ---- Which CPUs are kept, and where they are --------------------------- */

static bool acpi_is_kept(const struct ration_acpi_source *source,
                         const struct ration_acpi_machine *m, uint32_t i, uint32_t shift,
                         uint32_t *last_core)
{
	uint32_t id = m->apic_id[i], core = id >> shift;
	bool is_boots = source->one_thread && core == source->boot_apic_id >> shift;

	if (is_boots)
		return id == source->boot_apic_id;
	if (source->one_thread && core == *last_core)
		return false;
	*last_core = core;
	return true;
}

/* Fewer CPUs, by the two options.  The boot CPU stays, as the last one if need be. */
static void acpi_keep(const struct ration_acpi_source *source, struct ration_acpi_machine *m,
                      uint32_t shift)
{
	uint32_t count = 0, last_core = RATION_ACPI_CPU_NONE, limit = source->cpu_limit;
	bool has_boot = false;

	for (uint32_t i = 0; i < m->found_count; i++) {
		uint32_t id = m->apic_id[i];
		bool is_boot = id == source->boot_apic_id;

		if (!acpi_is_kept(source, m, i, shift, &last_core))
			continue;
		if (limit != 0 && !has_boot && !is_boot && count + 1 >= limit)
			continue;
		if (limit != 0 && count >= limit)
			break;
		m->apic_id[count++] = id;
		has_boot = has_boot || is_boot;
	}
	m->model.cpu_count = count;
}

static void acpi_place(struct ration_acpi_machine *m, struct acpi_shifts shifts)
{
	struct ration_topology *t = &m->model;

	for (uint32_t c = 0; c < t->cpu_count; c++) {
		uint32_t id = m->apic_id[c], last = c == 0 ? 0 : m->apic_id[c - 1];
		struct ration_topology_cpu *cpu = &t->cpu[c];

		t->package_count += c == 0 || id >> shifts.package != last >> shifts.package;
		t->llc_count += c == 0 || id >> shifts.llc != last >> shifts.llc;
		t->core_count += c == 0 || id >> shifts.core != last >> shifts.core;
		cpu->package = (uint16_t)(t->package_count - 1);
		cpu->llc = (uint16_t)(t->llc_count - 1);
		cpu->core = (uint16_t)(t->core_count - 1);
		cpu->capacity = RATION_CAPACITY_FULL;
		cpu->online = true;
	}
}

/* ---- SRAT: which memory is near ---------------------------------------- */

/* *is_tie: the entry is one of the three that say something, and enabled. */
static int srat_tie(const struct acpi_walk *w, const uint8_t *entry, struct acpi_tie *tie,
                    bool *is_tie)
{
	static const uint8_t least[] = { 16, 40, 24 }, flags_at[] = { 4, 28, 12 };
	uint8_t type = entry[0];

	*is_tie = false;
	if (type > SRAT_X2APIC)
		return RATION_OK;
	if (entry[1] < least[type])
		return acpi_short(w, entry);
	*is_tie = (acpi_u32(entry + flags_at[type]) & 1) != 0;
	tie->apic_id = RATION_ACPI_CPU_NONE;
	if (type == SRAT_APIC) {
		/* The domain's low byte stands apart from the other three. */
		tie->domain = (acpi_u32(entry + 8) & 0xFFFFFF00) | entry[2];
		tie->apic_id = entry[3];
	} else if (type == SRAT_MEMORY) {
		tie->domain = acpi_u32(entry + 2);
	} else {
		tie->domain = acpi_u32(entry + 4);
		tie->apic_id = acpi_u32(entry + 8);
	}
	return RATION_OK;
}

static int srat_add(const struct acpi_walk *w, size_t offset, uint32_t domain,
                    struct ration_acpi_machine *m)
{
	uint32_t *count = &m->model.node_count, at = *count;

	while (at > 0 && m->node_domain[at - 1] > domain)
		at--;
	if (at > 0 && m->node_domain[at - 1] == domain)
		return RATION_OK;
	if (*count == RATION_TOPOLOGY_NODE_MAX)
		return acpi_complain(w, RATION_E_RANGE, offset, "at most 64 proximity domains");
	for (uint32_t i = *count; i > at; i--)
		m->node_domain[i] = m->node_domain[i - 1];
	m->node_domain[at] = domain;
	++*count;
	return RATION_OK;
}

/* Put the CPU of a tie, if it is kept, into its node, which is numbered by now. */
static void srat_put(struct ration_acpi_machine *m, const struct acpi_tie *tie)
{
	uint16_t node = 0;

	while (m->node_domain[node] != tie->domain)
		node++;
	for (uint32_t c = 0; c < m->model.cpu_count; c++)
		if (m->apic_id[c] == tie->apic_id)
			m->model.cpu[c].node = node;
}

/* Twice over the entries: which domains there are, then who is in which. */
static int srat_pass(struct acpi_walk w, struct ration_acpi_machine *m, bool is_second)
{
	int status = RATION_OK;

	while (status == RATION_OK) {
		const uint8_t *entry;
		struct acpi_tie tie;
		bool is_tie;

		status = acpi_next(&w, &entry);
		if (status != RATION_OK || entry == NULL)
			break;
		status = srat_tie(&w, entry, &tie, &is_tie);
		if (status != RATION_OK || !is_tie)
			continue;
		if (!is_second)
			status = srat_add(&w, (size_t)(entry - w.bytes), tie.domain, m);
		else if (tie.apic_id != RATION_ACPI_CPU_NONE)
			srat_put(m, &tie);
	}
	return status;
}

static int srat_read(const struct ration_acpi_source *source, struct ration_acpi_machine *m,
                     struct ration_acpi_error *error)
{
	struct acpi_walk w = { .error = error };
	int status;

	if (source->srat.bytes == NULL) {
		m->model.node_count = 1;
		return RATION_OK;
	}
	status = acpi_open(&w, &source->srat, "SRAT", "SRAT", SRAT_ENTRIES);
	if (status == RATION_OK)
		status = srat_pass(w, m, false);
	if (status == RATION_OK && m->model.node_count == 0)
		status = acpi_complain(&w, RATION_E_INVALID, SRAT_ENTRIES, "an enabled entry");
	if (status == RATION_OK)
		status = srat_pass(w, m, true);
	return status;
}

/* ---- SLIT: how far the other memory is --------------------------------- */

static int slit_row(const struct acpi_walk *w, struct ration_acpi_machine *m, uint32_t from,
                    uint32_t localities)
{
	struct ration_topology *t = &m->model;

	for (uint32_t to = 0; to < t->node_count; to++) {
		/* Both domains are below `localities`, whose square the table holds. */
		uint32_t at = SLIT_DISTANCES + m->node_domain[from] * localities + m->node_domain[to];
		uint8_t distance = w->bytes[at];

		if (from == to && distance != RATION_DISTANCE_LOCAL)
			return acpi_complain(w, RATION_E_INVALID, at, "10, from a domain to itself");
		if (distance < RATION_DISTANCE_LOCAL)
			return acpi_complain(w, RATION_E_INVALID, at, "a distance of 10 or more");
		t->distance[from][to] = distance;
	}
	return RATION_OK;
}

static int slit_read(const struct ration_acpi_source *source, struct ration_acpi_machine *m,
                     struct ration_acpi_error *error)
{
	struct acpi_walk w = { .error = error };
	struct ration_topology *t = &m->model;
	uint32_t localities;
	int status;

	for (uint32_t from = 0; from < t->node_count; from++)
		for (uint32_t to = 0; to < t->node_count; to++)
			t->distance[from][to] = from == to ? RATION_DISTANCE_LOCAL : DISTANCE_REMOTE;
	if (source->srat.bytes == NULL || source->slit.bytes == NULL)
		return RATION_OK;
	status = acpi_open(&w, &source->slit, "SLIT", "SLIT", SLIT_DISTANCES);
	if (status != RATION_OK)
		return status;
	/* At most 1024, so that the square is no more than a table can be long. */
	localities = acpi_u32(w.bytes + ACPI_HEADER);
	if (acpi_u32(w.bytes + ACPI_HEADER + 4) != 0 || localities > 1024 ||
	    localities * localities > w.length - SLIT_DISTANCES)
		return acpi_complain(&w, RATION_E_INVALID, ACPI_HEADER, "as many rows as follow");
	if (m->node_domain[t->node_count - 1] >= localities)
		return acpi_complain(&w, RATION_E_INVALID, ACPI_HEADER,
		                     "a row for each domain of the SRAT");
	for (uint32_t from = 0; status == RATION_OK && from < t->node_count; from++)
		status = slit_row(&w, m, from, localities);
	return status;
}

int ration_acpi_read(const struct ration_acpi_source *source, struct ration_acpi_machine *machine,
                     struct ration_acpi_error *error)
{
	struct acpi_shifts shifts = ration_acpi__shifts(source->cpuid, source->cpuid_count);
	struct acpi_walk whole = { .table = "CPUID" };
	struct ration_acpi_error unread;
	const char *broken;
	int status;

	if (error == NULL)
		error = &unread;
	whole.error = error;
	__builtin_memset(machine, 0, sizeof *machine);
	status = madt_read(source, machine, error);
	if (status != RATION_OK)
		return status;
	acpi_keep(source, machine, shifts.core);
	acpi_place(machine, shifts);
	status = srat_read(source, machine, error);
	if (status == RATION_OK)
		status = slit_read(source, machine, error);
	if (status != RATION_OK)
		return status;
	/* What tables and CPUID say may be sound alone, and not together. */
	broken = ration_topology_check(&machine->model);
	return broken == NULL ? RATION_OK : acpi_complain(&whole, RATION_E_INVALID, 0, broken);
}
