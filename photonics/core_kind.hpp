// What a core makes a real matrix of, and what its receivers read.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "photonics/crossing.hpp"
#include "photonics/mesh_layout.hpp"

namespace fringe {

/// What receivers read. Homodyne: the real part of the field, with its sign, beside a local oscillator.
/// Intensity: |field|², without a sign, from one diode; all light is signal.
enum class Detection { homodyne, intensity };
/// Throws Error, offering the nearest name.
Detection find_detection(std::string_view name);

/// One row per kind. Light passes `meshes` meshes: Vᵀ, a line of attenuators, U; or one alone.
struct CoreKind {
  std::string_view name;
  std::string_view description;
  std::size_t meshes;  ///< 2 with attenuators between them, or 1
  /// Only the θ of push–pull MZIs are driven (orthogonal_mesh.hpp); every other phase is a length of
  /// waveguide.
  bool theta_only;
  std::string_view source;
};

std::span<const CoreKind> core_kinds() noexcept;
/// Throws Error, offering the nearest name.
const CoreKind& find_core_kind(std::string_view name);
/// The row "svd".
const CoreKind& svd_core() noexcept;

/// Whether the core takes any real matrix exactly, up to its gain. If not, it takes the multiple of an
/// orthogonal matrix that is nearest: a theta_only core can do no other, and a single mesh whose intensity is
/// read shows the imaginary part that would complete another matrix to a unitary one.
bool takes_any_matrix(const CoreKind& kind, Detection detection) noexcept;

/// Phase shifters that light passes at a coupler: θ, and φ where it is driven.
inline int shifters_passed(const CoreKind& kind) noexcept { return kind.theta_only ? 1 : 2; }
/// Driven phases of one core of the layout: θ and φ of each coupler and one per port behind each mesh, and
/// the attenuators; of a theta_only core θ alone.
std::size_t core_phases(const MeshLayout& layout, const CoreKind& kind) noexcept;
/// Those inside the meshes, where an in-situ gradient has its taps.
std::size_t tapped_phases(const MeshLayout& layout, const CoreKind& kind) noexcept;

/// Throws Error where the kind is theta_only and the crossing isn't real: without a front splitter,
/// push–pull, and of two splitters whose angles add up to π/2.
void check_crossing(const CoreKind& kind, const Crossing& crossing);

}  // namespace fringe
