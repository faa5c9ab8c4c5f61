// Training that meets the errors of the hardware it is meant for: weights and inputs in few bits, fresh noise
// in every pass, or every pass on a freshly fabricated chip.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "core/accelerator.hpp"

namespace fringe {

/// The passes of a training see it; other passes see its quantisation alone. Every pass has errors of its
/// own: draws depend on seed, matrix, shot and first sample of its context, and on nothing that came before.
struct Perturbation {
  /// Standard deviation of normal errors on weights over the largest magnitude in their matrix: V. Joshi et
  /// al., Nat. Commun. 11, 2473 (2020), whose training on such noise keeps accuracy on analogue hardware.
  double weight_noise = 0;
  /// Of normal errors on each product over the largest magnitude in its sample.
  double output_noise = 0;
  /// Symmetric codes −(2ᵇ⁻¹−1) … 2ᵇ⁻¹−1, one scale per row of weights and per sample of inputs; 2 … 16 bits,
  /// 0: unlimited (B. Jacob et al., CVPR 2018, arXiv:1712.05877).
  int weight_bits = 0, input_bits = 0;
  /// The hardware that a pass in training runs on, e.g. the chip of that number with all its errors and
  /// noise. It sets its converter ranges on the pass. Called from one thread at a time per accelerator.
  std::function<std::unique_ptr<Accelerator>(std::uint32_t chip)> fabricate = {};

  bool acts() const noexcept {
    return weight_noise > 0 || output_noise > 0 || weight_bits > 0 || input_bits > 0 || fabricate;
  }
};
/// Throws Error naming the key, the value and the rule.
void validate(const Perturbation& perturbation);

/// The hardware below it, whose parameters must be weights in host memory, with the perturbation in between.
/// parameters() are the weights before any of it, gradients() those with respect to the perturbed ones: what
/// rounds counts as the identity on the way back (Y. Bengio et al., arXiv:1308.3432, straight-through).
/// realised() has the bits but no noise. `digital` must outlive the result and goes on pricing.
std::unique_ptr<Accelerator> make_perturbed(Accelerator& digital, Perturbation perturbation);

}  // namespace fringe
