/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * contention.cc - what the calls of the port cost in ns when two threads want
 * the lock at once, with a mutex of POSIX threads and with ration_lock.h.
 *
 * Each thread is the host of half of the CPUs and goes through virtual time as
 * fast as it can, so that the load is that of verb_load.h, wanted many times faster
 * than real.  The port's time is that of the thread that is ahead; the other
 * one finds its events late, and is with it again when it has seen to them.  A
 * vCPU sleeps where it blocked, and runs where the library says.
 *
 * A call's time is from outside of the port, waiting for the lock included;
 * `wait` and `hold` are of each time that the lock was taken.  All of them
 * have the cost of one look at the clock in them, which is printed.
 *
 * CPUs of a hypervisor do not lose their processor with a lock held; threads
 * do.  So they take real-time priority where they may, and of several windows
 * of time the best one counts.  A maximum of milliseconds is that of a thread
 * that was preempted all the same.
 */
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <cinttypes>
#include <queue>
#include <string>
#include <thread>

#include "histogram.h"
#include "verb_load.h"
#include "ration_lock.h"
#include "ration_port.h"
#include "table.h"

namespace {

using namespace load;

enum Call {
	RUN_TIMER,
	RUN_KICK,
	RUN_BLOCK,
	RUN_YIELD,
	CALL_WAKE,
	LOCK_WAIT,
	LOCK_HOLD,
	CALL_COUNT
};
constexpr const char *CALL_NAME[] = { "run, timer", "run, kick", "run, block", "run, yield", "wake",
                                      "lock: wait", "lock: hold" };
enum Lock { MUTEX, TICKET, LOCK_COUNT };
constexpr int WINDOWS = 5;
constexpr const char *LOCK_NAME[] = { "pthread_mutex", "ration_lock" };
constexpr const char *POLICIES[] = { "credit", "sedf", "rr" };
struct Size {
	uint32_t cpus, vcpus[3];
};
constexpr Size SIZES[] = { { 4, { 16, 256, 2048 } }, { 64, { 128, 512, 2048 } } };

uint64_t clock_ns()
{
	return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
		std::chrono::steady_clock::now().time_since_epoch()).count());
}

struct Event {
	ration_ns time_ns;
	uint32_t id, generation;        /* of a CPU: another generation is dead */
	enum { COMPLETION, TIMER, WOKEN } kind;

	bool operator<(const Event &b) const { return time_ns > b.time_ns; }
};

/* One thread: the CPUs whose number has its remainder. */
struct alignas(128) Worker {
	std::atomic<ration_cpuset> kicks{ 0 };
	alignas(128) std::atomic<uint64_t> runs{ 0 };
	ration_ns now_ns = 0;
	std::priority_queue<Event> events;
	histogram took[WINDOWS][CALL_COUNT] = {};
};

/* True: nothing but the kernel and what is more urgent takes the CPU away. */
bool set_priority(int above)
{
	sched_param param = {};

	param.sched_priority = sched_get_priority_min(SCHED_FIFO) + above;
	return pthread_setschedparam(pthread_self(), SCHED_FIFO, &param) == 0;
}

class Host {
public:
	Host(Instance *instance, Lock lock, uint32_t threads, bool is_timed)
		: in_(*instance), kind_(lock), is_timed_(is_timed), workers_(threads),
		  cpus_(instance->cpu_count)
	{
		const ration_port_host calls = { this, host_lock, host_unlock, host_now, host_kick,
		                                 host_timer, host_save, host_pending };

		ration_port_init(&port_, &calls, in_.r, &in_.config);
		in_.fill(&port_.record);
		for (uint32_t i = 0; i < in_.vcpu_count; i++)
			workers_[i % threads].events.push({ 1 + i * 10 * US, i, 0, Event::WOKEN });
	}

	/* Calls of ration_port_run() in a second of the best window, after one to warm up. */
	double run(std::chrono::milliseconds window)
	{
		std::vector<std::thread> threads;
		double best = 0;

		for (Worker &w : workers_)
			threads.emplace_back([this, &w] { loop(&w); });
		std::this_thread::sleep_for(window);
		for (int i = 0; i < WINDOWS; i++) {
			const uint64_t before = runs(), from = clock_ns();

			window_ = is_timed_ ? i : -1;
			std::this_thread::sleep_for(window);
			window_ = -1;
			const uint64_t count = runs() - before;
			const double rate = static_cast<double>(count) * 1e9 /
			                    static_cast<double>(clock_ns() - from);
			if (rate > best) {
				best = rate;
				best_window_ = i;
			}
		}
		is_over_ = true;
		for (std::thread &t : threads)
			t.join();
		must(ration_check(in_.r) == nullptr, "ration_check");
		return best;
	}

	/* In the best window. */
	histogram took(Call call) const
	{
		histogram sum = {};

		for (const Worker &w : workers_)
			histogram_merge(&sum, &w.took[best_window_][call]);
		return sum;
	}

private:
	struct alignas(128) Cpu {
		ration_vcpu *running = nullptr;
		ration_ns since_ns = 0;
		uint32_t completion = 0, timer = 0;      /* generations */
	};

	static thread_local Worker *self_;

	Worker &owner(ration_cpu c) { return workers_[c % workers_.size()]; }

	/* ---- what the port asks for ---- */

	static void host_lock(void *context)
	{
		Host *h = static_cast<Host *>(context);
		const uint64_t from = h->is_timed_ ? clock_ns() : 0;

		if (h->kind_ == MUTEX)
			pthread_mutex_lock(&h->mutex_);
		else
			ration_lock_take(&h->ticket_);
		if (h->is_timed_) {
			h->held_from_ = clock_ns();
			h->add(LOCK_WAIT, h->held_from_ - from);
		}
	}
	static void host_unlock(void *context)
	{
		Host *h = static_cast<Host *>(context);

		if (self_ != nullptr)
			self_->now_ns = h->port_.now_ns;
		if (h->is_timed_)
			h->add(LOCK_HOLD, clock_ns() - h->held_from_);
		if (h->kind_ == MUTEX)
			pthread_mutex_unlock(&h->mutex_);
		else
			ration_lock_release(&h->ticket_);
	}
	static ration_ns host_now(void *) { return self_ != nullptr ? self_->now_ns : 0; }
	static void host_kick(void *context, ration_cpu c)
	{
		static_cast<Host *>(context)->owner(c).kicks.fetch_or(ration_cpuset_of(c));
	}
	static void host_timer(void *context, ration_cpu c, ration_ns at_ns)
	{
		Cpu &cpu = static_cast<Host *>(context)->cpus_[c];

		cpu.timer++;
		if (at_ns != RATION_NEVER)
			self_->events.push({ at_ns, c, cpu.timer, Event::TIMER });
	}
	static void host_save(void *, ration_cpu, ration_vcpu *) {}
	static bool host_pending(void *, ration_vcpu *) { return false; }

	/* ---- a thread ---- */

	void add(Call call, uint64_t ns)
	{
		const int window = window_.load(std::memory_order_relaxed);

		if (window >= 0 && self_ != nullptr)
			histogram_add(&self_->took[window][call], ns);
	}

	void loop(Worker *w)
	{
		self_ = w;
		set_priority(0);
		while (!is_over_.load(std::memory_order_relaxed)) {
			if (w->kicks.load(std::memory_order_relaxed) != 0)
				for (ration_cpuset s = w->kicks.exchange(0); s != 0; s = ration_cpuset_rest(s))
					visit(w, ration_cpuset_first(s), RUN_KICK);
			if (w->events.empty())
				continue;
			const Event e = w->events.top();
			w->events.pop();
			if (is_dead(e))
				continue;
			if (e.time_ns > w->now_ns)
				w->now_ns = e.time_ns;
			handle(w, e);
		}
		self_ = nullptr;
	}

	bool is_dead(const Event &e) const
	{
		return e.kind != Event::WOKEN && e.generation !=
		       (e.kind == Event::TIMER ? cpus_[e.id].timer : cpus_[e.id].completion);
	}

	void handle(Worker *w, const Event &e)
	{
		if (e.kind == Event::TIMER) {
			visit(w, e.id, RUN_TIMER);
		} else if (e.kind == Event::COMPLETION) {
			visit(w, e.id, in_.guest(cpus_[e.id].running).is_blocker ? RUN_BLOCK : RUN_YIELD);
		} else {
			const uint64_t from = is_timed_ ? clock_ns() : 0;

			ration_port_wake(&port_, e.id % in_.cpu_count, in_.guests[e.id].v);
			if (is_timed_)
				add(CALL_WAKE, clock_ns() - from);
		}
	}

	/* CPU c leaves its guest; `why` tells the reason. */
	void visit(Worker *w, ration_cpu c, Call why)
	{
		Cpu &cpu = cpus_[c];
		ration_port_exit exit = { RATION_EXIT_NONE, nullptr };

		if (cpu.running != nullptr && !in_.guest(cpu.running).is_hog()) {
			Guest &g = in_.guest(cpu.running);
			const ration_ns ran = w->now_ns - cpu.since_ns;

			g.left_ns = ran < g.left_ns ? g.left_ns - ran : 0;
			if (why == RUN_BLOCK || why == RUN_YIELD)
				g.left_ns = g.draw(g.run_ns);
			if (why == RUN_BLOCK)
				w->events.push({ w->now_ns + g.draw(g.sleep_ns), ration_vcpu_slot_of(g.v), 0,
				                 Event::WOKEN });
		}
		if (why == RUN_BLOCK)
			exit.why = RATION_EXIT_BLOCK;
		else if (why == RUN_YIELD)
			exit.why = RATION_EXIT_YIELD;
		const uint64_t from = is_timed_ ? clock_ns() : 0;
		cpu.running = ration_port_run(&port_, c, exit);
		if (is_timed_)
			add(why, clock_ns() - from);
		w->runs.store(w->runs.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
		cpu.since_ns = w->now_ns;
		cpu.completion++;
		if (cpu.running != nullptr && !in_.guest(cpu.running).is_hog())
			w->events.push({ w->now_ns + in_.guest(cpu.running).left_ns, c, cpu.completion,
			                 Event::COMPLETION });
	}

	/* Without the lock: a thread that holds it may have to make way for this one. */
	uint64_t runs() const
	{
		uint64_t sum = 0;

		for (const Worker &w : workers_)
			sum += w.runs.load(std::memory_order_relaxed);
		return sum;
	}

	Instance &in_;
	const Lock kind_;
	const bool is_timed_;
	ration_port port_;
	std::vector<Worker> workers_;
	std::vector<Cpu> cpus_;
	alignas(128) pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
	alignas(128) ration_lock ticket_{};
	uint64_t held_from_ = 0;        /* under the lock */
	alignas(128) std::atomic<int> window_{ -1 };     /* -1: nothing is counted */
	std::atomic<bool> is_over_{ false };
	int best_window_ = 0;
};

thread_local Worker *Host::self_;

/* What is known of one policy on one machine. */
struct Result {
	double rate[LOCK_COUNT][2];                  /* by 1 and 2 threads */
	histogram took[LOCK_COUNT][CALL_COUNT];      /* by 2 threads */
};

Result measure(const char *policy, uint32_t cpus, uint32_t vcpus, std::chrono::milliseconds window)
{
	Result result = {};

	for (Lock lock : { MUTEX, TICKET })
		for (uint32_t threads = 1; threads <= 2; threads++) {
			Instance instance(policy, cpus, vcpus);
			Host host(&instance, lock, threads, false);

			result.rate[lock][threads - 1] = host.run(window);
		}
	for (Lock lock : { MUTEX, TICKET }) {
		Instance instance(policy, cpus, vcpus);
		Host host(&instance, lock, 2, true);

		host.run(window);
		for (int call = 0; call < CALL_COUNT; call++)
			result.took[lock][call] = host.took(static_cast<Call>(call));
	}
	return result;
}

void print_calls(const Size &size, Lock lock, const Result (&result)[3][3])
{
	const page page = page_of(stdout);
	char group[3][32];
	table t = {};

	table_add_column(&t, nullptr, "policy", TABLE_LEFT);
	table_add_column(&t, nullptr, "call", TABLE_LEFT);
	for (int i = 0; i < 3; i++) {
		std::snprintf(group[i], sizeof(group[i]), "%u vCPUs", size.vcpus[i]);
		for (const char *name : { "mean", "p99", "max" })
			table_add_column(&t, group[i], name, TABLE_RIGHT);
	}
	for (int p = 0; p < 3; p++)
		for (int call = 0; call < CALL_COUNT; call++) {
			table_add_cell(&t, STYLE_PLAIN, "%s", POLICIES[p]);
			table_add_cell(&t, STYLE_PLAIN, "%s", CALL_NAME[call]);
			for (const Result &r : result[p]) {
				const histogram &h = r.took[lock][call];

				table_add_cell(&t, STYLE_PLAIN, "%" PRIu64, h.count == 0 ? 0 : h.sum / h.count);
				table_add_cell(&t, STYLE_PLAIN, "%" PRIu64, histogram_quantile(&h, 990000));
				table_add_cell(&t, STYLE_DIM, "%" PRIu64, h.max);
			}
		}
	std::printf("%u CPUs, %s: ns a call, 2 threads\n\n", size.cpus, LOCK_NAME[lock]);
	table_print(&t, &page);
	std::printf("\n");
	table_free(&t);
}

void print_rates(const Result (&result)[2][3][3])
{
	const page page = page_of(stdout);
	table t = {};

	table_add_column(&t, nullptr, "policy", TABLE_LEFT);
	table_add_column(&t, nullptr, "CPUs", TABLE_RIGHT);
	table_add_column(&t, nullptr, "vCPUs", TABLE_RIGHT);
	for (const char *lock : LOCK_NAME)
		for (const char *name : { "1 thread", "2 threads" })
			table_add_column(&t, lock, name, TABLE_RIGHT);
	for (int p = 0; p < 3; p++)
		for (int s = 0; s < 2; s++)
			for (int i = 0; i < 3; i++) {
				table_add_cell(&t, STYLE_PLAIN, "%s", POLICIES[p]);
				table_add_cell(&t, STYLE_PLAIN, "%u", SIZES[s].cpus);
				table_add_cell(&t, STYLE_PLAIN, "%u", SIZES[s].vcpus[i]);
				for (const double (&rate)[2] : result[s][p][i].rate)
					for (double value : rate)
						table_add_cell(&t, STYLE_PLAIN, "%.0f", value / 1e3);
			}
	std::printf("Decisions (calls of ration_port_run) under the port's lock, thousands a second, with\n"
	            "wake-ups and the host's own work in between\n\n");
	table_print(&t, &page);
	std::printf("\n");
	table_free(&t);
}

/* For lock_model.sh: what to simulate. */
void print_holds(const Result (&result)[3][3])
{
	std::printf("mean hold ns at 64 CPUs:");
	for (int p = 0; p < 3; p++) {
		const histogram &h = result[p][2].took[TICKET][LOCK_HOLD];

		std::printf(" %s %" PRIu64, POLICIES[p], h.count == 0 ? 0 : h.sum / h.count);
	}
	std::printf("\n");
}

}

int main(int argc, char **argv)
{
	static Result result[2][3][3];
	const std::chrono::milliseconds window(argc > 1 ? std::atoi(argv[1]) : 25);
	const uint64_t from = clock_ns();
	constexpr int LOOKS = 100000;

	for (int i = 1; i < LOOKS; i++)
		clock_ns();
	std::printf("a look at the clock: %" PRIu64 " ns; %s real-time priority\n\n",
	            (clock_ns() - from) / LOOKS, set_priority(1) ? "with" : "without");
	for (int s = 0; s < 2; s++) {
		for (int p = 0; p < 3; p++)
			for (int i = 0; i < 3; i++)
				result[s][p][i] = measure(POLICIES[p], SIZES[s].cpus, SIZES[s].vcpus[i], window);
		for (Lock lock : { MUTEX, TICKET })
			print_calls(SIZES[s], lock, result[s]);
	}
	print_rates(result);
	print_holds(result[1]);
	return 0;
}
