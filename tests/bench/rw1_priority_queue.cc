/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rw1_priority_queue.cc - reference workload RW-1, mode A, without the library:
 * round robin by hand over a std::priority_queue with lazy cancellation.
 *
 * It is an independent check of the figures that tests/unit/test_sim_reference
 * expects, and what `make bench` measures the simulator against: no policy
 * interface, no validation, no ledger, one queue of fixed size per CPU.
 */
#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <queue>
#include <vector>

namespace {

constexpr uint32_t CPUS = 64, CLASSES = 4, VCPUS = CPUS * CLASSES;
constexpr uint64_t MS = 1000000, QUANTUM = 10 * MS, END = 60000 * MS, ENDLESS = UINT64_MAX;
enum { HOG, PERIODIC, INTERACTIVE, BATCH };

struct Event {
	uint64_t time;
	uint32_t order;          /* CPU c: c; vCPU v: CPUS + v */
	uint32_t generation;     /* of a CPU: an older one is dead */

	bool operator<(const Event &b) const
	{
		return time != b.time ? time > b.time : order > b.order;
	}
};

struct Vcpu {
	uint64_t random, left, runnable_since, woken, release, pending;
	bool queued, sampled;
};

struct Cpu {
	Vcpu *ring[CLASSES + 1];
	uint32_t head, count, generation;
	Vcpu *current;
	uint64_t dispatched;
};

struct Figures {
	uint64_t run, wait, wakes, wake_max, jobs, misses;
	uint64_t bucket[1024];
};

struct Model {
	std::priority_queue<Event> events;
	std::vector<Vcpu> vcpu{VCPUS};
	std::vector<Cpu> cpu{CPUS};
	std::vector<Figures> figures{CLASSES};
	uint64_t now = 0, event_count = 0, dispatches = 0;

	uint32_t number(const Vcpu *v) const { return static_cast<uint32_t>(v - vcpu.data()); }
	Figures &of(const Vcpu *v) { return figures[number(v) / CPUS]; }
	void push_wake(const Vcpu *v, uint64_t at) { events.push({at, CPUS + number(v), 0}); }
	void enqueue(Cpu &c, Vcpu *v);
	void dispatch(Cpu &c);
	void complete(Cpu &c, Vcpu *v);
	void cpu_event(uint32_t id, uint32_t generation);
	void wake(Vcpu *v);
	void wake_event(Vcpu *v);
	void start();
	void run();
};

uint64_t splitmix(uint64_t &s)
{
	uint64_t z = s += 0x9E3779B97F4A7C15u;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

/* Five significant bits: their value, and the number of bits behind them. */
uint32_t bucket_of(uint64_t ns)
{
	uint32_t shift = ns < 32 ? 0 : 59 - static_cast<uint32_t>(__builtin_clzll(ns));

	return shift * 16 + static_cast<uint32_t>(ns >> shift);
}

uint64_t floor_of(uint32_t bucket)
{
	return bucket < 32 ? bucket : static_cast<uint64_t>(16 + bucket % 16) << (bucket / 16 - 1);
}

uint64_t p99(const Figures &f)
{
	uint64_t seen = 0;

	for (uint32_t i = 0; i < 1024; i++) {
		seen += f.bucket[i];
		if (seen * 100 >= f.wakes * 99 && seen != 0)
			return floor_of(i);
	}
	return 0;
}

void Model::enqueue(Cpu &c, Vcpu *v)
{
	uint32_t at = c.head + c.count++;

	c.ring[at > CLASSES ? at - CLASSES - 1 : at] = v;
	v->runnable_since = now;
	v->queued = true;
}

void Model::dispatch(Cpu &c)
{
	Vcpu *v;

	c.current = nullptr;
	if (c.count == 0)
		return;
	v = c.ring[c.head];
	c.head = c.head == CLASSES ? 0 : c.head + 1;
	c.count--;
	c.current = v;
	c.dispatched = now;
	dispatches++;
	v->queued = false;
	Figures &f = of(v);
	f.wait += now - v->runnable_since;
	if (!v->sampled) {
		uint64_t latency = now - v->woken;

		v->sampled = true;
		f.wakes++;
		f.bucket[bucket_of(latency)]++;
		if (latency > f.wake_max)
			f.wake_max = latency;
	}
	events.push({now + (v->left < QUANTUM ? v->left : QUANTUM),
	             static_cast<uint32_t>(&c - cpu.data()), ++c.generation});
}

void Model::complete(Cpu &c, Vcpu *v)
{
	Figures &f = of(v);

	switch (number(v) / CPUS) {
	case PERIODIC:
		f.jobs++;
		if (now > v->release + 10 * MS)
			f.misses++;
		if (v->pending != 0) {
			v->pending--;
			v->release += 10 * MS;
			v->left = MS;
			enqueue(c, v);
		}
		break;
	case INTERACTIVE:
		push_wake(v, now + 500000 + splitmix(v->random) % 3000001);
		break;
	case BATCH:
		push_wake(v, now + 30 * MS);
		break;
	}
}

void Model::cpu_event(uint32_t id, uint32_t generation)
{
	Cpu &c = cpu[id];
	Vcpu *v = c.current;
	uint64_t ran = now - c.dispatched;

	if (generation != c.generation)
		return;                  /* cancelled */
	event_count++;
	of(v).run += ran;
	if (v->left != ENDLESS)
		v->left -= ran;
	c.current = nullptr;
	if (v->left == 0)
		complete(c, v);
	else
		enqueue(c, v);
	dispatch(c);
}

void Model::wake(Vcpu *v)
{
	Cpu &c = cpu[number(v) % CPUS];

	v->woken = now;
	v->sampled = false;
	enqueue(c, v);
	if (c.current == nullptr)
		dispatch(c);
}

void Model::wake_event(Vcpu *v)
{
	event_count++;
	switch (number(v) / CPUS) {
	case HOG:
		v->left = ENDLESS;
		wake(v);
		break;
	case PERIODIC:
		push_wake(v, now + 10 * MS);
		if (v->queued || cpu[number(v) % CPUS].current == v) {
			v->pending++;
			break;
		}
		v->release = now;
		v->left = MS;
		wake(v);
		break;
	case INTERACTIVE:
		v->left = 100000 + splitmix(v->random) % 800001;
		wake(v);
		break;
	case BATCH:
		v->left = 20 * MS;
		wake(v);
		break;
	}
}

void Model::start()
{
	for (uint64_t i = 0; i < VCPUS; i++) {
		uint64_t h = i % CPUS;
		uint64_t first[CLASSES] = {0, h % 100 * 100000, h * 10000, h * 777777 % (30 * MS)};

		vcpu[i].random = i + 1;
		push_wake(&vcpu[i], first[i / CPUS]);
	}
}

void Model::run()
{
	while (!events.empty() && events.top().time < END) {
		Event e = events.top();

		events.pop();
		now = e.time;
		if (e.order < CPUS)
			cpu_event(e.order, e.generation);
		else
			wake_event(&vcpu[e.order - CPUS]);
	}
}

}

int main(int argc, char **argv)
{
	bool is_brief = argc > 1 && argv[1][0] == '-';   /* -q: the figure that bench.sh reads */
	Model m;

	m.start();
	auto from = std::chrono::steady_clock::now();
	m.run();
	double s = std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();

	if (is_brief) {
		std::printf("%.0f\n", static_cast<double>(m.event_count) / s);
		return 0;
	}
	std::printf("%" PRIu64 " events, %" PRIu64 " dispatches, %.3f s, %.0f events/s\n",
	            m.event_count, m.dispatches, s, static_cast<double>(m.event_count) / s);
	std::printf("%-5s %15s %15s %8s %10s %10s %8s %8s\n", "class", "run ns", "wait ns", "wakes",
	            "max ns", "p99 ns", "jobs", "misses");
	for (uint32_t k = 0; k < CLASSES; k++) {
		const Figures &f = m.figures[k];

		std::printf("%-5u %15" PRIu64 " %15" PRIu64 " %8" PRIu64 " %10" PRIu64 " %10" PRIu64
		            " %8" PRIu64 " %8" PRIu64 "\n", k, f.run, f.wait, f.wakes, f.wake_max, p99(f),
		            f.jobs, f.misses);
	}
	return 0;
}
