/* SPDX-License-Identifier: BSD-2-Clause */
/* desk_server.h - a desk behind a Unix socket, as QEMU puts a serial line there. */
#ifndef DESK_SERVER_H
#define DESK_SERVER_H

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "control_desk.h"

class DeskServer {
public:
	enum Mode {
		SOUND,
		MUTE,              /* takes requests and says nothing */
		DRIP,              /* one byte at a time */
		NOISE,             /* something else before each answer, and an answer to another */
		CUT,               /* half an answer, then the line is closed */
		SHORT_BODY,        /* sound frames whose bodies end too early */
		OTHER_VERSION
	};

	explicit DeskServer(const std::string &path, uint32_t cpus = 4,
	                    const ration_topology *topology = nullptr)
		: desk(std::make_unique<struct desk>())
	{
		sockaddr_un address = {};

		desk_open(desk.get(), cpus, topology);
		desk_create(desk.get(), "name=dom0 image=hog vcpus=2 weight=512");
		desk_create(desk.get(), "name=web image=hog vcpus=2");
		listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		address.sun_family = AF_UNIX;
		std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
		EXPECT_EQ(0, bind(listener, reinterpret_cast<sockaddr *>(&address), sizeof address));
		EXPECT_EQ(0, listen(listener, 5));
		thread = std::thread([this] { serve(); });
	}
	~DeskServer()
	{
		stop = true;
		thread.join();
		close(listener);
		desk_close(desk.get());
	}

	/* The desk, while the server does nothing to it. */
	template <typename Function> auto with(Function function)
	{
		std::lock_guard<std::mutex> guard(lock);
		return function(desk.get());
	}

	std::atomic<Mode> mode{SOUND};

private:
	std::unique_ptr<struct desk> desk;
	std::mutex lock;
	std::atomic<bool> stop{false};
	std::thread thread;
	int listener;

	static bool wait(int fd)
	{
		pollfd p = {fd, POLLIN, 0};

		return poll(&p, 1, 5) > 0;
	}
	void serve()
	{
		while (!stop) {
			int peer = wait(listener) ? accept4(listener, nullptr, nullptr, SOCK_CLOEXEC) : -1;

			if (peer < 0)
				continue;
			converse(peer);
			close(peer);
		}
	}
	void converse(int peer)
	{
		uint8_t bytes[512];

		while (!stop) {
			std::vector<uint8_t> reply(4 * RATION_CONTROL_FRAME_MAX);
			ssize_t count = wait(peer) ? read(peer, bytes, sizeof bytes) : -1;

			if (count == 0)
				return;
			std::lock_guard<std::mutex> guard(lock);
			desk_run(desk.get(), RATION_NS_PER_MS);
			if (count < 0)
				continue;
			reply.resize(desk_talk(desk.get(), bytes, size_t(count), reply.data(), reply.size()));
			if (!reply.empty() && !answer(peer, reply))
				return;
		}
	}
	static void reseal(std::vector<uint8_t> &reply, uint32_t version, uint32_t id, uint32_t length)
	{
		ration_control_frame f = {version, RATION_CONTROL_ANSWER,
		                          uint32_t(reply[6] | reply[7] << 8), id, length, nullptr};

		reply.resize(RATION_CONTROL_HEAD + length);
		(void)ration_control_seal(&f, reply.data());
	}
	bool answer(int peer, std::vector<uint8_t> reply)
	{
		uint32_t id;

		std::memcpy(&id, &reply[8], 4);
		switch (mode) {
		case MUTE:
			return true;
		case DRIP:
			for (uint8_t byte : reply)
				(void)!send(peer, &byte, 1, MSG_NOSIGNAL);
			return true;
		case NOISE: {
			std::vector<uint8_t> other = reply;
			reseal(other, 1, id + 1, 4);
			(void)!send(peer, "\xA7RC\xA7RCT noise", 13, MSG_NOSIGNAL);
			(void)!send(peer, other.data(), other.size(), MSG_NOSIGNAL);
			break;
		}
		case CUT:
			(void)!send(peer, reply.data(), reply.size() / 2, MSG_NOSIGNAL);
			return false;
		case SHORT_BODY:
			reseal(reply, 1, id, reply.size() > 300 ? 200 : 3);
			break;
		case OTHER_VERSION:
			reseal(reply, 9, id, uint32_t(reply.size() - RATION_CONTROL_HEAD));
			break;
		default:
			break;
		}
		(void)!send(peer, reply.data(), reply.size(), MSG_NOSIGNAL);
		return true;
	}
};

#endif
