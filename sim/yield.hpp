// Monte Carlo over imperfect chips that all run one program: how far each performed matrix is from the wanted
// one, and what share of the chips is good enough.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "core/observer.hpp"
#include "core/thread_pool.hpp"
#include "sim/error_law.hpp"

namespace fringe {

/// Every value of each list with every value of the others is a row of the result; of the lists in the order
/// modes, crossings, splitters, phases, bits the last one runs fastest. Rows share the seed: chip
/// t of all of them has the same draws, and is the chip that fabricate(layout, strengths, seed, t, 0) makes.
/// The wanted matrix is wanted_matrix(target, modes, {seed, Purpose::haar}), its program what the perfect
/// mesh would be asked for.
struct YieldSetup {
  std::string mesh = "rectangular";
  std::vector<std::string> crossings{"mzi"};
  std::vector<std::size_t> modes{8, 16, 32, 64};
  std::vector<double> splitter_sigma_rad{0.02};
  std::vector<double> phase_sigma_rad{0};
  std::vector<int> phase_bits{0};  ///< over 2π; 0: unlimited
  double splitter_correlation = 0, insertion_loss_db = 0, insertion_loss_sigma_db = 0;
  std::string target = "haar";  ///< see wanted_matrix.hpp
  std::size_t chips = 1000;     ///< of each row
  double limit = 0.1;           ///< chips with E ≤ limit are good; 0.1 is a hundredth of the power
  std::string on = "cpu";       ///< where it is computed: cpu or cuda
  std::uint64_t seed = 1;
};

/// Throws Error naming the option, the value and the rule; where the target is out of the mesh's reach,
/// study_yield() does.
void check(const YieldSetup& setup);

/// The setup as the trace keeps it; where it is computed is no part of it.
std::string as_toml(const YieldSetup& setup);

/// What came of a row's chips; E = ‖U′ − U‖_F/‖U‖_F at the ports, loss included.
struct YieldRow {
  std::string crossing;
  std::size_t modes = 0;
  double splitter_sigma_rad = 0, phase_sigma_rad = 0;
  int phase_bits = 0;
  std::size_t chips = 0;                 ///< as many as were finished
  double median = 0, low = 0, high = 0;  ///< low, high: 5 % and 95 % of the chips are below
  double mean = 0, rms = 0, largest = 0;
  std::size_t good = 0;                  ///< chips with E ≤ limit
  double yield_low = 0, yield_high = 0;  ///< 95 % interval of the share
  ErrorLaw law;
  double chips_per_s = 0;  ///< measured

  double yield() const { return static_cast<double>(good) / static_cast<double>(chips); }
};

struct YieldResult {
  YieldSetup setup;
  std::string device;  ///< name of the GPU that computed; "" on the CPU
  std::vector<YieldRow> rows;
  bool stopped = false;  ///< on request; the last row may have fewer chips
};

/// Runs all rows in chunks of chips; each chunk's errors, and each row, stand in the trace before the next
/// one starts. Equal numbers for any number of threads. Throws Error where check() does, where the target is
/// out of the mesh's reach, and where CUDA is asked for and not available; no new trace stays behind then.
YieldResult study_yield(const YieldSetup& setup, ThreadPool& pool, Observer& observer,
                        const std::string& trace_path);

std::string yield_text(const YieldResult& result);
std::string yield_json(const YieldResult& result);

/// Value below which a share q of the sorted values lies, between two of them linearly (type 7 of Hyndman and
/// Fan, Am. Stat. 50, 361 (1996), as numpy.quantile). At least one value.
double quantile(std::span<const double> sorted, double q);

struct Interval {
  double low, high;
};
/// 95 % interval of a share of which `good` of `all` ≥ 1 are seen: E. B. Wilson, J. Am. Stat. Assoc. 22, 209
/// (1927).
Interval wilson_interval(std::size_t good, std::size_t all);

}  // namespace fringe
