#include "electronic/data_parallel.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.hpp"

namespace fringe {
namespace {

constexpr double bucket_bytes = 25.0 * 1024 * 1024;

// H. L. Harter, "Expected values of normal order statistics", Biometrika 48, 151 (1961).
constexpr std::array<double, 16> largest{0,       0.56419, 0.84628, 1.02938, 1.16296, 1.26721,
                                         1.35218, 1.42360, 1.48501, 1.53875, 1.58644, 1.62923,
                                         1.66799, 1.70338, 1.73591, 1.76599};

[[noreturn]] void fail(const std::string& what) { throw Error("training step on many boards: " + what); }

/// Whether the board's link is faster than all of its kind in the table.
bool beyond_the_table(Link link, const GpuSpec& board) {
  constexpr double fastest_nvlink = 600e9;
  constexpr int last_pcie = 4;
  return link == Link::nvlink ? board.nvlink_bytes_per_s > fastest_nvlink
                              : link == Link::pcie_peer && board.pcie_generation > last_pcie;
}

double bytes_per_s(const Interconnect& way, const GpuSpec& board, const ScalingConstants& constants) {
  if (beyond_the_table(way.link, board)) return lawful_bytes_per_s(way.link, board, constants);
  const double fitted = constants.bytes_per_s[static_cast<std::size_t>(way.link)];
  return way.by_generation ? std::ldexp(fitted, board.pcie_generation - 3) : fitted;
}

}  // namespace

double lawful_bytes_per_s(Link link, const GpuSpec& board, const ScalingConstants& constants) {
  constexpr double a100_bytes_per_s = 1555e9;
  return 1 / (1 / link_bytes_per_s(link, board) +
              a100_bytes_per_s / (constants.board_bytes_per_s * board.memory_bytes_per_s));
}

double expected_maximum(int n) {
  if (n < 1 || n > static_cast<int>(largest.size())) fail(std::to_string(n) + " boards, takes 1 to 16");
  return largest[static_cast<std::size_t>(n - 1)];
}

double expected_longest_wait(int n) {
  if (n < 1) fail(std::to_string(n) + " boards, at least 1");
  double sum = 0;
  for (int k = n; k >= 1; --k) sum += 1.0 / k;
  return sum;
}

double running_usd_per_s(double price_usd, double years, double power_w, double usd_per_kwh) {
  constexpr double s_per_year = 365.25 * 86400, j_per_kwh = 3.6e6;
  return price_usd / (years * s_per_year) + power_w / j_per_kwh * usd_per_kwh;
}

const ScalingConstants& fitted_scaling() noexcept {
  // sim/validate_scaling.cpp fits them again.
  static constexpr ScalingConstants constants{
      1.321, {22.76e9, 3.408e9, 8.045e9, 5.701e9, 5.277e9, 3.502e9, 9.665e9}, {0.0181, 0.0518}};
  return constants;
}

ParallelStep data_parallel_step(const TrainingStep& step, const Interconnect& interconnect,
                                const GpuSpec& board, int gpus, const ScalingConstants& constants) {
  if (!(step.one_gpu_s > 0))
    fail("time on one board = " + std::to_string(step.one_gpu_s) + " s, must be positive");
  if (!(step.gradient_bytes >= 0)) fail("the gradient's bytes must not be negative");
  if (!(step.input_wait >= 0 && step.input_wait < 1))
    fail("part that waits for data = " + std::to_string(step.input_wait) + " must lie in [0, 1)");
  if (gpus < 1 || gpus > interconnect.most_gpus)
    fail(std::to_string(gpus) + " boards on '" + std::string(interconnect.name) + "', which takes 1 to " +
         std::to_string(interconnect.most_gpus));
  if (board.pcie_generation < 1 || board.pcie_generation > 7)
    fail("PCIe generation = " + std::to_string(board.pcie_generation) + " must lie in [1, 7]");
  if (!(constants.overlap >= 1))
    fail("overlap exponent = " + std::to_string(constants.overlap) + ", at least 1");
  if (gpus == 1) return {step.one_gpu_s, 0, 0, 0, 1};

  const double rate = bytes_per_s(interconnect, board, constants) / (interconnect.one_for_all ? gpus : 1);
  ParallelStep result;
  const double buckets = std::ceil(step.gradient_bytes / bucket_bytes);
  const double latency = buckets * ring_start_s, hop = buckets * interconnect.hop_s;
  const auto by = [&](Collective c) { return all_reduce_s(c, gpus, step.gradient_bytes, hop, rate); };
  result.exchange_s = latency + (interconnect.exchange == Exchange::ring
                                     ? std::min(by(Collective::ring), by(Collective::two_trees))
                                     : 2.0 * (gpus - 1) * hop + 2 * step.gradient_bytes / rate);
  const double q = step.overlapped ? constants.overlap : 1;
  // The longer in front: its power cannot overflow.
  const auto [shorter, longer] = std::minmax(result.exchange_s, step.one_gpu_s);
  result.exposed_s = longer * std::pow(1 + std::pow(shorter / longer, q), 1 / q) - step.one_gpu_s;
  result.stall_s = step.one_gpu_s * (constants.stall[static_cast<std::size_t>(interconnect.platform)] *
                                         expected_maximum(gpus) +
                                     step.input_wait * (expected_longest_wait(gpus) - 1));
  result.step_s = step.one_gpu_s + result.exposed_s + result.stall_s;
  result.efficiency = step.one_gpu_s / result.step_s;
  return result;
}

}  // namespace fringe
