// Time and energy of work on a system of photonic cores, from the design's cited devices.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/cost.hpp"
#include "core/memory_system.hpp"
#include "core/work.hpp"
#include "photonics/core_figures.hpp"
#include "photonics/core_kind.hpp"
#include "photonics/link_budget.hpp"
#include "photonics/photonic_design.hpp"
#include "photonics/photonic_system.hpp"

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

/// What stays in a core that does not keep its weights for good.
enum class Stationary {
  weights,  ///< a tile of W, while all columns of X pass
  inputs,   ///< a tile of X, which the digital unit decomposes, while the rows of W pass
  outputs,  ///< partial sums: the tiles of a row of W follow each other for a few columns at a time
};

/// Where the tiles of a row of W are summed.
enum class PartialSums {
  digital,    ///< each is converted and added by the digital unit
  converter,  ///< what one core reads of successive tiles adds up ahead of its converter; stationary outputs
              ///< only, elsewhere as digital
  analog,     ///< currents of cores that work at once add up ahead of one converter
};

/// How products without resident weights meet the cores. The default is the price's.
struct Mapping {
  Stationary stationary = Stationary::weights;
  PartialSums sums = PartialSums::digital;
  std::size_t accumulators = 1024;  ///< columns whose sums a core can hold, where outputs stay
};

/// One piece of a list: what price() adds up, and the steps that it is made of.
struct PricedWork {
  std::vector<Cost> parts;                ///< one after the other, without static power
  double tiles = 0;                       ///< matrices that cores hold one after the other or side by side
  bool resident = false;                  ///< each stays in a core of its own
  std::size_t first_core = 0, cores = 0;  ///< that they may use
  double columns = 0;                     ///< vectors through each
  double fetch_s = 0, program_s = 0, stream_s = 0;  ///< of one tile: memory, channel and settling, light
  double before_s = 0, beside_s = 0, after_s = 0;   ///< of the digital unit: ahead of the tiles, at the same
                                                    ///< time, behind them
  double sram_s = 0, memory_s = 0;      ///< operands and results on and off the chip, beside the tiles
  double bytes_to = 0, bytes_from = 0;  ///< over the link, of a tile on another chip than the first
};

/// Tiles of n modes that `groups` matrices of one size take. Small ones share a tile, as blocks of its
/// diagonal.
std::size_t tiles_of_groups(std::size_t rows, std::size_t inner, std::size_t groups,
                            std::size_t modes) noexcept;
/// Tiles of tile_rows×tile_inner.
std::size_t tiles_of_groups(std::size_t rows, std::size_t inner, std::size_t groups, std::size_t tile_rows,
                            std::size_t tile_inner) noexcept;

/// Which chip a core stands on, from 0.
inline std::size_t chip_of(std::size_t core, const PhotonicDesign& design) {
  return core * design.chips / design.cores;
}

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
///
/// Chips. Cores are dealt out to design.chips in order (chip_of). The first has the digital unit and the
/// activations, and a link to each of the others: the inputs of a tile elsewhere cross it, and its readings
/// come back, 2 bytes a number, while the light goes; either way adds the link's latency. Every chip has
/// memory for its own phases.
///
/// Published systems (design.published) run the same way, with these differences. New weights take the
/// system's time, and no decomposition. Their light doesn't go backwards: where a list has products with Wᵀ,
/// nothing stays, and each takes new weights. A homodyne array holds results and streams both operands. Power
/// and area are those of the list of devices, in proportion to the cores; where power_w contains the digital
/// unit and the memory on chip, their joules aren't charged again.
///
/// Area: devices, meshes, digital unit, and on-chip memory for the largest operands and results of a piece of
/// work at 2 bytes a number and two sets of phases of every core; nothing where a published system's isn't
/// known. Not included: wiring, converters' references, off-chip memory and its interface.
class PhotonicPricing {
 public:
  /// Throws Error where check(design) does.
  PhotonicPricing(const PhotonicDesign& design, const MemorySystem& memory, TrainingScheme scheme);

  Cost price(std::span<const Work> work) const;
  /// The same cores, that many of them (≥ 1), on no more chips.
  PhotonicPricing with_cores(std::size_t cores) const;
  /// Its pieces, in the order of the list. Throws Error where mapping.accumulators is 0.
  std::vector<PricedWork> itemise(std::span<const Work> work, const Mapping& mapping = {}) const;
  /// The devices that draw power for as long as the system is on.
  std::vector<PoweredDevice> devices() const;
  /// With their static power, and the area that the list takes.
  Cost with_static(Cost cost, std::span<const Work> work) const;
  const PhotonicDesign& design() const noexcept { return design_; }
  const CoreFigures& core() const noexcept { return core_; }
  /// The same system with other converters of inputs and outputs.
  PhotonicPricing with_converters(const Converter& input_dac, const Converter& output_adc) const;

  /// New phases for `tiles` tiles, `at_once` of them in parallel (one round per at_once tiles).
  Cost programming(double tiles, double at_once) const;
  /// Singular values of each tile and the decomposition of its meshes on the digital unit.
  Cost decomposition(double tiles) const;

  const LinkBudget& budget() const noexcept { return budget_; }
  /// A round of programming: conversion and settling of the phase shifters.
  double round_s() const noexcept { return core_.program_s; }
  double tiles_of(const Work& work) const noexcept;

 private:
  /// Which cores a product may use, and which of the list it is.
  struct Place {
    bool resident;
    std::size_t first_core, cores;
    bool first = false, last = false;
  };
  PricedWork product(const Work& work, const Mapping& mapping, const Place& place) const;
  PricedWork activations(const Work& work, const Mapping& mapping, std::size_t first_core,
                         std::size_t cores) const;
  PricedWork in_situ_gradient(const Work& work, const Mapping& mapping, const Place& place) const;
  PricedWork weight_update(const Work& work, const Place& place) const;
  PricedWork results_held(const Work& work) const;
  PricedWork alone(const Work& work, double operations) const;
  Cost digital(double operations, double adds_share, double sram_bytes, double dram_bytes = 0) const;
  double upload_s() const noexcept;
  double tiles_away(const PricedWork& item) const noexcept;
  double sram_bytes(std::span<const Work> work) const noexcept;

  PhotonicDesign design_;
  MemorySystem memory_;
  TrainingScheme scheme_;
  LinkBudget budget_;
  CoreFigures core_;
};

}  // namespace fringe
