/* SPDX-License-Identifier: BSD-2-Clause */
/* Xen configuration files: every literal is read, nothing else is. */
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "xencfg.h"

namespace {

/* A parsed text, or the message. */
class Parsed {
public:
	explicit Parsed(const std::string &text)
	{
		char *buffer = nullptr;
		size_t size = 0;
		diagnostics errors = {open_memstream(&buffer, &size), 0};

		ok = xencfg_parse("x.cfg", text.data(), text.size(), &config, &errors);
		std::fclose(errors.out);
		message = buffer;
		std::free(buffer);
		count = errors.count;
	}
	~Parsed()
	{
		if (ok)
			xencfg_free(&config);
	}
	Parsed(const Parsed &) = delete;
	Parsed &operator=(const Parsed &) = delete;

	const xencfg_value &operator[](const char *key) const
	{
		static const xencfg_value none = {};
		const xencfg_entry *entry = xencfg_find(&config, key);

		EXPECT_NE(entry, nullptr) << key;
		return entry != nullptr ? entry->value : none;
	}
	std::string text(const char *key) const
	{
		const xencfg_value &value = (*this)[key];

		return value.text != nullptr ? std::string(value.text, value.length) : "(none)";
	}

	bool ok;
	unsigned count;
	std::string message;
	xencfg config = {};
};

TEST(Xencfg, ReadsAWholeFile)
{
	Parsed p("# a guest\n"
	         "import_nothing = 0\n"
	         "builder='hvm'\n"
	         "name = \"web\"   # its name\n"
	         "memory = 512; vcpus = 2\n"
	         "cpus = [\"0-3\", '4',\n"
	         "        # not 5\n"
	         "        \"6\",\n"
	         "       ]\n"
	         "disk = [ 'phy:/dev/vg/x,xvda,w' ]\n"
	         "extra = \"root=/dev/xvda \\\n"
	         "ro\"\n");

	ASSERT_TRUE(p.ok) << p.message;
	EXPECT_EQ(p.text("builder"), "hvm");
	EXPECT_EQ(p.text("name"), "web");
	EXPECT_EQ(p["memory"].integer, 512);
	EXPECT_EQ(p["vcpus"].integer, 2);
	ASSERT_EQ(p["cpus"].kind, XENCFG_LIST);
	ASSERT_EQ(p["cpus"].count, 3u);
	EXPECT_STREQ(p["cpus"].item[2].text, "6");
	EXPECT_EQ(p["cpus"].item[2].mark.line, 8u);
	EXPECT_EQ(p["cpus"].item[2].mark.column, 9u);
	EXPECT_EQ(p.text("extra"), "root=/dev/xvda ro");
	EXPECT_EQ(p["vcpus"].mark.column, 23u);
}

TEST(Xencfg, ReadsEveryKindOfString)
{
	Parsed p("a = ''\n"
	         "b = 'it\\'s' \" two\"\n"
	         "c = '''one\ntwo 'quoted' '''\n"
	         "d = \"\"\"x\"y\"\"\"\n"
	         "e = r'a\\nb'\n"
	         "f = u'x' b'y'\n"
	         "g = 'tab\\there\\x41\\101\\q'\n"
	         "h = 'crlf\\\r\ngoes on'\r\n"
	         "i = \"# no comment\"\n");

	ASSERT_TRUE(p.ok) << p.message;
	EXPECT_EQ(p.text("a"), "");
	EXPECT_EQ(p.text("b"), "it's two");
	EXPECT_EQ(p.text("c"), "one\ntwo 'quoted' ");
	EXPECT_EQ(p.text("d"), "x\"y");
	EXPECT_EQ(p.text("e"), "a\\nb");
	EXPECT_EQ(p.text("f"), "xy");
	EXPECT_EQ(p.text("g"), "tab\thereAA\\q");
	EXPECT_EQ(p.text("h"), "crlfgoes on");
	EXPECT_EQ(p.text("i"), "# no comment");
}

TEST(Xencfg, ReadsEveryKindOfNumber)
{
	Parsed p("a = 0\nb = -12\nc = 0x1F\nd = 0o17\ne = 017\nf = 9223372036854775807\n"
	         "g = 3L\nh = 1.5\ni = 2e-3\nj = True\nk = False\nl = None\nm = +4\nn = .5\n");

	ASSERT_TRUE(p.ok) << p.message;
	EXPECT_EQ(p["a"].integer, 0);
	EXPECT_EQ(p["b"].integer, -12);
	EXPECT_EQ(p["c"].integer, 31);
	EXPECT_EQ(p["d"].integer, 15);
	EXPECT_EQ(p["e"].integer, 15);
	EXPECT_EQ(p["f"].integer, INT64_MAX);
	EXPECT_EQ(p["g"].integer, 3);
	EXPECT_EQ(p["h"].kind, XENCFG_OTHER);
	EXPECT_EQ(p.text("h"), "1.5");
	EXPECT_EQ(p.text("i"), "2e-3");
	EXPECT_EQ(p["j"].integer, 1);
	EXPECT_EQ(p["k"].integer, 0);
	EXPECT_EQ(p.text("l"), "None");
	EXPECT_EQ(p["m"].integer, 4);
	EXPECT_EQ(p.text("n"), ".5");
}

TEST(Xencfg, NestsListsTuplesAndDictionaries)
{
	Parsed p("vnuma = [ [ 'pnode=0', 'size=512' ], ['pnode=1'], ]\n"
	         "t = ('a', 1)\n"
	         "d = {'k': 1, 'l': [2],}\n"
	         "e = []\n");

	ASSERT_TRUE(p.ok) << p.message;
	ASSERT_EQ(p["vnuma"].count, 2u);
	EXPECT_EQ(p["vnuma"].item[0].count, 2u);
	EXPECT_EQ(p["t"].kind, XENCFG_LIST);
	EXPECT_EQ(p["t"].count, 2u);
	EXPECT_EQ(p["d"].kind, XENCFG_OTHER);
	EXPECT_EQ(p["e"].count, 0u);
}

TEST(Xencfg, LastAssignmentWinsAndAdditionIsMarked)
{
	Parsed p("vcpus = 1\nvcpus = 2\ndisk = []\ndisk += ['x']\n");

	ASSERT_TRUE(p.ok) << p.message;
	EXPECT_EQ(p["vcpus"].integer, 2);
	EXPECT_EQ(xencfg_find(&p.config, "nothing"), nullptr);
	EXPECT_TRUE(xencfg_find(&p.config, "disk")->added);
}

TEST(Xencfg, EmptyAndCommentsOnly)
{
	EXPECT_TRUE(Parsed("").ok);
	EXPECT_TRUE(Parsed("\n\n# x\n   \n;;\n").ok);
	EXPECT_TRUE(Parsed("\xef\xbb\xbfvcpus = 1\r\n").ok);
	EXPECT_TRUE(Parsed("a = 1 \\\n\nb = \\\n 2").ok);
}

TEST(Xencfg, ColumnsCountCharacters)
{
	Parsed p("name = '\xc3\xa4\xc3\xb6'; vcpus = 3\n");

	ASSERT_TRUE(p.ok) << p.message;
	EXPECT_EQ(p["vcpus"].mark.column, 22u);
}

struct Bad {
	const char *text, *says;
};

TEST(Xencfg, RefusesWhatIsNoLiteralAndSaysWhere)
{
	static const Bad cases[] = {
		{"import os\n", "x.cfg:1:8: 'import' is not followed by '='"},
		{"vcpus = 2\ncpus = os.listdir('/')\n", "x.cfg:2:8: 'os.listdir' is not a literal"},
		{"vcpus = int('2')\n", "x.cfg:1:9: 'int' is not a literal"},
		{"vcpus = 1 + 1\n", "x.cfg:1:11: more behind the value of 'vcpus'"},
		{"name = 'a' % 3\n", "x.cfg:1:12: more behind the value"},
		{"name = 'a' + 'b'\n", "x.cfg:1:12: more behind the value"},
		{"for i in [1]:\n  vcpus = i\n", "x.cfg:1:5: 'for' is not followed by '='"},
		{"if True: vcpus = 1\n", "x.cfg:1:4: 'if' is not followed by '='"},
		{"def f(): pass\n", "x.cfg:1:5: 'def' is not followed"},
		{"vcpus == 2\n", "x.cfg:1:7: 'vcpus' is not followed by '='"},
		{"vcpus\n", "x.cfg:1:6: 'vcpus' is not followed by '='"},
		{"a.b = 3\n", "x.cfg:1:2: 'a' is not followed by '='"},
		{"a = b = 3\n", "x.cfg:1:5: 'b' is not a literal"},
		{"cpus = [x for x in 'abc']\n", "x.cfg:1:9: 'x' is not a literal"},
		{"cpus = ['a' for]\n", "x.cfg:1:13: this list goes on wrongly"},
		{"name = 'abc\nvcpus = 2\n", "x.cfg:1:8: this string does not end"},
		{"name = '''abc\n", "x.cfg:1:8: this string does not end"},
		{"name = \"abc\\", "x.cfg:1:8: this string does not end"},
		{"cpus = ['0', '1'\n", "x.cfg:1:8: this list goes on wrongly or does not end"},
		{"cpus = ['0',\n\n", "x.cfg:1:8: this list does not end, expected ']'"},
		{"cpus = ['0' '1', ,]\n", "x.cfg:1:18: not a literal"},
		{"vcpus = 2x\n", "x.cfg:1:9: '2x' is no number"},
		{"vcpus = 99999999999999999999\n", "x.cfg:1:9: this number is too large"},
		{"vcpus = -\n", "x.cfg:1:9: not a number"},
		{"vcpus =\n", "x.cfg:1:8: no value"},
		{"vcpus = ;\n", "x.cfg:1:9: no value"},
		{"= 2\n", "x.cfg:1:1: not an assignment"},
		{"\x01\x02", "x.cfg:1:1: not an assignment"},
		{"a = `ls`\n", "x.cfg:1:5: not a literal"},
		{"a = lambda: 1\n", "x.cfg:1:5: 'lambda' is not a literal"},
		{"d = {'a'}\n", "x.cfg:1:9: not a dictionary"},
		{"a = [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]\n", "x.cfg:1:21: nested too deeply"},
	};
	for (const Bad &c : cases) {
		Parsed p(c.text);

		EXPECT_FALSE(p.ok) << c.text;
		EXPECT_EQ(p.message.rfind(c.says, 0), 0u) << c.text << " -> " << p.message;
		EXPECT_NE(p.message.find("expected"), std::string::npos) << p.message;
		EXPECT_EQ(p.count, 1u) << c.text;
	}
}

TEST(Xencfg, RefusesANul)
{
	std::string text = "name = 'a";

	text.push_back('\0');
	text += "b'\n";
	Parsed p(text);
	EXPECT_FALSE(p.ok);
	EXPECT_EQ(p.message, "x.cfg:1:10: a NUL, expected text\n");
}

/* A line of a megabyte must not take the square of its length. */
TEST(Xencfg, TakesLongLines)
{
	std::string text = "a = [";

	for (int i = 0; i < 300000; i++)
		text += "'x',";
	text += "]\n";
	Parsed p(text);
	ASSERT_TRUE(p.ok) << p.message;
	EXPECT_EQ(p["a"].count, 300000u);
}

} // namespace
