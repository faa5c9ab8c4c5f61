// How well a photonic system does over fabricated chips: as it comes, corrected, trained on the chip, and by
// cause.
#pragma once

#include <string>
#include <vector>

#include "photonics/photonic_accelerator.hpp"
#include "sim/study.hpp"

namespace fringe {

/// What of a system is switched on, and what is done about it.
struct PhotonicCase {
  /// "ideal", "as fabricated", "corrected", "trained on chip", "ideal meshes", "only X", "without X", …
  std::string name;
  PhotonicEffects effects;
  bool corrected = false;
  bool in_loop = false;
  bool keep_phases = false;  ///< of chip 0
};

/// Phases of one tile, as the controller asks and as the chip holds them.
struct TilePhases {
  CoreProgram asked, held;
};

struct ChipResult {
  std::size_t chip = 0, fold = 0;
  std::vector<double> scores, float_scores;  ///< by metric, on the same rows
  double matrix_error = 0;                   ///< ‖realised − asked‖_F/‖asked‖_F over all weights
  std::vector<std::uint32_t> rows;           ///< test rows the chip saw
  Evaluation evaluation;
  std::vector<TilePhases> phases;  ///< tile by tile over all weights, where kept
  std::vector<EpochEvent> epochs;  ///< of training on the chip
};

/// Tiles that all weights of the workload take on cores of n modes, where each is held in so many matrices.
std::size_t tiles_of_workload(const Graph& graph, std::size_t modes, std::size_t matrices = 1);
/// The same on the cores of an entry: number systems hold a weight in several matrices.
std::size_t tiles_of_workload(const Graph& graph, const PhotonicEntry& entry);
/// The same on the cores of a design, each weight in one matrix.
std::size_t tiles_of_design(const Graph& graph, const PhotonicDesign& design);

/// The entry as hardware: chip c of a case.
PhotonicSetup photonic_setup(const Study& study, const PhotonicEntry& entry, const PhotonicCase& which,
                             std::size_t chip);

/// Runs one chip: programs it with the weights of its fold, sets converter ranges on training rows, trains on
/// it where the case says so, and tests it.
ChipResult run_chip(const Study& study, const PhotonicEntry& entry, const PhotonicCase& which,
                    std::size_t chip);

/// Main cases of an entry: as it comes, corrected and, where the experiment asks for it, trained on the chip.
/// A number system's meshes are ideal: as it is and, where the experiment asks for it, trained further in it.
std::vector<PhotonicCase> main_cases(const Experiment& experiment, const PhotonicEntry& entry);
std::vector<PhotonicCase> main_cases(const Study& study, const PhotonicEntry& entry);
/// Two cases per imperfection that acts: it alone, and all but it.
std::vector<PhotonicCase> cause_cases(const PhotonicEntry& entry);
/// Splitter errors alone with unlimited phases: as they come, and corrected.
std::vector<PhotonicCase> splitter_cases(const PhotonicEntry& entry);

/// Lost against floating point in metric m of the study, chip by chip: Metric::lost.
std::vector<double> lost(const Study& study, const std::vector<ChipResult>& chips, std::size_t m = 0);

}  // namespace fringe
