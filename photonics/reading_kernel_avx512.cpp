#include "photonics/reading_kernel_impl.hpp"

namespace fringe {
void read_tile_avx512(const TileReading& reading) noexcept { read_tile<64>(reading); }
}  // namespace fringe
