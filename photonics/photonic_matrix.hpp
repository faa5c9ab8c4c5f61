// The one implementation of PhotonicMatrix; photonic_accelerator.hpp is the public face.
#pragma once

#include <memory>

#include "photonics/photonic_accelerator.hpp"

namespace fringe {

/// Tiles take cores first_tile, first_tile+1, … modulo setup.design.cores.
std::unique_ptr<PhotonicMatrix> make_photonic_matrix(const PhotonicSetup& setup, const MeshLayout& layout,
                                                     std::size_t first_tile, ConstMatrix w,
                                                     std::uint32_t site, ThreadPool& pool);

}  // namespace fringe
