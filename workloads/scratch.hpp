// Memory for the length of one operator, kept for the next.
#pragma once

#include <array>
#include <cstddef>

#include "core/tensor.hpp"

namespace fringe {

class Scratch {
 public:
  explicit Scratch(Executor& executor) : executor_(&executor) {}
  /// Place `which` with at least so many numbers; what lay there is lost where it must grow.
  float* at(std::size_t which, std::size_t numbers) {
    Buffer<float>& buffer = buffers_[which];
    if (buffer.size() < numbers) buffer = Buffer<float>(*executor_, numbers);
    return buffer.data();
  }

 private:
  Executor* executor_;
  std::array<Buffer<float>, 4> buffers_;
};

}  // namespace fringe
