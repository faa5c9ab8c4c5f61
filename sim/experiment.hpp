// An experiment as a value: workload × hardware × imperfections × seeds, read from a TOML file. The format is
// described in experiments/README.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "electronic/number_format.hpp"
#include "photonics/in_situ.hpp"
#include "photonics/photonic_design.hpp"
#include "sim/number_keys.hpp"
#include "sim/open_dataset.hpp"
#include "workloads/perturbed.hpp"
#include "workloads/training.hpp"

namespace fringe {

/// One photonic system of an experiment: a preset with the file's changes.
struct PhotonicEntry {
  std::string name;
  PhotonicDesign design;
  std::size_t cores = 0;               ///< 0: as many as the workload has tiles (resident weights)
  std::optional<NumberEntry> numbers;  ///< weights as codes on ideal, calibrated meshes
};

/// What the training of the networks that every hardware runs meets besides exact float32 products.
struct TrainingHardware {
  Format format = Format::fp32;  ///< of its products; weights are updated in float32
  Perturbation perturbation;     ///< without fabricate: fresh_chips says it
  std::string fresh_chips;       ///< photonic system of which every pass has a new chip; empty: none

  bool plain() const { return format == Format::fp32 && !perturbation.acts() && fresh_chips.empty(); }
};

/// Training on the imperfect chip.
struct InLoopOptions {
  std::size_t epochs = 0;   ///< 0: none
  std::size_t chips = 0;    ///< the first of the experiment's chips
  std::size_t samples = 0;  ///< training samples used; 0: all
  float rate = 1e-3f;
  bool random_start = false;           ///< from random phases, not from the programmed weights
  std::optional<TapReading> measured;  ///< slopes from the chip's taps, not exact adjoints
};

struct Experiment {
  std::string name;                      ///< 1 … 64 bytes, no '/'
  std::string text;                      ///< TOML that parses to this experiment
  std::uint64_t seed = 1;                ///< 0 … 2⁵³
  std::string workload;                  ///< name in the zoo, or path of a trained network, "*.onnx"
  std::string model_sha256;              ///< of that file when the experiment was read; "": of the zoo
  std::string data;                      ///< a path or a name of `fringe list data`
  DataOptions data_options;              ///< what a file doesn't say itself
  std::optional<double> near_tolerance;  ///< of the audit before training; none: chance_tolerance
  bool allow_leak = false;               ///< train although test rows stand in the training rows
  int folds = 5;                         ///< of data that bring no split
  std::size_t chips = 20;                ///< fabricated chips per case
  std::size_t chip_samples = 0;          ///< test samples that each chip sees; 0: all
  std::size_t range_samples = 256;       ///< training samples that set converter ranges
  std::vector<std::size_t> batches;      ///< ascending, 1 among them
  TrainingOptions training;
  TrainingHardware training_hardware;
  std::size_t checkpoint_every = 0;  ///< steps; 0: every epoch
  InLoopOptions in_loop;
  std::vector<PhotonicEntry> photonic;
  bool cpu = true;
  std::vector<std::string> cublas;    ///< formats
  std::vector<std::string> gpus;      ///< rows of the catalogue
  std::vector<std::string> formats;   ///< of the modelled GPUs
  std::vector<std::string> systolic;  ///< rows of the catalogue of systolic arrays
};

inline constexpr std::uint64_t largest_seed = std::uint64_t{1}
                                              << 53;  // so far every whole number is a double

/// Throws Error with file, line, key, value and rule. `file` is only named.
Experiment parse_experiment(std::string_view text, const std::string& file);
Experiment read_experiment(const std::string& file);

/// Gives the experiment another seed, other data or another workload, or allows a leak. Its text then says
/// so, without comments; where nothing is given it stays as it was. Throws Error where the value would be
/// refused in a file.
void override_experiment(Experiment& experiment, std::optional<std::uint64_t> seed,
                         const std::optional<std::string>& data, bool allow_leak = false,
                         const std::optional<std::string>& workload = {});

/// experiments/compare.toml and experiments/images.toml, embedded: what `fringe compare` runs, without and
/// with --data; the latter also with a trained network of one's own.
std::string_view default_experiment_text() noexcept;
std::string_view images_experiment_text() noexcept;

}  // namespace fringe
