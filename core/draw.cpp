#include "core/draw.hpp"

namespace fringe {
namespace {

// One Philox call serves four elements; the ragged ends are computed from the same blocks.
template <class T, class FromBits>
void fill(std::span<T> out, const Draw& draw, std::uint64_t first, FromBits from_bits) {
  const DrawStream stream = stream_of(draw);
  std::size_t i = 0;
  while (i < out.size()) {
    const std::uint64_t element = first + i;
    const auto words = random_block(stream, element / 4);
    for (std::uint64_t lane = element % 4; lane < 4 && i < out.size(); ++lane, ++i)
      out[i] = from_bits(words[lane]);
  }
}

}  // namespace

void fill_uniform(std::span<double> out, const Draw& draw, std::uint64_t first) {
  fill(out, draw, first, uniform_from_bits);
}

void fill_normal(std::span<float> out, const Draw& draw, std::uint64_t first) {
  fill(out, draw, first, normal_from_bits);
}

}  // namespace fringe
