/* SPDX-License-Identifier: BSD-2-Clause */
/* ration topology: draw a machine, or write it down. */
#define _POSIX_C_SOURCE 200809L
#include "cmd_topology.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "command.h"
#include "output.h"
#include "topology_host.h"
#include "topology_view.h"

static const char topology_usage[] =
"Usage: ration topology [OPTION]... [SPEC]\n"
"Draw a machine: its packages, last-level caches and cores with the CPUs in them,\n"
"its NUMA nodes and how far they are apart.\n"
"\n"
"SPEC is one of\n"
"  this                  the running machine (the default)\n"
"  FILE                  an XML file that lstopo saved on any machine; - is\n"
"                        standard input\n"
"  \"pack:2 core:8 pu:2\"  a description: levels from the outside in, each with its\n"
"                        count: pack, node, group, die, l1 to l5, core, pu\n"
"\n"
"  --physical    number CPUs as the operating system does\n"
"  --string      print the description that says the same, and nothing else\n"
"  --xml FILE    write the machine to FILE as XML for lstopo and --topology; - is\n"
"                standard output\n"
"  -h, --help    print this\n"
"\n"
"Exit: 0; 1 where it could not be written or has no description; 2 bad usage or\n"
"a SPEC that cannot be read.\n";

enum { OPTION_PHYSICAL = 256, OPTION_STRING, OPTION_XML };

static const struct option topology_options[] = {
	{ "physical", no_argument, NULL, OPTION_PHYSICAL },
	{ "string", no_argument, NULL, OPTION_STRING },
	{ "xml", required_argument, NULL, OPTION_XML },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

struct topology_request {
	const char *spec, *xml;
	bool help, physical, string;
};

static bool topology_parse(int argc, char **argv, struct topology_request *request)
{
	int option;

	while ((option = command_option(argc, argv, topology_options)) != -1) {
		switch (option) {
		case OPTION_PHYSICAL:
			request->physical = true;
			break;
		case OPTION_STRING:
			request->string = true;
			break;
		case OPTION_XML:
			request->xml = optarg;
			break;
		case 'h':
			request->help = true;
			return true;
		default:
			return false;
		}
	}
	request->spec = optind < argc ? argv[optind] : "this";
	if (optind + 1 < argc) {
		(void)command_wrong("topology", "'%.60s' behind '%.60s', expected one SPEC: put a "
		                    "description in quotes", argv[optind + 1], request->spec);
		return false;
	}
	if (request->string && request->xml != NULL) {
		(void)command_wrong("topology", "--string and --xml, expected one of them");
		return false;
	}
	return true;
}

/* Does the user's terminal take box characters?  Asked of the environment, so
 * that the locale of the process stays what it was. */
static bool topology_is_utf8(void)
{
	locale_t user = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8;

	if (user == (locale_t)0)
		return false;
	utf8 = strcmp(nl_langinfo_l(CODESET, user), "UTF-8") == 0;
	freelocale(user);
	return utf8;
}

static int topology_print_string(const struct topology_view *view)
{
	const char *why = topology_view_irregular(view);
	char text[256];

	if (why != NULL) {
		(void)command_wrong("topology", "%s has no description since %s, expected a "
		                    "regular machine: --xml writes down any", view->name, why);
		return COMMAND_FAILED;
	}
	(void)ration_topology_format(&view->host->model, text, sizeof(text));
	puts(text);
	return COMMAND_OK;
}

static int topology_write_xml(const struct topology_host *host, const char *path)
{
	char *xml = topology_host_xml(host);
	struct output output;
	bool ok;

	if (xml == NULL) {
		(void)command_wrong("topology", "hwloc cannot export this machine");
		return COMMAND_FAILED;
	}
	ok = output_open(&output, path);
	if (ok && fputs(xml, output.file) < 0) {
		output_discard(&output);
		ok = false;
	}
	ok = ok && output_commit(&output);
	if (!ok)
		(void)command_wrong("topology", "cannot write %s: %s", path, strerror(errno));
	free(xml);
	return ok ? COMMAND_OK : COMMAND_FAILED;
}

static int topology_answer(const struct topology_request *request)
{
	struct topology_host *host = allocate(1, sizeof(*host));
	struct topology_view view = { .host = host, .name = request->spec,
		.physical = request->physical, .utf8 = topology_is_utf8() };
	char message[TOPOLOGY_HOST_MESSAGE_SIZE];
	int status = COMMAND_OK;

	if (!topology_host_load(request->spec, host, message, sizeof(message))) {
		fprintf(stderr, "%s\n", message);
		free(host);
		return COMMAND_BAD_INPUT;
	}
	view.page = page_of(stdout);
	if (request->xml != NULL)
		status = topology_write_xml(host, request->xml);
	else if (request->string)
		status = topology_print_string(&view);
	else
		topology_view_print(&view);
	topology_host_fini(host);
	free(host);
	return status;
}

int cmd_topology(int argc, char **argv)
{
	struct topology_request request;
	int status = COMMAND_OK;

	memset(&request, 0, sizeof(request));
	if (!topology_parse(argc, argv, &request))
		status = COMMAND_BAD_INPUT;
	else if (request.help)
		fputs(topology_usage, stdout);
	else
		status = topology_answer(&request);
	return command_finish("topology", status);
}
