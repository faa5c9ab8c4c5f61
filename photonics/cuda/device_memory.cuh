// Memory of the GPU's mesh engines: it grows, is reused, and is given back with its owner.
//
// Work is queued on the caller's stream and memory is the default stream's (executor_cuda.cu), two orders
// that do not know of each other where a stream is non-blocking. So whoever replaces memory or what stands in
// it waits for the device first, and again before others may use the new one. That is dear and rare: in the
// steady state sizes repeat, nothing grows, and no launch waits. Contents of a buffer that grows are not
// kept: whoever asks for it fills it anew.
#pragma once

#include <vector>

#include "core/cuda_support.cuh"
#include "core/tensor.hpp"

namespace fringe::device {

/// All that was queued on any stream, and all copies, have ended.
inline void settle(const char* what) { check(cudaDeviceSynchronize(), what); }

template <class T>
void reserve(Executor& cuda, Buffer<T>& buffer, std::size_t count) {
  if (buffer.size() >= count) return;
  settle("memory");  // launches on any stream may use what is there
  buffer = Buffer<T>(cuda, count);
  settle("memory");  // what the default stream allocates, others may use from here on
}

/// The caller settles before and behind: launches on other streams wait for neither.
template <class T>
void upload(Executor& cuda, Buffer<T>& to, const std::vector<T>& from) {
  if (to.size() < from.size()) to = Buffer<T>(cuda, from.size());
  if (!from.empty()) cuda.copy_from_host(to.data(), from.data(), from.size() * sizeof(T));
}

}  // namespace fringe::device
