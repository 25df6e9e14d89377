/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * synthetic.c - read a machine from a synthetic string.
 *
 *     machine = [attributes] nodes level nodes *(level nodes)
 *     level   = type ":" count [attributes]
 *     nodes   = *("[" node-type [attributes] "]")
 *     attributes = "(" [key "=" value *(" " key "=" value)] ")"
 *
 * Every level multiplies: level i has objects[i] = count[1] * ... * count[i]
 * objects, each with the same number of CPUs.  A model is then nothing but
 * divisions.  What the order of the levels leaves open is settled by size: a
 * core lies within a package and within a node, a last-level cache holds whole
 * cores and lies within a package.
 */
#include "ration_topology.h"

#include "ration_assert.h"

#define SYNTHETIC_LEVEL_MAX 32u

enum synthetic_kind {
	SYNTHETIC_MACHINE,
	SYNTHETIC_PACKAGE,
	SYNTHETIC_NODE,
	SYNTHETIC_DIE,
	SYNTHETIC_CORE,
	SYNTHETIC_PU,
	SYNTHETIC_GROUP,
	SYNTHETIC_LLC,         /* a cache that can be the last one: L3 or higher */
	SYNTHETIC_CACHE,       /* another one */
	SYNTHETIC_KIND_COUNT
};

struct synthetic_level {
	enum synthetic_kind kind;
	uint32_t objects;      /* of this level in the machine; divides the CPUs */
	uint32_t nodes;        /* NUMA nodes attached to each object */
};

struct synthetic {
	const char *text;
	size_t length, pos;
	struct synthetic_level level[SYNTHETIC_LEVEL_MAX];   /* [0]: the machine */
	uint32_t level_count;
	bool has_kind[SYNTHETIC_KIND_COUNT];
	bool has_attached_node;
	struct ration_topology_error error;
};

static int synthetic_fail(struct synthetic *s, int status, size_t offset, const char *expected)
{
	s->error.offset = offset;
	s->error.expected = expected;
	return status;
}

/* --- characters and words ------------------------------------------------ */

static bool synthetic_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char synthetic_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool synthetic_is_letter(char c)
{
	c = synthetic_lower(c);
	return c >= 'a' && c <= 'z';
}

/* The next character, 0 at the end. */
static char synthetic_peek(const struct synthetic *s)
{
	return s->pos < s->length ? s->text[s->pos] : '\0';
}

static bool synthetic_accept(struct synthetic *s, char c)
{
	if (s->pos == s->length || s->text[s->pos] != c)
		return false;
	s->pos++;
	return true;
}

static void synthetic_skip_blanks(struct synthetic *s)
{
	while (synthetic_peek(s) == ' ' || synthetic_peek(s) == '\n')
		s->pos++;
}

/* A run of letters and digits. */
struct synthetic_word {
	const char *text;
	size_t length;
};

static struct synthetic_word synthetic_next_word(struct synthetic *s)
{
	struct synthetic_word word = { .text = s->text + s->pos };

	while (synthetic_is_letter(synthetic_peek(s)) || synthetic_is_digit(synthetic_peek(s))) {
		s->pos++;
		word.length++;
	}
	return word;
}

/* Are the first letters of `name`, at least `least` of them, this word? */
static bool synthetic_is_short_for(struct synthetic_word word, const char *name, size_t least)
{
	if (word.length < least)
		return false;
	for (size_t i = 0; i < word.length; i++)
		if (name[i] == '\0' || synthetic_lower(word.text[i]) != name[i])
			return false;
	return true;
}

static bool synthetic_is_word(struct synthetic_word word, const char *name)
{
	return synthetic_is_short_for(word, name, 0) && name[word.length] == '\0';
}

/* --- level types ---------------------------------------------------------- */

/* "l3", "L2Cache", "l1i": which cache is it?  KIND_COUNT: none. */
static enum synthetic_kind synthetic_cache_kind(struct synthetic_word word)
{
	bool is_instruction = false;
	char depth;

	if (word.length < 2 || synthetic_lower(word.text[0]) != 'l')
		return SYNTHETIC_KIND_COUNT;
	depth = word.text[1];
	word.text += 2;
	word.length -= 2;
	if (depth < '1' || depth > '5')
		return SYNTHETIC_KIND_COUNT;
	if (word.length > 0) {
		char form = synthetic_lower(word.text[0]);

		is_instruction = form == 'i';
		if (form == 'i' || form == 'd' || form == 'u') {
			word.text++;
			word.length--;
		}
	}
	/* As hwloc: there is no instruction cache beyond the third level. */
	if (is_instruction && depth > '3')
		return SYNTHETIC_KIND_COUNT;
	if (!synthetic_is_short_for(word, "cache", 0))
		return SYNTHETIC_KIND_COUNT;
	return depth >= '3' && !is_instruction ? SYNTHETIC_LLC : SYNTHETIC_CACHE;
}

/* The kind of level that a word names, in any case and shortened to two
 * letters or more.  KIND_COUNT: none. */
static enum synthetic_kind synthetic_kind_of(struct synthetic_word word)
{
	static const struct {
		const char *name;
		enum synthetic_kind kind;
	} names[] = {
		{ "package", SYNTHETIC_PACKAGE },
		{ "socket", SYNTHETIC_PACKAGE },
		{ "numanode", SYNTHETIC_NODE },
		{ "node", SYNTHETIC_NODE },
		{ "die", SYNTHETIC_DIE },
		{ "core", SYNTHETIC_CORE },
		{ "pu", SYNTHETIC_PU },
		{ "thread", SYNTHETIC_PU },
	};
	struct synthetic_word group = word;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (synthetic_is_short_for(word, names[i].name, 2))
			return names[i].kind;
	while (group.length > 5 && synthetic_is_digit(group.text[group.length - 1]))
		group.length--;
	if (synthetic_is_short_for(group, "group", 2))
		return SYNTHETIC_GROUP;
	return synthetic_cache_kind(word);
}

/* --- attributes ------------------------------------------------------------ */

/* The value of "memory" or "size": digits and a unit.  It is of no use to the
 * model, but what hwloc would refuse is refused here too. */
static bool synthetic_skip_size(struct synthetic *s)
{
	static const char *const units[] = { "", "kb", "mb", "gb", "tb", "kib", "mib", "gib", "tib" };
	struct synthetic_word unit = synthetic_next_word(s);
	size_t digits = 0;

	while (digits < unit.length && synthetic_is_digit(unit.text[digits]))
		digits++;
	if (digits < 1 || digits > 18)
		return false;
	unit.text += digits;
	unit.length -= digits;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (synthetic_is_word(unit, units[i]))
			return true;
	return false;
}

/* The value of "indexes": the operating system's numbers, which the model does
 * not hold.  Five digits at most keep it from naming absurd ones. */
static bool synthetic_skip_indexes(struct synthetic *s)
{
	size_t begin = s->pos, digits = 0;

	for (; s->pos < s->length; s->pos++) {
		char c = synthetic_peek(s);

		digits = synthetic_is_digit(c) ? digits + 1 : 0;
		if (digits > 5)
			return false;
		if (!synthetic_is_letter(c) && !synthetic_is_digit(c) &&
		    c != ',' && c != ':' && c != '*')
			break;
	}
	return s->pos > begin;
}

/* "(key=value key=value)" where there is one. */
static int synthetic_skip_attributes(struct synthetic *s, enum synthetic_kind kind)
{
	bool is_cache = kind == SYNTHETIC_LLC || kind == SYNTHETIC_CACHE;

	if (!synthetic_accept(s, '('))
		return RATION_OK;
	while (!synthetic_accept(s, ')')) {
		size_t begin = s->pos;
		struct synthetic_word key = synthetic_next_word(s);
		bool is_known = false;

		if (synthetic_accept(s, '=')) {
			if (synthetic_is_word(key, "memory"))
				is_known = !is_cache && synthetic_skip_size(s);
			else if (synthetic_is_word(key, "size"))
				is_known = is_cache && synthetic_skip_size(s);
			else if (synthetic_is_word(key, "indexes"))
				is_known = synthetic_skip_indexes(s);
		}
		if (!is_known || (synthetic_peek(s) != ' ' && synthetic_peek(s) != ')'))
			return synthetic_fail(s, RATION_E_INVALID, begin, is_cache
				? "size=8MB or indexes=0,1, then a blank or ')'"
				: "memory=8GB or indexes=0,1, then a blank or ')'");
		synthetic_accept(s, ' ');
	}
	return RATION_OK;
}

/* --- levels ----------------------------------------------------------------- */

/* "[numa]", "[numa(memory=1GB)]" and so on, as many as there are. */
static int synthetic_parse_nodes(struct synthetic *s)
{
	struct synthetic_level *level = &s->level[s->level_count - 1];

	for (synthetic_skip_blanks(s); synthetic_peek(s) == '['; synthetic_skip_blanks(s)) {
		size_t begin = s->pos++;
		enum synthetic_kind kind = synthetic_kind_of(synthetic_next_word(s));
		int status;

		if (kind != SYNTHETIC_NODE)
			return synthetic_fail(s, RATION_E_INVALID, begin,
			                      "[numa] or [numa(memory=8GB)]");
		status = synthetic_skip_attributes(s, kind);
		if (status != RATION_OK)
			return status;
		if (!synthetic_accept(s, ']'))
			return synthetic_fail(s, RATION_E_INVALID, s->pos, "']' after [numa");
		if (s->has_kind[SYNTHETIC_NODE])
			return synthetic_fail(s, RATION_E_INVALID, begin,
			                      "NUMA nodes either as a level or in brackets");
		s->has_attached_node = true;
		level->nodes++;
		/* objects <= 1024 and nodes <= 65: no overflow. */
		if (level->objects * level->nodes > RATION_TOPOLOGY_NODE_MAX)
			return synthetic_fail(s, RATION_E_RANGE, begin,
			                      "at most 64 NUMA nodes in all");
	}
	return RATION_OK;
}

static int synthetic_parse_count(struct synthetic *s, size_t level_begin, uint32_t objects,
                                 uint32_t *count)
{
	size_t begin = s->pos;
	uint32_t value = 0;

	for (; synthetic_is_digit(synthetic_peek(s)); s->pos++)
		if (value <= RATION_TOPOLOGY_CPU_MAX)
			value = value * 10 + (uint32_t)(synthetic_peek(s) - '0');
	/* hwloc reads a number that begins with 0 as octal or hexadecimal. */
	if (s->pos == begin || s->text[begin] == '0')
		return synthetic_fail(s, RATION_E_INVALID, begin, "a count of 1 or more, in decimal");
	if (value > RATION_TOPOLOGY_CPU_MAX / objects)
		return synthetic_fail(s, RATION_E_RANGE, level_begin, "at most 1024 CPUs in all");
	*count = value;
	return RATION_OK;
}

/* May a level of this kind stand here? */
static int synthetic_check_level(struct synthetic *s, enum synthetic_kind kind, size_t begin)
{
	if (s->level_count == SYNTHETIC_LEVEL_MAX)
		return synthetic_fail(s, RATION_E_RANGE, begin, "at most 31 levels");
	if (s->has_kind[SYNTHETIC_PU])
		return synthetic_fail(s, RATION_E_INVALID, begin, "nothing after the pu level");
	if (s->has_kind[kind] && kind <= SYNTHETIC_PU)
		return synthetic_fail(s, RATION_E_INVALID, begin,
		                      "pack, node, die, core and pu once each");
	if (kind == SYNTHETIC_NODE && s->has_attached_node)
		return synthetic_fail(s, RATION_E_INVALID, begin,
		                      "NUMA nodes either as a level or in brackets");
	return RATION_OK;
}

/* "type:count(attributes)" */
static int synthetic_parse_level(struct synthetic *s)
{
	size_t begin = s->pos;
	enum synthetic_kind kind = synthetic_kind_of(synthetic_next_word(s));
	struct synthetic_level *above = &s->level[s->level_count - 1], *level;
	uint32_t count;
	int status;

	if (kind == SYNTHETIC_KIND_COUNT)
		return synthetic_fail(s, RATION_E_INVALID, begin,
			"a level such as core:4 (types: pack, node, group, die, l1 to l5, core, pu)");
	status = synthetic_check_level(s, kind, begin);
	if (status != RATION_OK)
		return status;
	if (!synthetic_accept(s, ':'))
		return synthetic_fail(s, RATION_E_INVALID, s->pos,
		                      "':' and a count after the level's type");
	status = synthetic_parse_count(s, begin, above->objects, &count);
	if (status != RATION_OK)
		return status;

	level = &s->level[s->level_count++];
	level->kind = kind;
	level->objects = above->objects * count;   /* <= 1024: parse_count saw to it */
	level->nodes = kind == SYNTHETIC_NODE ? 1 : 0;
	s->has_kind[kind] = true;
	if (level->objects * level->nodes > RATION_TOPOLOGY_NODE_MAX)
		return synthetic_fail(s, RATION_E_RANGE, begin, "at most 64 NUMA nodes in all");
	return synthetic_skip_attributes(s, kind);
}

static uint32_t synthetic_node_count(const struct synthetic *s)
{
	uint32_t count = 0;

	/* At most 32 levels of at most 64 each. */
	for (uint32_t i = 0; i < s->level_count; i++)
		count += s->level[i].objects * s->level[i].nodes;
	return count;
}

/* All levels, to the end of the text. */
static int synthetic_parse_levels(struct synthetic *s)
{
	int status;

	s->level[0] = (struct synthetic_level){ .kind = SYNTHETIC_MACHINE, .objects = 1 };
	s->level_count = 1;
	synthetic_skip_blanks(s);
	status = synthetic_skip_attributes(s, SYNTHETIC_MACHINE);
	while (status == RATION_OK) {
		size_t end = s->pos;

		status = synthetic_parse_nodes(s);
		if (status != RATION_OK)
			return status;
		if (s->pos == s->length)
			break;
		if (s->pos == end && s->level_count > 1)
			return synthetic_fail(s, RATION_E_INVALID, s->pos,
			                      "a blank between two levels");
		status = synthetic_parse_level(s);
	}
	if (status != RATION_OK)
		return status;
	if (!s->has_kind[SYNTHETIC_PU])
		return synthetic_fail(s, RATION_E_INVALID, s->length,
		                      "a level pu:COUNT at the end, the threads of each core");
	if (synthetic_node_count(s) > RATION_TOPOLOGY_NODE_MAX)
		return synthetic_fail(s, RATION_E_RANGE, 0, "at most 64 NUMA nodes in all");
	return RATION_OK;
}

/* --- the model --------------------------------------------------------------- */

/* How many CPUs one of each has. */
struct synthetic_sizes {
	uint32_t core, llc, package, node;
	uint32_t node_level;      /* the level that has the nearest nodes; 0: the machine */
};

static uint32_t synthetic_least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static struct synthetic_sizes synthetic_measure(const struct synthetic *s)
{
	uint32_t cpu_count = s->level[s->level_count - 1].objects;
	struct synthetic_sizes sizes = { .core = 1, .package = cpu_count, .node = cpu_count };

	for (uint32_t i = 0; i < s->level_count; i++) {
		uint32_t size = cpu_count / s->level[i].objects;

		if (s->level[i].kind == SYNTHETIC_PACKAGE)
			sizes.package = size;
		if (s->level[i].kind == SYNTHETIC_CORE)
			sizes.core = size;
		if (s->level[i].nodes > 0) {
			sizes.node = size;
			sizes.node_level = i;
		}
	}
	sizes.core = synthetic_least(sizes.core, synthetic_least(sizes.package, sizes.node));
	sizes.llc = sizes.package;
	for (uint32_t i = 0; i < s->level_count; i++) {
		uint32_t size = cpu_count / s->level[i].objects;

		if (s->level[i].kind == SYNTHETIC_LLC && size >= sizes.core)
			sizes.llc = synthetic_least(sizes.llc, size);
	}
	return sizes;
}

/*
 * The number of the node that CPU c is nearest to.  Nodes are numbered as hwloc
 * does it: object by object, those inside of an object before its own; of
 * several at one place the first counts.
 */
static uint32_t synthetic_node_of(const struct synthetic *s, struct synthetic_sizes sizes,
                                  uint32_t c)
{
	uint32_t object = c / sizes.node;     /* of the level that has the node */
	uint32_t objects = s->level[sizes.node_level].objects;
	uint32_t node = object * s->level[sizes.node_level].nodes;

	for (uint32_t i = 0; i < sizes.node_level; i++)
		node += object / (objects / s->level[i].objects) * s->level[i].nodes;
	return node;
}

static void synthetic_build(const struct synthetic *s, struct ration_topology *t)
{
	struct synthetic_sizes sizes = synthetic_measure(s);
	uint32_t cpu_count = s->level[s->level_count - 1].objects;
	uint32_t node_count = synthetic_node_count(s);

	__builtin_memset(t, 0, sizeof(*t));
	t->cpu_count = cpu_count;
	t->core_count = cpu_count / sizes.core;
	t->llc_count = cpu_count / sizes.llc;
	t->package_count = cpu_count / sizes.package;
	t->node_count = node_count > 0 ? node_count : 1;
	for (uint32_t c = 0; c < cpu_count; c++) {
		t->cpu[c] = (struct ration_topology_cpu){
			.core = (uint16_t)(c / sizes.core),
			.llc = (uint16_t)(c / sizes.llc),
			.package = (uint16_t)(c / sizes.package),
			.node = (uint16_t)synthetic_node_of(s, sizes, c),
			.capacity = RATION_CAPACITY_FULL,
			.online = true,
		};
	}
	for (uint32_t from = 0; from < t->node_count; from++)
		for (uint32_t to = 0; to < t->node_count; to++)
			t->distance[from][to] = from == to ? RATION_DISTANCE_LOCAL
			                                   : 2 * RATION_DISTANCE_LOCAL;
}

int ration_topology_parse(const char *text, size_t length, struct ration_topology *t,
                          struct ration_topology_error *error)
{
	struct synthetic s = { .text = text, .length = length };
	int status;

	RATION_ASSERT(t != NULL);

	status = synthetic_parse_levels(&s);
	if (status != RATION_OK) {
		if (error != NULL)
			*error = s.error;
		return status;
	}
	synthetic_build(&s, t);
	return RATION_OK;
}
