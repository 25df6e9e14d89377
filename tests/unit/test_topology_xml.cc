/* SPDX-License-Identifier: BSD-2-Clause */
/* test_topology_xml.cc - XML files that are right in unusual ways, or wrong. */
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>

#include "loaded_machine.h"

namespace {

/* The smallest file that hwloc takes. */
const char small_xml[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	"<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n"
	"<topology version=\"2.0\">\n"
	"  <object type=\"Machine\" os_index=\"0\" cpuset=\"0x3\" complete_cpuset=\"0x7\""
	" allowed_cpuset=\"0x3\" nodeset=\"0x1\" complete_nodeset=\"0x1\""
	" allowed_nodeset=\"0x1\" gp_index=\"1\">\n"
	"    <object type=\"NUMANode\" os_index=\"0\" cpuset=\"0x3\" complete_cpuset=\"0x7\""
	" nodeset=\"0x1\" complete_nodeset=\"0x1\" gp_index=\"2\" local_memory=\"1024\"/>\n"
	"    <object type=\"PU\" os_index=\"0\" cpuset=\"0x1\" complete_cpuset=\"0x1\""
	" nodeset=\"0x1\" complete_nodeset=\"0x1\" gp_index=\"3\"/>\n"
	"    <object type=\"PU\" os_index=\"1\" cpuset=\"0x2\" complete_cpuset=\"0x2\""
	" nodeset=\"0x1\" complete_nodeset=\"0x1\" gp_index=\"4\"/>\n"
	"  </object>\n"
	"</topology>\n";

std::string replace(std::string text, const std::string &from, const std::string &to)
{
	size_t at = text.find(from);

	EXPECT_NE(at, std::string::npos) << from;
	return text.replace(at, from.size(), to);
}

TEST(topology_xml, a_cpu_without_any_core_is_a_core)
{
	File file(small_xml);
	Loaded l(file.path);

	ASSERT_TRUE(l.ok) << l.message;
	EXPECT_EQ(l.model().cpu_count, 3u);
	EXPECT_EQ(l.model().core_count, 3u);
	EXPECT_EQ(l.model().package_count, 1u);
	EXPECT_TRUE(l.model().cpu[1].online);
	EXPECT_FALSE(l.model().cpu[2].online);
	EXPECT_EQ(l.host->node_memory[0], 1024u);
}

TEST(topology_xml, sets_have_several_forms)
{
	static const char *const forms[] = { "0xf...f", "0xf...f,0x00000001", "0x00000000,0x1",
		",,0x1", "0xABCDEF01" };

	/* hwloc has its own mind about some of them; as sets they are well written. */
	for (const char *form : forms) {
		File file(replace(small_xml, "complete_nodeset=\"0x1\"",
		                  std::string("complete_nodeset=\"") + form + "\""));
		EXPECT_EQ(Loaded(file.path).message.find("broken"), std::string::npos) << form;
	}
	for (const char *form : { "0xf...", "0xf...f0x1", "f...f", "0x1;0x2", "x1", "0x1 " }) {
		File file(replace(small_xml, "complete_nodeset=\"0x1\"",
		                  std::string("complete_nodeset=\"") + form + "\""));
		EXPECT_NE(Loaded(file.path).message.find("Machine with a broken complete_nodeset"),
		          std::string::npos) << form;
	}
}

TEST(topology_xml, what_is_wrong_is_said_with_its_place)
{
	static const struct {
		const char *from, *to, *where, *what;
	} rows[] = {
		{ "<topology", "<html", ":3:1: ", "<html> instead of <topology>, expected" },
		{ "\"2.0\"", "\"3.1\"", ":3:1: ", "format 3.1 of hwloc 3, expected format 2" },
		{ "</topology>", "", ":10:1: ", "the file ends here" },
		{ "</object>\n</topology>", "</objec", ":8:3: ", "the file ends here" },
		{ "</object>", "</thing>", ":8:5: ", "broken XML (mismatched tag)" },
		{ "<!DOCTYPE", "noise", ":2:1: ", "this is not XML (" },
		{ "gp_index=\"3\"", "gp_index=3", ":", "broken XML (" },
		{ "type=\"PU\"", "kind=\"PU\"", ":6:5: ", "<object> without a type" },
		{ "cpuset=\"0x2\"", "cpuset=\"zz\"", ":7:5: ", "PU with a broken cpuset" },
		{ "cpuset=\"0x2\"", "cpuset=\"0x\"", ":7:5: ", "PU with a broken cpuset" },
		{ "cpuset=\"0x2\"", "cpuset=\"0x123456789\"", ":7:5: ", "a broken cpuset" },
		{ "complete_cpuset=\"0x7\"", "", ":4:3: ", "Machine without complete_cpuset" },
		{ "nodeset=\"0x1\" gp_index=\"3\"", "nodeset=\",\" gp_index=\"3", ":", "XML" },
		{ "os_index=\"1\"", "os_index=\"-1\"", ":7:5: ", "PU with os_index \"-1\"" },
		{ "NUMANode\" os_index=\"0\"", "NUMANode\"", ":5:5: ", "NUMANode with os_index" },
		{ "os_index=\"1\"", "os_index=\"9999999\"", ":7:5: ", "expected a number up to" },
		{ "os_index=\"1\"", "os_index=\"\"", ":7:5: ", "expected a number up to" },
		{ "os_index=\"1\"", "", ":7:5: ", "PU with os_index \"\"" },
	};

	for (const auto &row : rows) {
		File file(replace(small_xml, row.from, row.to));
		Loaded l(file.path);

		EXPECT_FALSE(l.ok) << row.to;
		EXPECT_EQ(l.message.rfind(file.path + row.where, 0), 0u) << l.message;
		EXPECT_NE(l.message.find(row.what), std::string::npos) << l.message;
	}
}

TEST(topology_xml, of_many_kinds_is_refused)
{
	std::string deep = "<topology version=\"2.0\">";

	for (int i = 0; i < 100000; i++)
		deep += "<a>";
	for (const std::string &text : { std::string("\n \t"), std::string("not XML"), deep,
	                                 std::string("\xff\xfe<\0t", 5),
	                                 std::string("<topology version=\"2.0\"/>") }) {
		File file(text);
		Loaded l(file.path);

		EXPECT_FALSE(l.ok) << text.substr(0, 40);
		EXPECT_EQ(l.message.rfind(file.path + ":", 0), 0u) << l.message;
		EXPECT_NE(l.message.find("expected"), std::string::npos) << l.message;
	}
}

TEST(topology_xml, ten_megabytes_of_noise_are_refused)
{
	std::mt19937_64 random(5);
	std::string block(64 << 10, '\0'), noise;

	for (char &c : block)
		c = (char)random();
	while (noise.size() < 10 << 20)
		noise += block;
	File file(noise), letters("<topology>" + std::string(10 << 20, 'x')), large(noise + noise);
	Loaded l(file.path), m(letters.path), n(large.path);

	EXPECT_FALSE(l.ok);
	EXPECT_NE(l.message.find(":1:1: this is not XML ("), std::string::npos) << l.message;
	EXPECT_FALSE(m.ok);
	EXPECT_NE(m.message.find("the file ends here"), std::string::npos) << m.message;
	EXPECT_FALSE(n.ok);
	EXPECT_NE(n.message.find("too large: expected at most"), std::string::npos) << n.message;
}

/* Every cut and a good many wrong letters: refused or sound, and never a crash,
 * of which hwloc is capable. */
TEST(topology_xml, spoilt_files_do_no_harm)
{
	std::mt19937 random(9);
	const std::string whole = small_xml;
	const char *values[] = { "", "0", "0x0", "-1", "4294967295", "0xf...f", "0x00010000,0x0",
		"Package", "NUMANode", "PU", "Core", "L3Cache", "Group", "Misc", "99999", "0x7" };
	/* A sample of them; `make prove` takes more. */
	int files = getenv("RATION_PROVE") ? 2000 : 60, accepted = 0;

	for (int i = 0; i < files; i++) {
		std::string text = whole;

		if (i < files / 4)
			text.resize(whole.size() * (size_t)i / ((size_t)files / 4));
		for (auto k = random() % 4; i >= files / 4 && k > 0; k--) {
			size_t at = text.find("=\"", random() % text.size());
			size_t end = at == std::string::npos ? at : text.find('"', at + 2);

			if (end == std::string::npos)
				text[random() % text.size()] = "0x\"<>a "[random() % 7];
			else
				text.replace(at + 2, end - at - 2,
				             values[random() % (sizeof(values) / sizeof(values[0]))]);
		}
		File file(text);
		Loaded l(file.path);
		accepted += l.ok;
		EXPECT_EQ(l.ok, l.message.empty());
	}
	EXPECT_GT(accepted, files / 20);
}

} // namespace
