// ADEPT's published gain over systolic arrays against the prices of its devices.
#include <vector>

#include "sim/adept.hpp"
#include "sim/gallery.hpp"
#include "workloads/graph.hpp"
#include "workloads/zoo.hpp"

namespace fringe {
namespace {

using enum Claim::Relation;

/// Mean over networks of inferences a joule on ADEPT over those elsewhere. GNMT stands for RNN-T, another
/// recurrent network of speech and language of about as wide layers, which the zoo hasn't.
class AdeptGains {
 public:
  explicit AdeptGains(std::size_t batch) : batch_(batch) {
    for (const char* name : {"resnet50", "bert-large-384", "gnmt"})
      lists_.push_back(lower(find_workload(name).graph(), batch, false));
  }
  template <class Joules>
  double mean(std::span<const PoweredDevice> light, Joules&& joules) const {
    const PhotonicDesign adept = adept_with(light);
    double sum = 0;
    for (const std::vector<Work>& list : lists_)
      sum += joules(list, batch_) / joules_on_cores(adept, list, batch_);
    return sum / static_cast<double>(lists_.size());
  }
  double over(const SystolicSpec& array, std::span<const PoweredDevice> light) const {
    return mean(light,
                [&](const auto& list, std::size_t batch) { return joules_on_array(array, list, batch); });
  }
  double over(const PhotonicDesign& cores, std::span<const PoweredDevice> light) const {
    return mean(light,
                [&](const auto& list, std::size_t batch) { return joules_on_cores(cores, list, batch); });
  }

 private:
  std::size_t batch_;
  std::vector<std::vector<Work>> lists_;
};

}  // namespace

ValidationCase adept_case() {
  constexpr double published = 5.73, first_version = 7.19;
  constexpr double own_spread = first_version - published;
  // U, the attenuators and Vᵀ, each column as lossy as one of the largest mesh at hand: C. Taballione et al.,
  // Quantum 7, 1071 (2023), 20 modes, 2.9 dB.
  constexpr double mesh_loss_db = (2 * 128 + 1) * 2.9 / 20;
  ValidationCase one;
  one.claims = {{"ADEPT / arrays of TPUv4i, batch 512: inferences/J", published, own_spread},
                {"ADEPT / arrays of TPUv4i, batch 64", published, own_spread},
                {"ADEPT without light / arrays of TPUv4i", published, 0, at_least},
                {"ADEPT / array of TPU v1, 8 bits in 28 nm", published, 0, at_most},
                {"ADEPT / the same at its measured 40 W", published, 0, at_most},
                {"ADEPT / bare arithmetic of 8 bits in 7 nm", published, 0, at_most},
                {"ADEPT, 0.145 dB a column / arrays of TPUv4i", published, 0, at_most},
                {"ADEPT / Albireo, conservative", 2.5, 0, at_least}};
  one.measure = [=](Gallery&) -> std::vector<Measured> {
    const AdeptGains large(512), small(64);
    const std::vector<PoweredDevice> light = adept_light(0);
    const SystolicSpec& tpu = find_systolic("tpu-v4i");
    SystolicSpec measured = find_systolic("tpu-v1");
    measured.tdp_w = 40;  // busy, table 2 of N. Jouppi et al., ISCA 2017, doi:10.1145/3079856.3080246
    return {{large.over(tpu, light)},
            {small.over(tpu, light)},
            {large.over(tpu, {})},
            {large.over(find_systolic("tpu-v1"), light)},
            {large.over(measured, light)},
            {large.over(bare_array(), light)},
            {large.over(tpu, adept_light(mesh_loss_db))},
            {large.over(find_photonic_preset("albireo-conservative").design, light)}};
  };
  return one;
}

}  // namespace fringe
