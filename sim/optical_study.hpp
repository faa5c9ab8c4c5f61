// What a non-linearity between the meshes gains an all-optical network: digits told apart from a few Fourier
// coefficients of their images, with and without it, as in I. A. D. Williamson et al., IEEE J. Sel. Top.
// Quantum Electron. 26, 7700412 (2020), doi:10.1109/JSTQE.2019.2930455, arXiv:1903.04579, figure 6, and the
// authors' code, github.com/fancompute/electro-optic-activation. Their abstract: test accuracy on MNIST rises
// from 85 % to 94 %; their study_mnist.ipynb: 85.00 % without, 92.54 % with two layers after 200 epochs.
#pragma once

#include <string>

#include "core/observer.hpp"
#include "core/thread_pool.hpp"
#include "sim/optical_training.hpp"
#include "workloads/dataset.hpp"

namespace fringe {

/// The first `samples` images (0: all), square, as low-frequency coefficients of their discrete Fourier
/// transform, each sample with unit power. Coefficients k = (row, column), row ≥ 0 and column ≥ 0 in row 0
/// (the others are conjugates of these), in rising order of 5·row² + 6·column²: the first 16 are those of the
/// authors' code. An image without power there stays dark. Throws Error where images aren't square or have
/// fewer coefficients.
FieldSet fourier_features(const Dataset& images, std::size_t ports, std::size_t samples = 0);

struct OpticalStudyOptions {
  std::string topology = "rectangular";
  std::size_t ports = 16;
  Nonlinearity nonlinearity = typical_nonlinearity("electro-optic");  ///< behind every mesh
  std::size_t layers = 2;  ///< with the non-linearity; without it there is one: meshes multiply into one
  OpticalTrainingOptions training;  ///< its seed is that of the first phases, too
};

struct OpticalOutcome {
  double train_loss = 0;     ///< mean of the last epoch
  double test_accuracy = 0;  ///< in [0, 1]
};

/// Trains one network, with the non-linearity or without, and tests it. Ends early where the observer asks.
/// Throws Error as the functions above do, and on a name without a row.
OpticalOutcome optical_outcome(const FieldSet& learned, const FieldSet& unseen, bool nonlinear,
                               const OpticalStudyOptions& options, ThreadPool* pool = nullptr,
                               const Observer* observer = nullptr);

}  // namespace fringe
