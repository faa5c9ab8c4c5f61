// Neighbouring numbers at once. All results are there before the first is stored: then they may be vectors,
// whatever they were computed from; where a store might change an operand of the next number they may not.
#pragma once

#include <cstddef>

#include "core/host_device.hpp"

namespace fringe::kernels {

using Index = std::ptrdiff_t;

/// Calls for a cache line ahead of its use; a device has other threads to go on with meanwhile.
template <bool write>
FRINGE_INLINE void prefetch([[maybe_unused]] const void* address) {
#if !defined(__CUDA_ARCH__)
  __builtin_prefetch(address, write ? 1 : 0);
#endif
}

/// to[l] = f(l) for l < lanes.
template <int lanes, class F>
FRINGE_INLINE void store(float* to, const F& f) {
  float results[lanes];
  for (int l = 0; l < lanes; ++l) results[l] = f(l);
  for (int l = 0; l < lanes; ++l) to[l] = results[l];
}

/// to[k] = f(k) for k < count, in blocks of 16, 8, 4, then one: short counts don't pay for a call.
template <class F>
FRINGE_INLINE void assign(float* to, Index count, const F& f) {
  Index k = 0;
  for (; k + 16 <= count; k += 16) store<16>(to + k, [&](int l) FRINGE_INLINE_LAMBDA { return f(k + l); });
  for (; k + 8 <= count; k += 8) store<8>(to + k, [&](int l) FRINGE_INLINE_LAMBDA { return f(k + l); });
  for (; k + 4 <= count; k += 4) store<4>(to + k, [&](int l) FRINGE_INLINE_LAMBDA { return f(k + l); });
  for (; k < count; ++k) to[k] = f(k);
}

}  // namespace fringe::kernels
