// A vector whose numbers begin where a cache line does: else wide loads and stores meet two lines each, and
// threads share lines at the ends.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace fringe {

template <class T>
struct FromCacheLine {
  using value_type = T;
  static constexpr std::align_val_t line{64};

  FromCacheLine() = default;
  template <class Other>
  FromCacheLine(const FromCacheLine<Other>&) {}
  T* allocate(std::size_t count) { return static_cast<T*>(::operator new(count * sizeof(T), line)); }
  void deallocate(T* p, std::size_t) { ::operator delete(p, line); }
  bool operator==(const FromCacheLine&) const { return true; }
};

template <class T>
using AlignedVector = std::vector<T, FromCacheLine<T>>;

}  // namespace fringe
