// Training of all-optical networks by the gradients of all their phases, in floating point on the host.
#pragma once

#include <cstdint>
#include <vector>

#include "core/observer.hpp"
#include "core/thread_pool.hpp"
#include "photonics/optical_network.hpp"
#include "workloads/optimiser.hpp"

namespace fringe {

/// Complex fields of samples and their labels.
struct FieldSet {
  std::size_t ports = 0, classes = 0;
  std::vector<double> re, im;  ///< [samples × ports], one sample after the other
  std::vector<std::int32_t> labels;

  std::size_t samples() const { return labels.size(); }
};

struct OpticalTrainingOptions {
  std::size_t epochs = 200, batch = 500;
  Optimiser optimiser;     ///< Adam; its rate is constant
  std::uint64_t seed = 1;  ///< of the order of samples, drawn anew for every epoch
};

/// Trains all phases of the network, parameters of non-linearities stay; returns the mean loss of each epoch
/// over its passes, of those epochs that ran: it ends between epochs where the observer asks. Equal bits for
/// any pool. Throws Error on options out of range or other ports or classes.
std::vector<double> train_optical(OpticalNetwork& network, const FieldSet& data,
                                  const OpticalTrainingOptions& options, ThreadPool* pool = nullptr,
                                  const Observer* observer = nullptr);

/// Share of samples whose class has the largest power; the first of equals counts.
double optical_accuracy(const OpticalNetwork& network, const FieldSet& data, ThreadPool* pool = nullptr);

}  // namespace fringe
