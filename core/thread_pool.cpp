#include "core/thread_pool.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.hpp"

namespace fringe {
namespace {
// The pool whose task this thread is in, and as which worker.
thread_local const void* current_pool = nullptr;
thread_local unsigned current_worker = 0;

// Waking a thread takes longer than many a run, on a virtual machine whose processor has halted up to a
// millisecond: a thread that comes so late finds its share done, and would sleep again before the next run.
// Whoever waits looks for tens of microseconds, then for milliseconds in which it lets others run, before it
// sleeps.
constexpr int looks = 1000;
constexpr std::chrono::milliseconds patience{5};
template <class Condition>
void look_for(Condition&& met) {
  for (int i = 0; i < looks; ++i) {
    if (met()) return;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!met() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
}
}  // namespace

struct ThreadPool::State {
  // A line of the cache passes between two cores in 70 to 250 ns, a short run's percents: what one side
  // writes while the other looks has a line of its own.
  static constexpr std::size_t line = 64;

  std::mutex run_mutex;  // one run at a time
  std::mutex mutex;
  std::condition_variable wake, done;
  std::size_t failed_task = 0;
  std::exception_ptr failure;
  // A worker takes its share first, then what is left of others'. Equal runs one after the other then find a
  // task's memory in the cache of the same core. Whoever has taken a task may read the rest: the run lasts
  // until it is finished.
  struct alignas(line) Share {
    std::atomic<std::size_t> untaken = 0;
    std::size_t end = 0;
    const std::function<void(std::size_t, unsigned)>* task = nullptr;
  };
  std::vector<Share> shares;
  // Changed with the mutex held; looked at without it.
  alignas(line) std::atomic<unsigned long> generation = 0;
  std::atomic<bool> stop = false;
  alignas(line) std::atomic<std::size_t> unfinished = 0;
  // Only who sleeps is woken: a mutex that both sides reach for at the end of a run costs microseconds.
  alignas(line) std::atomic<bool> caller_sleeps = false;
  std::vector<std::jthread> threads;  // last: they end before what they wait on

  void work(unsigned worker) {
    const void* outer_pool = std::exchange(current_pool, this);
    const unsigned outer_worker = std::exchange(current_worker, worker);
    for (std::size_t k = 0; k < shares.size(); ++k) {
      const std::size_t share = (worker + k) % shares.size();
      Share& from = shares[share];
      for (std::size_t left = from.untaken; left > 0;) {
        if (!from.untaken.compare_exchange_weak(left, left - 1)) continue;
        finish(*from.task, from.end - left, worker);
        left = from.untaken;
      }
    }
    current_pool = outer_pool;
    current_worker = outer_worker;
  }

  void finish(const std::function<void(std::size_t, unsigned)>& task, std::size_t i, unsigned worker) {
    try {
      task(i, worker);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure || i < failed_task) {
        failure = std::current_exception();
        failed_task = i;
      }
    }
    if (unfinished.fetch_sub(1) == 1 && caller_sleeps) {
      const std::lock_guard lock(mutex);
      done.notify_one();
    }
  }

  void serve(unsigned worker) {
    unsigned long seen = 0;
    for (;;) {
      look_for([&] { return stop || generation != seen; });
      if (!stop && generation == seen) {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return stop || generation != seen; });
      }
      if (stop) return;
      seen = generation;
      work(worker);
    }
  }

  // Without it the threads wait for work for ever.
  ~State() {
    {
      const std::lock_guard lock(mutex);
      stop = true;
    }
    wake.notify_all();
  }
};

ThreadPool::ThreadPool(unsigned threads) : state_(std::make_unique<State>()) {
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  State* s = state_.get();
  try {
    s->shares = std::vector<State::Share>(threads);
    s->threads.reserve(threads);
    for (unsigned worker = 1; worker < threads; ++worker)
      s->threads.emplace_back([s, worker] { s->serve(worker); });
  } catch (const std::system_error& error) {
    state_.reset();  // ends those that started
    throw Error("threads: the system refuses to start " + std::to_string(threads) + ": " +
                error.code().message());
  }
}

ThreadPool::~ThreadPool() = default;

unsigned ThreadPool::size() const noexcept { return static_cast<unsigned>(state_->threads.size()) + 1; }

void ThreadPool::run(std::size_t tasks, const std::function<void(std::size_t, unsigned)>& task) {
  State& s = *state_;
  const bool nested = current_pool == &s;
  if (nested || s.threads.empty() || tasks <= 1) {
    const unsigned worker = nested ? current_worker : 0;
    for (std::size_t i = 0; i < tasks; ++i) task(i, worker);
    return;
  }
  const std::lock_guard run_lock(s.run_mutex);
  {
    const std::lock_guard lock(s.mutex);
    s.failure = nullptr;
    s.unfinished.store(tasks, std::memory_order_relaxed);
    const auto first_task = [&](std::size_t share) { return tasks * share / s.shares.size(); };
    for (std::size_t k = 0; k < s.shares.size(); ++k) {
      State::Share& share = s.shares[k];
      share.task = &task;
      share.end = first_task(k + 1);
      // The last: from here on a thread that is late for an earlier run may take one.
      share.untaken.store(share.end - first_task(k), std::memory_order_release);
    }
    ++s.generation;
  }
  s.wake.notify_all();
  s.work(0);
  // A thread that has not woken yet is not waited for: its share is done.
  look_for([&] { return s.unfinished == 0; });
  if (s.unfinished != 0) {
    std::unique_lock lock(s.mutex);
    s.caller_sleeps = true;  // ahead of the look at what is unfinished, as others look the other way round
    s.done.wait(lock, [&] { return s.unfinished == 0; });
    s.caller_sleeps = false;
  }
  if (s.failure) std::rethrow_exception(s.failure);
}

double ordered_sum(ThreadPool& pool, std::size_t count, std::size_t block,
                   const std::function<double(std::size_t, std::size_t)>& part) {
  const std::size_t blocks = (count + block - 1) / block;
  std::vector<double> sums(blocks);
  pool.run(blocks,
           [&](std::size_t b, unsigned) { sums[b] = part(b * block, std::min(count, (b + 1) * block)); });
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

}  // namespace fringe
