/* SPDX-License-Identifier: BSD-2-Clause */
/* host_xml.c - looks through an XML topology with expat before hwloc reads it. */
#include "host_xml.h"

#include <ctype.h>
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECTED_FILE "expected a topology that `lstopo FILE.xml` saved"

/* Real machines nest about 15 deep; hwloc walks its tree by recursion. */
#define HOST_XML_DEPTH_MAX 100u
/* No machine has more, and hwloc makes bitmaps as long as the largest number. */
#define HOST_XML_INDEX_MAX 1000000ul

struct host_xml {
	XML_Parser parser;
	struct host_xml_fault *fault;
	unsigned depth;
	bool has_root, has_fault;
};

/* Remember the first fault, where the parser stands now. */
static void host_xml_refuse(struct host_xml *x, const char *what)
{
	if (x->has_fault)
		return;
	x->has_fault = true;
	x->fault->line = XML_GetCurrentLineNumber(x->parser);
	x->fault->column = XML_GetCurrentColumnNumber(x->parser) + 1;
	(void)snprintf(x->fault->what, sizeof(x->fault->what), "%s", what);
	(void)XML_StopParser(x->parser, XML_FALSE);
}

/* The value of an attribute, NULL where there is none of that name. */
static const char *host_xml_value(const char **attributes, const char *name)
{
	for (; attributes[0] != NULL; attributes += 2)
		if (strcmp(attributes[0], name) == 0)
			return attributes[1];
	return NULL;
}

static void host_xml_check_root(struct host_xml *x, const char *name, const char **attributes)
{
	char what[HOST_XML_WHAT_SIZE];
	const char *version;

	if (strcmp(name, "topology") != 0) {
		(void)snprintf(what, sizeof(what), "<%.40s> instead of <topology>, %s", name,
		               EXPECTED_FILE);
		host_xml_refuse(x, what);
		return;
	}
	version = host_xml_value(attributes, "version");
	if (version != NULL && strtoul(version, NULL, 10) >= 3) {
		(void)snprintf(what, sizeof(what), "written in the format %.10s of hwloc 3, "
		               "expected format 2: export it there with "
		               "`lstopo --export-xml-flags v2 file.xml`", version);
		host_xml_refuse(x, what);
	}
}

/* Is this a set as hwloc writes it: "0x0000000f", "0x3,,0xffffffff", "0xf...f,0x0"? */
static bool host_xml_is_set(const char *value)
{
	if (strcmp(value, "0xf...f") == 0)
		return true;
	if (strncmp(value, "0xf...f,", 8) == 0)
		value += 8;
	for (;;) {
		size_t digits;

		if (strncmp(value, "0x", 2) == 0) {
			digits = strspn(value + 2, "0123456789abcdefABCDEF");
			if (digits < 1 || digits > 8)
				return false;
			value += 2 + digits;
		}
		if (*value != ',')
			return *value == '\0';
		value++;
	}
}

/* Does an object of this type belong to CPUs, so that it has sets? */
static bool host_xml_has_sets(const char *type)
{
	static const char *const without[] = { "Misc", "Bridge", "PCIDev", "OSDev" };

	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		if (strcmp(type, without[i]) == 0)
			return false;
	return true;
}

/* Must the operating system have a number for it?  Others may be "unknown". */
static bool host_xml_is_numbered(const char *type)
{
	return strcmp(type, "PU") == 0 || strcmp(type, "NUMANode") == 0;
}

static bool host_xml_is_index(const char *value)
{
	return value != NULL && value[0] != '\0' && value[strspn(value, "0123456789")] == '\0' &&
	       strtoul(value, NULL, 10) <= HOST_XML_INDEX_MAX;
}

/* What hwloc takes for granted of an <object>, and would end up crashing or
 * looping over if it were not so. */
static void host_xml_check_object(struct host_xml *x, const char **attributes)
{
	static const char *const sets[] = { "cpuset", "complete_cpuset", "allowed_cpuset",
		"nodeset", "complete_nodeset", "allowed_nodeset" };
	const char *type = host_xml_value(attributes, "type");
	const char *index = host_xml_value(attributes, "os_index");
	char what[HOST_XML_WHAT_SIZE];

	if (type == NULL) {
		host_xml_refuse(x, "<object> without a type, expected type=\"...\"");
		return;
	}
	if (!host_xml_has_sets(type))
		return;
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		const char *value = host_xml_value(attributes, sets[i]);

		if (value == NULL ? i > 1 : host_xml_is_set(value))
			continue;
		(void)snprintf(what, sizeof(what), "%.40s %s %s, expected a set such as "
		               "0x0000000f", type, value == NULL ? "without" : "with a broken",
		               sets[i]);
		host_xml_refuse(x, what);
	}
	if (host_xml_is_index(index) || (!host_xml_is_numbered(type) &&
	    (index == NULL || strcmp(index, "-1") == 0 || strcmp(index, "4294967295") == 0)))
		return;
	(void)snprintf(what, sizeof(what), "%.40s with os_index \"%.20s\", expected a number up "
	               "to %lu", type, index == NULL ? "" : index, HOST_XML_INDEX_MAX);
	host_xml_refuse(x, what);
}

static void XMLCALL host_xml_begin(void *context, const char *name, const char **attributes)
{
	struct host_xml *x = (struct host_xml *)context;

	if (!x->has_root)
		host_xml_check_root(x, name, attributes);
	x->has_root = true;
	if (strcmp(name, "object") == 0)
		host_xml_check_object(x, attributes);
	if (++x->depth > HOST_XML_DEPTH_MAX)
		host_xml_refuse(x, "elements nested more than 100 deep, " EXPECTED_FILE);
}

static void XMLCALL host_xml_end(void *context, const char *name)
{
	struct host_xml *x = (struct host_xml *)context;

	(void)name;
	x->depth--;
}

/* What expat has against the text, in the words of someone who has the file. */
static void host_xml_explain(struct host_xml *x)
{
	enum XML_Error error = XML_GetErrorCode(x->parser);
	char what[HOST_XML_WHAT_SIZE];

	if (!x->has_root)
		(void)snprintf(what, sizeof(what), "this is not XML (%s), %s",
		               XML_ErrorString(error), EXPECTED_FILE);
	else if (error == XML_ERROR_NO_ELEMENTS || error == XML_ERROR_UNCLOSED_TOKEN ||
	         error == XML_ERROR_PARTIAL_CHAR || error == XML_ERROR_UNCLOSED_CDATA_SECTION)
		(void)snprintf(what, sizeof(what), "the file ends here, expected it to go on "
		               "to </topology>: is it cut off?");
	else
		(void)snprintf(what, sizeof(what), "broken XML (%s), %s",
		               XML_ErrorString(error), EXPECTED_FILE);
	host_xml_refuse(x, what);
}

static bool host_xml_is_blank(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!isspace((unsigned char)text[i]))
			return false;
	return true;
}

bool host_xml_check(const char *text, size_t length, struct host_xml_fault *fault)
{
	struct host_xml x = { .parser = NULL, .fault = fault };
	bool ok = true;

	*fault = (struct host_xml_fault){ .line = 0, .column = 0 };
	if (host_xml_is_blank(text, length)) {
		(void)snprintf(fault->what, sizeof(fault->what), "the file is empty, %s",
		               EXPECTED_FILE);
		return false;
	}
	x.parser = XML_ParserCreate(NULL);
	if (x.parser == NULL) {
		(void)snprintf(fault->what, sizeof(fault->what), "out of memory");
		return false;
	}
	XML_SetUserData(x.parser, &x);
	XML_SetElementHandler(x.parser, host_xml_begin, host_xml_end);

	/* Expat counts in int; chunks also let noise fail early. */
	while (ok && length > 0) {
		size_t chunk = length < (1u << 20) ? length : (1u << 20);

		length -= chunk;
		ok = XML_Parse(x.parser, text, (int)chunk, length == 0) == XML_STATUS_OK;
		text += chunk;
	}
	if (!ok)
		host_xml_explain(&x);
	XML_ParserFree(x.parser);
	return ok && !x.has_fault;
}
