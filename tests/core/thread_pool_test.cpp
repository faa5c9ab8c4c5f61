#include "core/thread_pool.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <cmath>
#include <fstream>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/draw.hpp"
#include "core/error.hpp"

namespace fringe {
namespace {

TEST(ThreadPool, RunsEveryTaskOnceAndNoWorkerTwiceAtATime) {
  for (const unsigned threads : {1u, 2u, 3u}) {
    ThreadPool pool(threads);
    ASSERT_EQ(pool.size(), threads);
    for (const std::size_t tasks : {0u, 1u, 2u, 1000u}) {
      std::vector<std::atomic<int>> runs(tasks), occupied(threads);
      std::atomic<bool> clash = false;
      pool.run(tasks, [&](std::size_t task, unsigned worker) {
        if (worker >= threads || occupied[worker].exchange(1) != 0) clash = true;
        ++runs[task];
        occupied[worker] = 0;
      });
      EXPECT_FALSE(clash);
      for (const auto& count : runs) EXPECT_EQ(count, 1);
    }
  }
  EXPECT_GE(ThreadPool(0).size(), 1u);
}

// Magnitudes of 2^±30 make every order of additions round differently.
TEST(ThreadPool, OrderedSumHasEqualBitsForAnyThreadCount) {
  constexpr std::size_t count = 10007, block = 64;
  std::vector<float> z(count);
  fill_normal(z, {.seed = 5});
  std::vector<double> x(count);
  for (std::size_t i = 0; i < count; ++i)
    x[i] = std::ldexp(static_cast<double>(z[i]), static_cast<int>(i * 7919 % 61) - 30);
  const auto part = [&](std::size_t begin, std::size_t end) {
    return std::accumulate(x.begin() + static_cast<std::ptrdiff_t>(begin),
                           x.begin() + static_cast<std::ptrdiff_t>(end), 0.0);
  };
  double expected = 0;
  for (std::size_t b = 0; b < count; b += block) expected += part(b, std::min(count, b + block));
  ASSERT_NE(std::bit_cast<std::uint64_t>(expected), std::bit_cast<std::uint64_t>(part(0, count)));
  for (const unsigned threads : {1u, 2u, 3u}) {
    ThreadPool pool(threads);
    for (int repeat = 0; repeat < 20; ++repeat)
      EXPECT_EQ(std::bit_cast<std::uint64_t>(ordered_sum(pool, count, block, part)),
                std::bit_cast<std::uint64_t>(expected));
  }
  ThreadPool pool(2);
  EXPECT_EQ(ordered_sum(pool, 0, block, part), 0.0);
}

TEST(ThreadPool, RethrowsTheLowestTasksException) {
  for (const unsigned threads : {1u, 2u, 3u}) {
    ThreadPool pool(threads);
    for (int repeat = 0; repeat < 50; ++repeat) {
      std::string message;
      try {
        pool.run(64, [](std::size_t task, unsigned) {
          if (task % 8 == 5) throw std::runtime_error(std::to_string(task));
        });
      } catch (const std::runtime_error& e) {
        message = e.what();
      }
      EXPECT_EQ(message, "5");
    }
    std::atomic<int> after = 0;
    pool.run(10, [&](std::size_t, unsigned) { ++after; });
    EXPECT_EQ(after, 10);
  }
}

// Room for the stacks of some of 4096 threads: those that start must end again.
TEST(ThreadPool, SaysHowManyThreadsTheSystemRefuses) {
#ifdef FRINGE_SANITIZED
  GTEST_SKIP() << "the sanitizer needs the address space that this test takes away";
#endif
  const auto ask_for_too_many = [] {
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlim_t bytes = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + (rlim_t{256} << 20);
    const rlimit limit{bytes, bytes};
    setrlimit(RLIMIT_AS, &limit);
    alarm(60);  // a pool that waits for ever fails
    try {
      ThreadPool pool(4096);
    } catch (const Error& error) {
      _exit(std::string(error.what()).find("4096") != std::string::npos ? 0 : 1);
    }
    _exit(2);
  };
  EXPECT_EXIT(ask_for_too_many(), testing::ExitedWithCode(0), "");
}

TEST(ThreadPool, ANestedRunStaysOnItsWorker) {
  for (const unsigned threads : {1u, 3u}) {
    ThreadPool pool(threads);
    std::vector<std::vector<int>> runs(20, std::vector<int>(30));
    std::atomic<bool> moved = false;
    pool.run(20, [&](std::size_t outer, unsigned worker) {
      const auto thread = std::this_thread::get_id();
      pool.run(30, [&](std::size_t inner, unsigned nested_worker) {
        if (nested_worker != worker || std::this_thread::get_id() != thread) moved = true;
        ++runs[outer][inner];
      });
    });
    EXPECT_FALSE(moved);
    EXPECT_EQ(runs, std::vector(20, std::vector<int>(30, 1)));
  }
}

TEST(ThreadPool, ACallFromAnotherThreadWaitsItsTurn) {
  ThreadPool pool(2);
  std::atomic<int> inside = 0, total = 0;
  std::atomic<bool> overlap = false;
  const auto caller = [&](int sign) {
    for (int repeat = 0; repeat < 50; ++repeat)
      pool.run(16, [&](std::size_t, unsigned) {
        const int before = inside.fetch_add(sign);
        if (before * sign < 0) overlap = true;
        ++total;
        inside.fetch_sub(sign);
      });
  };
  std::thread other([&] { caller(1); });
  caller(-1);
  other.join();
  EXPECT_FALSE(overlap);
  EXPECT_EQ(total, 2 * 50 * 16);
}

}  // namespace
}  // namespace fringe
