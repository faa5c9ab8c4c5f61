// Scratch memory of the calling thread.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace fringe {

/// At least `count` Reals, aligned to 64 bytes, valid until this thread's next call with the same Real. Grows
/// to the largest request of its thread and is then reused: steady work allocates nothing.
template <class Real>
Real* thread_scratch(std::size_t count) {
  struct Free {
    void operator()(Real* p) const { ::operator delete (p, std::align_val_t{64}); }
  };
  thread_local std::unique_ptr<Real, Free> memory;
  thread_local std::size_t capacity = 0;
  if (count > capacity) {
    memory.reset(static_cast<Real*>(::operator new (count * sizeof(Real), std::align_val_t{64})));
    capacity = count;
  }
  return memory.get();
}

}  // namespace fringe
