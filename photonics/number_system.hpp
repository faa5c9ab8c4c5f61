// How a core of few bits computes with numbers of more: which codes stand for weights and inputs, what a
// converter sees of a dot product, and what digital electronics makes of the readings.
//
// Codes. b bits are the whole numbers −Q … Q, Q = 2^(b−1) − 1; q = round(Q·value/scale), scale the largest
// magnitude of what shares it. A dot product of the core has `width` terms; its codes reach F = width·Qw·Qx.
//
//   fixed         one scale for the matrix and one for each input vector. The ADC has 2^(output bits − 1) − 1
//                 steps up to full scale F/gain and clips beyond: low bits are lost.
//   block         adaptive block floating point (A. Basumallik et al., arXiv:2205.06287): scales for each row
//                 and each input vector of a block of `width` columns, and a gain before the ADC.
//   residue       residues of the codes modulo a set of moduli, each on a core of its own, read without loss
//                 by converters as wide as the moduli (C. Demirkiran et al., Nat. Commun. 15, 5098 (2024)).
//                 Scales as block. Redundant moduli correct readings that noise has moved.
//   sliced        codes cut into slices of `slice_bits` magnitude bits, each product of slices read by the
//                 ADC, shifted and added. Scales as block. Full scale is that of the slices.
//
// Light. The meshes are ideal and calibrated: no fabrication error, no phase bits. What stays of the design
// is its link budget: light_noise(). A core performs its codes over their largest singular value σ on inputs
// over their largest code X, so that a dot product is read with light_noise·σ·X. Residues are phases
// 2π·residue/m (C. Demirkiran et al., ISCA 2024, arXiv:2311.17323), known from two quadratures that share the
// light: √2·light_noise·m/2π residues.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/accelerator.hpp"
#include "core/thread_pool.hpp"
#include "core/work.hpp"
#include "photonics/photonic_design.hpp"

namespace fringe {

struct NumberSystem {
  enum class Kind { fixed, block, residue, sliced };
  Kind kind = Kind::block;
  int weight_bits = 8, input_bits = 8;  ///< with sign, in [2, 12]
  int output_bits = 8;                  ///< of the ADC, in [2, 22]; residue: as wide as the moduli
  int modulus_bits = 8;                 ///< residue: moduli below 2^modulus_bits, in [2, 12]
  int redundant = 0;                    ///< residue: moduli beyond the range, in [0, 4]
  int slice_bits = 4;                   ///< sliced: magnitude bits of a slice, in [1, 11]
  double gain = 1;                      ///< fixed and block: before the ADC, ≥ 1
  int averages = 1;                     ///< readings of every product that are averaged, in [1, 4096]
  double noise_steps = 0;               ///< standard deviation of a converter before it rounds, in its steps
  double light_noise = 0;               ///< of the light, see above; 0: none
  std::size_t width = 128;              ///< terms of a dot product, ≥ 1
  /// residue: those that carry the range, no two with a common factor, each in [2, 4095], instead of the
  /// fewest below 2^modulus_bits; empty: those.
  std::vector<std::uint32_t> moduli{};
};
std::string_view to_string(NumberSystem::Kind kind) noexcept;
/// Throws Error, offering the nearest name.
NumberSystem::Kind find_number_system(std::string_view name);

/// Throws Error naming the field, its value and the rule: ranges as above, and width·Qw·Qx < 2²⁴ (residue:
/// width·(modulus − 1)² < 2²⁴), up to which sums in float32 are exact.
void validate(const NumberSystem& numbers);

/// The moduli of a residue system, the redundant ones last.
std::vector<std::uint32_t> moduli_of(const NumberSystem& numbers);
/// Of the moduli, those that carry the range.
std::size_t base_moduli(const NumberSystem& numbers);

/// Standard deviation of a homodyne reading in units of a full-scale input that has passed the meshes: that
/// of the link budget over the field that is left of the design's loss in every column; 0 for a published
/// system, whose link budget isn't known. Throws Error where intensity is read.
double light_noise(const PhotonicDesign& design);

/// What one product of the list takes: how often the core runs with the same weights, and how many matrices
/// it holds for one.
struct Passes {
  double runs = 1;      ///< input slices times averages
  double matrices = 1;  ///< moduli, or weight slices
  int dac_bits, adc_bits, weight_bits;
  int receivers = 1;  ///< of an output, each with its ADC: a phase is read in two quadratures
};
Passes passes_of(const NumberSystem& numbers);

/// Systems of a network's operators: precision that changes from layer to layer (S. Garg et al., "Dynamic
/// precision analog computing for neural networks", arXiv:2102.06365).
struct NumberPlan {
  struct Operator {
    std::uint32_t site;  ///< of Accelerator::program
    int weight;          ///< Work::weight
    NumberSystem numbers;
  };
  NumberSystem all;                 ///< of every operator
  std::vector<Operator> operators;  ///< but these

  const NumberSystem& at_site(std::uint32_t site) const;
  const NumberSystem& of_weight(int weight) const;
};
/// Throws Error where validate(NumberSystem) does for one of them, or where the design doesn't fit: homodyne
/// detection, products of activations on the digital unit, and as many modes as `width`.
void validate(const NumberPlan& plan, const PhotonicDesign& design);

/// A weight matrix W in the number system, on the host. forward: as the header says. Readings' noise is
/// normal, from Draw{seed, converter_noise, chip, site, shot}; sums over blocks in float32 in the order of
/// columns. backward goes straight through the rounding (Y. Bengio et al., arXiv:1308.3432): gradients with
/// rounded weights and inputs, sums in float32; parameters() are the weights before rounding. `cpu` and
/// `pool` must outlive the result.
class NumberMatrix : public ProgrammedMatrix {
 public:
  /// Of all forward passes: readings that redundant moduli corrected, and those they only found wrong.
  struct Readings {
    std::uint64_t total = 0, corrected = 0, wrong = 0, clipped = 0;
  };
  virtual const Readings& readings() const = 0;
};
std::unique_ptr<NumberMatrix> make_number_matrix(ConstMatrix w, const NumberSystem& numbers,
                                                 std::uint32_t site, std::uint32_t chip, Executor& cpu,
                                                 ThreadPool& pool);

/// The list as the system runs it: products `runs` times as long on `matrices` times as many matrices (also
/// those with Wᵀ, whose slopes backward() has exactly), all of which an update programs, and digital work: 2
/// operations an input and 2 a reading to scale, 2 to shift and add, 3 a residue for Chinese remainders.
/// Residues are priced as cores of the design; the last readings leave uncombined.
std::vector<Work> work_in(const NumberPlan& plan, std::span<const Work> work);

/// The DAC, the ADCs and the amplifiers of a channel of a core that runs work_in's list, at the figures of
/// merit of the design's. Where every matrix has cores of its own they have the bits that its operator needs,
/// and power is the mean over tiles; cores that are shared have the most bits and receivers of all.
struct CoreConverters {
  Converter dac, adc;  ///< the power of `adc` is that of all receivers of an output
  Tia tia;             ///< likewise
};
CoreConverters converters_for(const NumberPlan& plan, std::span<const Work> expanded,
                              const PhotonicDesign& design);

}  // namespace fringe
