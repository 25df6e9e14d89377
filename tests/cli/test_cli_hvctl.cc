/* SPDX-License-Identifier: BSD-2-Clause */
/* hvctl as a user meets it, against a machine on the desk that answers by the same code. */
#include "desk_server.h"
#include "run_ration.h"

#include <csignal>
#include <pty.h>

namespace {

class Hvctl : public RunRation {
protected:
	void SetUp() override
	{
		RunRation::SetUp();
		ration = binary;
		binary = binary.substr(0, binary.rfind('/') + 1) + "hvctl";
		ASSERT_EQ(access(binary.c_str(), X_OK), 0) << binary << ": build it";
		server = std::make_unique<DeskServer>(path("s"));
	}
	void TearDown() override
	{
		server.reset();
		RunRation::TearDown();
	}
	int ctl(std::vector<std::string> arguments)
	{
		arguments.insert(arguments.begin(), {"--socket", "s"});
		return run(arguments);
	}
	/* It succeeds, and says nothing on standard error. */
	std::string said(const std::vector<std::string> &arguments)
	{
		EXPECT_EQ(0, ctl(arguments)) << err;
		EXPECT_EQ("", err);
		return out;
	}
	/* It fails with that code, says that, and shows nothing. */
	void expect(int code, const std::string &text, const std::vector<std::string> &arguments)
	{
		EXPECT_EQ(code, ctl(arguments)) << text;
		EXPECT_EQ("hvctl " + text + "\n", err);
		EXPECT_EQ("", out);
	}
	ration_attr attr(uint32_t id)
	{
		return server->with([&](desk *d) {
			ration_attr a = {};
			ration_dom *dom = ration_dom_find(d->r, id);
			EXPECT_NE(nullptr, dom);
			if (dom != nullptr)
				ration_dom_get(dom, &a);
			return a;
		});
	}
	ration_vcpu_info vcpu(uint32_t id, int idx)
	{
		return server->with([&](desk *d) {
			ration_vcpu_info info;
			ration_vcpu *v = ration_vcpu_first(ration_dom_find(d->r, id));
			while (idx-- > 0)
				v = ration_vcpu_next(v);
			ration_vcpu_info_get(v, &info);
			return info;
		});
	}

	std::unique_ptr<DeskServer> server;
	std::string ration;
};

std::vector<std::string> lines(const std::string &text)
{
	std::vector<std::string> all;
	std::istringstream in(text);

	for (std::string line; std::getline(in, line);)
		all.push_back(line);
	return all;
}

TEST_F(Hvctl, ListsDomainsInColumns)
{
	auto all = lines(said({"list"}));

	ASSERT_EQ(3u, all.size());
	EXPECT_EQ(0u, all[0].find("Name  ID  MiB  VCPUs  "));
	EXPECT_EQ(0u, all[1].find("dom0   1   64      2  "));
	EXPECT_EQ(0u, all[2].find("web    2   64      2  "));
	for (const std::string &line : all)
		EXPECT_EQ(all[0].size(), line.size()) << line;
	EXPECT_NE(std::string::npos, all[1].find("running"));
	said({"sedf", "web", "weight=300"});
	EXPECT_NE(std::string::npos, said({"list"}).find(" 300 "));
	said({"cap", "web", "150"});
	said({"floor", "web", "12.5"});
	said({"policy", "sedf"});
	said({"sedf", "dom0", "period=10ms", "slice=1.5ms", "extratime=0"});
	all = lines(said({"list"}));
	EXPECT_NE(std::string::npos, all[2].find("(150)")) << "not honoured by sedf";
	EXPECT_NE(std::string::npos, all[2].find("(12.5)"));
	EXPECT_NE(std::string::npos, all[1].find("1.5 ms   10 ms"));
	said({"pause", "2"});
	EXPECT_NE(std::string::npos, lines(said({"list"}))[2].find("paused"));
	said({"unpause", "web"});
	EXPECT_EQ(std::string::npos, said({"list"}).find("paused"));
}

TEST_F(Hvctl, SetsWhatItIsTold)
{
	said({"weight", "web", "512"});
	said({"cap", "web", "62.5"});
	said({"burst", "web", "20ms"});
	said({"shadow", "web", "on"});
	said({"floor", "dom0", "25%"});
	EXPECT_EQ(512u, attr(2).weight);
	EXPECT_EQ(625000u, attr(2).cap_ppm);
	EXPECT_EQ(20000000u, attr(2).burst_ns);
	EXPECT_TRUE(attr(2).shadow);
	EXPECT_EQ(250000u, attr(1).floor_ppm);
	said({"pin", "web", "1", "1-3,^2", "3"});
	EXPECT_EQ(0xAu, vcpu(2, 1).affinity.hard);
	EXPECT_EQ(0x8u, vcpu(2, 1).affinity.soft);
	said({"pin", "web", "all", "2"});
	EXPECT_EQ(0x4u, vcpu(2, 0).affinity.hard);
	EXPECT_EQ(RATION_CPUSET_ALL, vcpu(2, 1).affinity.soft);
	auto all = lines(said({"vcpus", "web"}));
	ASSERT_EQ(3u, all.size());
	EXPECT_NE(std::string::npos, all[2].find("2   all"));
	EXPECT_EQ(5u, lines(said({"vcpus"})).size());
	said({"vcpu", "web", "1", "off"});
	EXPECT_FALSE(vcpu(2, 1).online);
	EXPECT_NE(std::string::npos, said({"vcpus", "web"}).find("off line"));
	said({"vcpu", "web", "1", "on"});
	EXPECT_TRUE(vcpu(2, 1).online);
}

TEST_F(Hvctl, ChangesTheMachine)
{
	said({"cpu", "3", "off"});
	EXPECT_NE(std::string::npos, said({"info"}).find("4, on line 0-2\n"));
	auto all = lines(said({"topology"}));
	ASSERT_EQ(6u, all.size());
	EXPECT_NE(std::string::npos, all[4].find("off line"));
	EXPECT_EQ("Node 0, distances: 10", all[5]);
	said({"cpu", "--force", "2", "off"});
	said({"cpu", "3", "on"});
	EXPECT_EQ(0xBu, server->with([](desk *d) { return ration_cpu_online(d->r); }));
	EXPECT_EQ("credit\n", said({"policy"}));
	said({"policy", "rr", "tslice=5ms"});
	EXPECT_EQ("rr\n", said({"policy"}));
	EXPECT_NE(std::string::npos, said({"info"}).find("Tslice       5 ms\n"));
	said({"policy", "credit"});
	said({"policy", "ratelimit=500us"});
	std::string info = said({"info"});
	EXPECT_NE(std::string::npos, info.find("Ratelimit    500 us\n"));
	EXPECT_NE(std::string::npos, info.find("Policy       credit (of credit sedf rr)\n"));
	EXPECT_NE(std::string::npos, info.find(" weight cap floor"));
	EXPECT_EQ("3\n", said({"create", "name=db", "image=hog", "vcpus=1"}));
	said({"destroy", "db"});
	EXPECT_EQ(std::string::npos, said({"list"}).find("db"));
	said({"shutdown"});
	EXPECT_EQ(1, server->with([](desk *d) { return d->shut_down; }));
	said({"shutdown", "--reset"});
	EXPECT_EQ(2, server->with([](desk *d) { return d->shut_down; }));
}

TEST_F(Hvctl, ShowsTheLedger)
{
	server->with([](desk *d) { desk_run(d, RATION_NS_PER_S); return 0; });
	auto all = lines(said({"ledger"}));
	ASSERT_EQ(3u, all.size());
	EXPECT_EQ(0u, all[0].find("Name (s)  running  offline  affinity    cap"));
	all = lines(said({"ledger", "web"}));
	ASSERT_EQ(RATION_WAIT_COUNT + 5u, all.size());
	EXPECT_EQ(0u, all[1].find("running"));
	EXPECT_NE(std::string::npos, all[1].find("100.0")) << "four vCPUs on four CPUs";
	EXPECT_EQ(0u, all.back().find("in all"));
	EXPECT_EQ(all.size(), lines(said({"ledger", "web", "1"})).size());
	expect(1, "ledger: no vCPU 2", {"ledger", "web", "2"});
}

TEST_F(Hvctl, ReadsAndWritesConsoles)
{
	EXPECT_EQ("hello from web\n", said({"console", "web"}));
	said({"write", "web", "echo", "this"});
	EXPECT_EQ("hello from web\necho this\n", said({"console", "web"}));
	expect(1, "write: it took 100 of 201 bytes", {"write", "web", std::string(200, 'x')});

	/* Follows until it is interrupted, and sends what it reads. */
	write("in", "typed\n");
	pid_t child = start({"--socket", "s", "console", "dom0", "--follow"}, nullptr, "in");
	for (int i = 0; i < 1000 && read(".out") != "hello from dom0\ntyped\n"; i++)
		usleep(10000);
	kill(child, SIGINT);
	EXPECT_EQ(0, wait_for(child)) << err;
	EXPECT_EQ("hello from dom0\ntyped\n", out);
}

TEST_F(Hvctl, WritesALogThatReplays)
{
	server->with([](desk *d) { desk_run(d, 200 * RATION_NS_PER_MS); return 0; });
	said({"weight", "web", "512"});
	EXPECT_EQ(0, ctl({"log", "hv.log", "--for", "300ms"})) << err;
	std::string log = read("hv.log");
	EXPECT_EQ(0u, log.find("RATION\x1A\n"));
	expect(1, "log: the log was read as far as byte " + std::to_string(log.size()) +
	          ", and what was read is gone", {"log", "again.log"});
	EXPECT_EQ(0u, files().count("again.log"));
	server.reset();
	binary = ration;
	EXPECT_EQ(0, run({"replay", "hv.log"})) << err;
	EXPECT_NE(std::string::npos, out.find("web")) << out;
	log[log.size() / 2] = char(log[log.size() / 2] ^ 1);
	write("hv.log", log);
	EXPECT_NE(0, run({"replay", "hv.log"}));
}

/* ---- Refusals -------------------------------------------------------------- */

TEST_F(Hvctl, RefusalsSayWhatWasExpected)
{
	const struct {
		int code;
		const char *text;
		std::vector<std::string> arguments;
	} rows[] = {
		{2, "weight: weight 'many' is no whole number, expected one such as 4", {"weight", "web", "many"}},
		{1, "weight: weight is out of range, expected 1 to 65535", {"weight", "web", "0"}},
		{1, "weight: weight is out of range, expected 1 to 65535", {"weight", "web", "99999999999"}},
		{1, "weight: no domain 'wbe', expected a name or number that `hvctl list` shows", {"weight", "wbe", "1"}},
		{1, "weight: no domain '7', expected a name or number that `hvctl list` shows", {"weight", "7", "1"}},
		{2, "weight: too few arguments, expected: hvctl weight NAME 1..65535", {"weight", "web"}},
		{2, "weight: too many arguments, expected: hvctl weight NAME 1..65535", {"weight", "web", "1", "2"}},
		{2, "sedf: 'slice', expected period=, slice=, latency=, extratime= or weight=", {"sedf", "web", "slice"}},
		{2, "sedf: 'cap=1', expected period=, slice=, latency=, extratime= or weight=", {"sedf", "web", "cap=1"}},
		{1, "sedf: credit, the policy in force, does not honour period, slice", {"sedf", "web", "period=10ms", "slice=1ms"}},
		{1, "floor: CPU 0 lacks 50.0 % of a CPU, at most 100.0 % would fit; held by web", {"floor", "web", "150"}},
		{2, "pin: 'x': at 'x', expected a CPU number, a range such as 0-3, or all", {"pin", "web", "0", "x"}},
		{1, "pin: no CPU is left, expected one at least", {"pin", "web", "0", "1,^1"}},
		{1, "pin: no vCPU 9", {"pin", "web", "9", "1"}},
		{2, "pin: 'every' is no vCPU, expected 0 to 65535", {"pin", "web", "every", "1"}},
		{2, "vcpu: 'maybe', expected on or off", {"vcpu", "web", "0", "maybe"}},
		{1, "cpu: it is on line", {"cpu", "1", "on"}},
		{1, "cpu: no CPU 63", {"cpu", "63", "off"}},
		{2, "cpu: '64' is no CPU, expected 0 to 63", {"cpu", "64", "off"}},
		{1, "policy: no policy of that name, expected credit, sedf or rr", {"policy", "fifo"}},
		{2, "policy: 'slice=1ms', expected tslice= or ratelimit=", {"policy", "rr", "slice=1ms"}},
		{1, "policy: out of range, expected a tslice of 100us to 1s and a ratelimit of 0 to 500ms, not above it", {"policy", "tslice=2s"}},
		{1, "create: no image of that name, expected hog or idle", {"create", "name=x", "image=vmlinuz", "--", "quiet"}},
		{2, "create: too long, expected at most 1023 bytes", {"create", "image=hog", std::string(2000, 'x')}},
		{2, "list: too many arguments, expected: hvctl list ", {"list", "--long"}},
		{2, "log: --for: expected a value", {"log", "x", "--for"}},
		{1, "log: 'no/such/folder': No such file or directory", {"log", "no/such/folder"}},
	};

	said({"pin", "web", "all", "0"});
	for (const auto &row : rows)
		expect(row.code, row.text, row.arguments);
	EXPECT_EQ(256u, attr(2).weight);
}

TEST_F(Hvctl, BadUsage)
{
	const struct {
		const char *text;
		std::vector<std::string> arguments;
	} rows[] = {
		{"hvctl: expected a command; `hvctl --help` lists them\n", {}},
		{"hvctl: no command 'lst', expected one that `hvctl --help` shows\n", {"--socket", "s", "lst"}},
		{"hvctl list: expected --socket PATH, or HVCTL_SOCKET\n", {"list"}},
		{"hvctl: --socket: expected a value\n", {"--socket"}},
		{"hvctl: no option --sck, expected one that --help shows\n", {"--sck", "s", "list"}},
		{"hvctl: --timeout '3', expected 10ms to 1h\n", {"--timeout", "3", "list"}},
		{"hvctl: --timeout '1ms', expected 10ms to 1h\n", {"--timeout", "1ms", "list"}},
	};

	for (const auto &row : rows) {
		EXPECT_EQ(2, run(row.arguments));
		EXPECT_EQ(row.text, err);
	}
	EXPECT_EQ(0, run({"--help"}));
	EXPECT_EQ(0u, out.find("Usage: hvctl"));
	EXPECT_EQ(0, run({"--version"}));
	EXPECT_EQ(0u, out.find("hvctl "));
}

/* ---- Lines that are not sound ----------------------------------------------- */

TEST_F(Hvctl, NobodyIsThere)
{
	write("file", "x");
	EXPECT_EQ(1, run({"--socket", "none", "list"}));
	EXPECT_EQ("hvctl list: 'none': No such file or directory\n", err);
	EXPECT_EQ(1, run({"--socket", "file", "list"}));
	EXPECT_EQ("hvctl list: 'file': expected a socket or a serial line\n", err);
	EXPECT_EQ(1, run({"--socket", "/dev/null", "list"}));
	EXPECT_EQ("hvctl list: '/dev/null': no terminal, expected a socket or a serial line\n", err);
	server.reset();
	EXPECT_EQ(1, run({"--socket", "s", "list"}));
	EXPECT_EQ("hvctl list: 's': Connection refused\n", err);
}

TEST_F(Hvctl, NobodyAnswers)
{
	server->mode = DeskServer::MUTE;
	expect(1, "list: no answer within 300 ms; is another hvctl connected?",
	       {"--timeout", "300ms", "list"});
	server->mode = DeskServer::CUT;
	expect(1, "list: the machine closed the line", {"list"});
	server->mode = DeskServer::SHORT_BODY;
	expect(1, "list: the answer is cut off", {"list"});
	server->mode = DeskServer::OTHER_VERSION;
	expect(1, "list: the machine speaks version 9 of the protocol, expected 1", {"list"});
}

TEST_F(Hvctl, AnswersAreFoundInNoise)
{
	for (DeskServer::Mode mode : { DeskServer::NOISE, DeskServer::DRIP }) {
		server->mode = mode;
		EXPECT_EQ(3u, lines(said({"list"})).size());
	}
	/* What somebody else left unfinished. */
	server->mode = DeskServer::SOUND;
	server->with([](desk *d) {
		ration_control_frame f = {1, RATION_CONTROL_REQUEST, RATION_CONTROL_CREATE, 1, 900,
		                          nullptr};
		uint8_t frame[RATION_CONTROL_HEAD + 900] = {0}, reply[9];
		(void)ration_control_seal(&f, frame);
		EXPECT_EQ(0u, desk_talk(d, frame, 40, reply, sizeof reply));
		return 0;
	});
	EXPECT_EQ(3u, lines(said({"--timeout", "2s", "list"})).size());
}

TEST_F(Hvctl, WorksOverATerminal)
{
	int master, slave;
	char name[256];

	ASSERT_EQ(0, openpty(&master, &slave, name, nullptr, nullptr));
	pid_t child = start({"--socket", name, "policy"});
	for (int i = 0; i < 2000; i++) {
		uint8_t bytes[256], reply[RATION_CONTROL_FRAME_MAX];
		pollfd p = {master, POLLIN, 0};
		int status;

		if (waitpid(child, &status, WNOHANG) == child) {
			EXPECT_EQ(0, WEXITSTATUS(status)) << read(".err");
			break;
		}
		if (poll(&p, 1, 10) <= 0)
			continue;
		ssize_t count = ::read(master, bytes, sizeof bytes);
		size_t size = server->with([&](desk *d) {
			return desk_talk(d, bytes, count > 0 ? size_t(count) : 0, reply, sizeof reply);
		});
		(void)!::write(master, reply, size);
	}
	EXPECT_EQ("credit\n", read(".out"));
	close(master);
	close(slave);
}

} // namespace
