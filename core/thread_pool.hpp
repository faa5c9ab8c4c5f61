// A pool of threads that runs numbered tasks. Results must depend on the task's number only, never on the
// worker: then any thread count gives the same bits.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace fringe {

class ThreadPool {
 public:
  /// `threads` ≥ 1 workers including the caller; 0 means one per hardware thread. Throws Error where the
  /// system refuses to start that many.
  explicit ThreadPool(unsigned threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  unsigned size() const noexcept;

  /// Runs task(i, worker) for i in [0, tasks), worker < size(). Returns when all are done. The exception of
  /// the lowest-numbered task that threw is rethrown. A call from inside a task of the same pool runs
  /// serially on its worker.
  void run(std::size_t tasks, const std::function<void(std::size_t task, unsigned worker)>& task);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Σ of part(begin, end) over fixed blocks of `block` indices, added in index order: equal bits for any
/// thread count.
double ordered_sum(ThreadPool& pool, std::size_t count, std::size_t block,
                   const std::function<double(std::size_t begin, std::size_t end)>& part);

}  // namespace fringe
