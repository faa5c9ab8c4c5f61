// Time and energy of work on a system of photonic cores, from the design's cited devices.
#pragma once

#include <span>
#include <string_view>

#include "core/cost.hpp"
#include "core/memory_system.hpp"
#include "core/work.hpp"
#include "photonics/core_kind.hpp"
#include "photonics/link_budget.hpp"
#include "photonics/photonic_design.hpp"

namespace fringe {

/// How training changes the phases.
enum class TrainingScheme {
  /// Weight gradients on the digital unit; each update pays singular values, decomposition and upload of new
  /// phases.
  reprogram,
  /// Gradients of the phases measured in the mesh: a forward, an adjoint and an interference pass, each with
  /// a power
  /// reading behind every phase shifter (Hughes et al., Optica 5, 864 (2018); Pai et al., Science 380, 398
  /// (2023));
  /// an update uploads phases and needs no decomposition.
  in_situ,
};

/// Tiles of n modes that `groups` matrices of one size take. Small ones share a tile, as blocks of its
/// diagonal.
std::size_t tiles_of_groups(std::size_t rows, std::size_t inner, std::size_t groups,
                            std::size_t modes) noexcept;

/// The schedule: a weight matrix takes ⌈M/n⌉·⌈K/n⌉ tiles, one core each. Where the cores hold every tile of
/// the list, weights are resident and all tiles of a product work at once. Otherwise nothing stays: a product
/// runs in ⌈tiles/cores⌉ rounds, each of which uploads phases (loaded from off-chip memory, one conversion
/// per phase, all channels at once), waits for the shifters to settle, then streams its batch at the clock.
/// Products with Wᵀ send light through the same cores backwards. Products of two activations run on the
/// digital unit, or where design.activations is reprogrammed on the cores that hold no weights (on all where
/// none is left; then no weights stay): each first needs the singular values and the decomposition of one
/// operand on the digital unit, some 30·n³ operations a tile, and that is more than the product itself,
/// 2·n²·columns, up to 15·n columns. Partial sums, scaling, bias and activations run on the digital unit; the
/// batch enters from and leaves to off-chip memory; between operators it stays in on-chip memory, which is as
/// large as it takes. Times are on the device, from operands in its memory to results there. Every step of
/// the digital unit takes at least a cycle of its clock; decompositions run at its full rate, a lower bound;
/// the pipeline delay inside the converters is not published for the catalogue's rows and not included.
/// Laser, modulators, converters, receivers, phase hold and its drivers draw power for the whole run, in
/// every core, used or not; so does the static share of the digital unit and its memory. Not included:
/// amplifiers of the modulators, regulators, cooling of the heaters. Kind: modelled. Phases are those that
/// the core's kind drives on its layout (core_phases()). Where intensity is read, backward passes and in-situ
/// gradients are priced as if the phases of the outputs were known, which such receivers don't tell.
class PhotonicPricing {
 public:
  /// Throws Error where check(design) does.
  PhotonicPricing(const PhotonicDesign& design, const MemorySystem& memory, TrainingScheme scheme);

  Cost price(std::span<const Work> work) const;
  /// The same system with other converters of inputs and outputs.
  PhotonicPricing with_converters(const Converter& input_dac, const Converter& output_adc) const;

  /// New phases for `tiles` tiles, `at_once` of them in parallel (one round per at_once tiles).
  Cost programming(double tiles, double at_once) const;
  /// Singular values of each tile and the decomposition of its meshes on the digital unit.
  Cost decomposition(double tiles) const;

  const LinkBudget& budget() const noexcept { return budget_; }
  /// A round of programming: conversion and settling of the phase shifters.
  double round_s() const noexcept;
  double tiles_of(const Work& work) const noexcept;

 private:
  Cost product(const Work& work, bool resident, bool first, bool last) const {
    return product(work, resident, static_cast<double>(design_.cores), first, last);
  }
  Cost product(const Work& work, bool resident, double cores, bool first, bool last) const;
  Cost activations(const Work& work, double cores) const;
  Cost in_situ_gradient(const Work& work, bool resident) const;
  Cost digital(double operations, double adds_share, double sram_bytes, double dram_bytes = 0) const;
  Cost with_static(Cost cost) const;

  PhotonicDesign design_;
  MemorySystem memory_;
  TrainingScheme scheme_;
  LinkBudget budget_;
  const CoreKind* core_;
  double phases_ = 0, taps_ = 0;  ///< of one core
  double hold_w_ = 0;             ///< phase hold power of one core with the program of a random matrix
};

}  // namespace fringe
