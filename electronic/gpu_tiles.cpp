#include "electronic/gpu_tiles.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace fringe {
namespace {

constexpr std::array<Tile, 8> tiles{
    {{256, 128}, {128, 256}, {128, 128}, {128, 64}, {64, 128}, {64, 64}, {64, 32}, {32, 32}}};

constexpr std::array<std::size_t, 5> splits{1, 2, 4, 8, 16};
constexpr std::size_t least_inner = 64;  // of a part; below, a tile is all prologue
constexpr double shared_bytes_per_cycle = 32 * 4;

double ceil_divide(std::size_t a, std::size_t b) { return static_cast<double>((a + b - 1) / b); }

}  // namespace

std::span<const Tile> tile_table() noexcept { return tiles; }

TiledProduct tiled_product(const GpuSpec& gpu, Format format, std::size_t m, std::size_t n, std::size_t k,
                           std::size_t groups, std::span<const Tile> choice) noexcept {
  const double clock = gpu.clock(format);
  const double units = gpu.multiprocessors;
  const double width = gpu.peak(format) / (2 * units * clock);
  const double results = static_cast<double>(groups) * static_cast<double>(m) * static_cast<double>(n);
  TiledProduct best{};
  double best_s = std::numeric_limits<double>::infinity();
  for (const Tile& tile : choice)
    for (const std::size_t split : splits) {
      if (split > 1 && k < split * least_inner) break;
      const double r = static_cast<double>(tile.rows), c = static_cast<double>(tile.columns);
      const double count =
          static_cast<double>(groups * split) * ceil_divide(m, tile.rows) * ceil_divide(n, tile.columns);
      const double waves = ceil_divide(static_cast<std::size_t>(count), static_cast<std::size_t>(units));
      const double step = std::max(r * c / width, (r + c) * row_of(format).bytes / shared_bytes_per_cycle);
      const TiledProduct product{tile, split, waves, waves * ceil_divide(k, split) * step / clock,
                                 split > 1 ? 2 * 4 * static_cast<double>(split) * results : 0};
      const double total = product.seconds + product.partial_bytes / gpu.memory_bytes_per_s;
      if (total < best_s) best = product, best_s = total;
    }
  return best;
}

}  // namespace fringe
