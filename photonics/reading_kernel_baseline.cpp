#include "photonics/reading_kernel_impl.hpp"

namespace fringe {
void read_tile_baseline(const TileReading& reading) noexcept { read_tile<16>(reading); }
}  // namespace fringe
