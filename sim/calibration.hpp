// Ways of programming imperfect chips, side by side: error before and after, readings, chip time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/observer.hpp"
#include "core/thread_pool.hpp"
#include "photonics/programming.hpp"

namespace fringe {

/// Every crossing with every size and spread; every method on the same chips and targets.
struct CalibrationSetup {
  std::string mesh = "rectangular";
  std::vector<std::string> crossings{"mzi"};
  std::vector<std::size_t> modes{8};
  std::vector<double> splitter_sigma_rad{0.02};
  double splitter_correlation = 0;  ///< of the splitters of one coupler, 0 … 1
  /// Beyond .3 rad, methods that start from the design look for the couplers' cross states first.
  double phase_sigma_rad = 0.02;
  int phase_bits = 0;           ///< 0: unlimited
  double crosstalk = 0;         ///< κ of ThermalCrosstalk; its decay length is known, its strength isn't
  std::string target = "haar";  ///< see wanted_matrix.hpp
  std::vector<std::string> methods;  ///< none: all that can treat the mesh
  std::size_t chips = 4;
  double input_power_w = 1e-3;  ///< of a measurement's light
  double integration_s = 1e-6;  ///< of one reading
  std::uint64_t seed = 1;
};

/// Throws Error naming the option, the value and the rule.
void check(const CalibrationSetup& setup);

struct CalibrationRecord {
  std::string method, crossing;
  std::size_t modes = 0, chip = 0;
  double splitter_sigma_rad = 0;
  double error_before = 0;  ///< ‖U′ − U‖_F/√N as an ideal chip would be programmed
  double error = 0;         ///< after
  double error_up_to_phases = 0;
  std::size_t measurements = 0, settles = 0;
  double chip_time_s = 0;
};

struct CalibrationResult {
  CalibrationSetup setup;
  std::vector<CalibrationRecord> records;
  std::vector<std::string>
      left_out;          ///< "method (crossing): why" where none was named and one can't treat the mesh
  bool stopped = false;  ///< on request; records holds the finished ones
};

/// Runs all cases and writes every record to the trace as its case ends. Equal numbers for any number of
/// threads. Throws Error where check() does, and where a method that was named can't treat the mesh.
CalibrationResult calibrate(const CalibrationSetup& setup, ThreadPool& pool, Observer& observer,
                            const std::string& trace_path);

std::string calibration_text(const CalibrationResult& result);
std::string calibration_json(const CalibrationResult& result);

}  // namespace fringe
