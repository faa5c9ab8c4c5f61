// Values of [numbers × batch] as one matrix for each sample, and back: what products of two activations need.
#pragma once

#include "workloads/kernels_elementwise.hpp"

namespace fringe::kernels {

/// packed[(head·batch + b)·numbers + i] ↔ value[(head·numbers + i)·batch + b]. A site is 16 numbers of a
/// head, whole cache lines on both sides.
template <bool packs>
struct PerSample {
  static constexpr std::size_t block = 16;
  const float* from;
  float* to;
  std::size_t numbers, batch, blocks;
  FRINGE_INLINE void span(std::size_t site, std::size_t begin, std::size_t end) const {
    const std::size_t first = site % blocks * block, head = site / blocks * numbers * batch;
    const std::size_t count = first + block < numbers ? block : numbers - first;
    for (std::size_t b = begin; b < end; ++b) {
      const std::size_t value = head + first * batch + b, packed = head + b * numbers + first;
      if (count == block)
        for (std::size_t i = 0; i < block; ++i) move(value + i * batch, packed + i);
      else
        for (std::size_t i = 0; i < count; ++i) move(value + i * batch, packed + i);
    }
  }

 private:
  FRINGE_INLINE void move(std::size_t value, std::size_t packed) const {
    if constexpr (packs)
      to[packed] = from[value];
    else
      to[value] = from[packed];
  }
};

template <class Launch, bool packs>
void per_sample(Executor& executor, const float* from, float* to, std::size_t heads, std::size_t numbers,
                std::size_t batch) {
  const std::size_t blocks = (numbers + PerSample<packs>::block - 1) / PerSample<packs>::block;
  Launch(executor).spans(heads * blocks, batch, PerSample<packs>{from, to, numbers, batch, blocks},
                         PerSample<packs>::block);
}

}  // namespace fringe::kernels
