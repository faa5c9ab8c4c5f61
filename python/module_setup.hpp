// An accelerator by keywords: a preset and the keys of an experiment's [photonic.NAME].
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "photonics/photonic_accelerator.hpp"

namespace fringe {

namespace py = pybind11;

/// `effects`: names that act; absent: all that the design brings. Throws Error as an experiment's file would,
/// without the place in the file, and where codes meet `corrected` or named effects.
PhotonicSetup setup_of(const std::string& preset, bool corrected,
                       const std::optional<std::vector<std::string>>& effects, std::uint64_t seed,
                       std::uint32_t chip, const py::dict& design);

}  // namespace fringe
