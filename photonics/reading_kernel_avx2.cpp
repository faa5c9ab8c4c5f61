#include "photonics/reading_kernel_impl.hpp"

namespace fringe {
void read_tile_avx2(const TileReading& reading) noexcept { read_tile<32>(reading); }
}  // namespace fringe
