// Collectives against a simulation message by message, and the step on many boards against its laws.
#include "electronic/data_parallel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <set>
#include <vector>

#include "core/error.hpp"

namespace fringe {
namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr double alpha = 5e-6, bandwidth = 7e9;

/// Ranks add numbers by the ring's own messages: each step, rank r hands one of n parts to r + 1. Returns the
/// seconds, all messages of a step going at once; checks the sums.
double simulated_ring(int n, double bytes) {
  std::vector<std::vector<double>> parts(static_cast<std::size_t>(n),
                                         std::vector<double>(static_cast<std::size_t>(n)));
  for (int r = 0; r < n; ++r)
    for (int p = 0; p < n; ++p) parts[static_cast<std::size_t>(r)][static_cast<std::size_t>(p)] = r * 100 + p;
  double seconds = 0;
  for (int step = 0; step < 2 * (n - 1); ++step) {
    const auto before = parts;
    for (int r = 0; r < n; ++r) {
      // Reduce-scatter starts with a rank's own part, all-gather with the part that it holds complete.
      const auto part = static_cast<std::size_t>(((r - step + (step >= n - 1 ? 1 + n - 1 : 0)) % n + n) % n);
      double& target = parts[static_cast<std::size_t>((r + 1) % n)][part];
      const double sent = before[static_cast<std::size_t>(r)][part];
      target = step < n - 1 ? target + sent : sent;
    }
    seconds += alpha + bytes / n / bandwidth;
  }
  for (int r = 0; r < n; ++r)
    for (int p = 0; p < n; ++p)
      EXPECT_EQ(parts[static_cast<std::size_t>(r)][static_cast<std::size_t>(p)],
                100 * n * (n - 1) / 2 + n * p)
          << "rank " << r << " part " << p << " of " << n;
  return seconds;
}

TEST(AllReduce, RingTakesTheTimeOfItsMessages) {
  for (const int n : {2, 3, 4, 5, 8}) {
    const double simulated = simulated_ring(n, 1e9);
    EXPECT_NEAR(all_reduce_s(Collective::ring, n, 1e9, alpha, bandwidth), simulated,
                8 * n * epsilon * simulated);
  }
}

/// Recursive halving and doubling: at distance d = n/2, n/4, … each rank swaps half of what it still holds.
TEST(AllReduce, RecursiveHalvingTakesTheTimeOfItsMessages) {
  for (const int n : {2, 4, 8, 16}) {
    double held = 1e9, seconds = 0;
    for (int distance = n / 2; distance >= 1; distance /= 2) {
      held /= 2;
      seconds += 2 * (alpha + held / bandwidth);  // down, and the same way back
    }
    EXPECT_NEAR(all_reduce_s(Collective::recursive_halving, n, 1e9, alpha, bandwidth), seconds,
                16 * epsilon * seconds);
  }
  EXPECT_THROW(all_reduce_s(Collective::recursive_halving, 6, 1e9, alpha, bandwidth), Error);
}

TEST(AllReduce, TreeTakesTheTimeOfItsRounds) {
  for (const int n : {2, 3, 4, 5, 8, 9}) {
    int rounds = 0;
    for (int reached = 1; reached < n; reached *= 2) ++rounds;
    const double seconds = 2 * rounds * (alpha + 1e9 / bandwidth);
    EXPECT_NEAR(all_reduce_s(Collective::tree, n, 1e9, alpha, bandwidth), seconds, 4 * epsilon * seconds);
  }
}

TEST(AllReduce, OneRankWaitsForNobodyAndTreesWinOnShortMessages) {
  for (const auto c :
       {Collective::ring, Collective::recursive_halving, Collective::tree, Collective::two_trees})
    EXPECT_EQ(all_reduce_s(c, 1, 1e9, alpha, bandwidth), 0);
  // Where latency counts, logarithms beat rings; where bandwidth does, a ring beats a tree.
  EXPECT_LT(all_reduce_s(Collective::two_trees, 16, 8, alpha, bandwidth),
            all_reduce_s(Collective::ring, 16, 8, alpha, bandwidth));
  EXPECT_LT(all_reduce_s(Collective::ring, 16, 1e9, alpha, bandwidth),
            all_reduce_s(Collective::tree, 16, 1e9, alpha, bandwidth));
}

/// ∫ x·n·φ(x)·Φ(x)ⁿ⁻¹ dx by Simpson's rule; the integrand is smooth and vanishes beyond ±9.
double integrated_maximum(int n) {
  constexpr int intervals = 4000;
  double sum = 0;
  for (int i = 0; i <= intervals; ++i) {
    const double x = -9 + 18.0 * i / intervals;
    const double density = std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
    const double value = x * n * density * std::pow(0.5 * std::erfc(-x / std::numbers::sqrt2), n - 1);
    sum += value * (i == 0 || i == intervals ? 1 : i % 2 == 1 ? 4 : 2);
  }
  return sum * 18.0 / intervals / 3;
}

TEST(ExpectedMaximum, IsTheIntegralToThePrintedDigits) {
  for (int n = 1; n <= 16; ++n) EXPECT_NEAR(expected_maximum(n), integrated_maximum(n), 0.5e-5 + 1e-9) << n;
  EXPECT_THROW(expected_maximum(0), Error);
  EXPECT_THROW(expected_maximum(17), Error);
}

/// ∫ 1 − (1 − e⁻ˣ)ⁿ dx by Simpson's rule; beyond 45 less than n·e⁻⁴⁵ is left.
TEST(ExpectedLongestWait, IsTheIntegral) {
  constexpr int intervals = 90000;
  constexpr double step = 45.0 / intervals;
  for (int n = 1; n <= 16; ++n) {
    double sum = 0;
    for (int i = 0; i <= intervals; ++i)
      sum += -std::expm1(n * std::log1p(-std::exp(-step * i))) * (i == 0 || i == intervals ? 1
                                                                  : i % 2 == 1             ? 4
                                                                                           : 2);
    // At 0 the integrand is 1, and its (n)-th power has derivatives up to n⁴: Simpson is off by 45·h⁴/180·n⁴.
    EXPECT_NEAR(expected_longest_wait(n), sum * step / 3,
                45 * std::pow(step * n, 4) / 180 + 64 * epsilon * intervals * step / 3)
        << n;
  }
  EXPECT_THROW(expected_longest_wait(0), Error);
}

TEST(Interconnects, HaveSourcesAndDistinctNames) {
  std::set<std::string_view> names;
  for (const Interconnect& way : interconnects()) {
    EXPECT_TRUE(names.insert(way.name).second) << way.name;
    EXPECT_GT(way.source.size(), 20u) << way.name;
    EXPECT_GE(way.most_gpus, 2) << way.name;
    EXPECT_GT(way.hop_s, 0) << way.name;
  }
  EXPECT_THROW(find_interconnect("nvswich"), Error);
}

/// A board of the table with another generation of PCIe.
GpuSpec board_of(int pcie_generation) {
  GpuSpec board = find_gpu("a100-sxm4-40gb");
  board.pcie_generation = pcie_generation;
  return board;
}
const GpuSpec three = board_of(3), four = board_of(4);

class EachInterconnect : public testing::TestWithParam<Interconnect> {};

/// Both q = 1 (nothing hidden) and q → ∞ (all hidden) bound the step.
TEST_P(EachInterconnect, HidesAllOrNothingAtTheLimitsOfTheOverlap) {
  const Interconnect& way = GetParam();
  for (const double bytes : {1e6, 1e8, 5e9}) {
    const TrainingStep step{0.3, bytes, true};
    ScalingConstants constants = fitted_scaling();
    constants.overlap = 1;
    const ParallelStep none = data_parallel_step(step, way, three, way.most_gpus, constants);
    EXPECT_NEAR(none.exposed_s, none.exchange_s, 16 * epsilon * (step.one_gpu_s + none.exchange_s));
    constants.overlap = 200;
    const ParallelStep all = data_parallel_step(step, way, three, way.most_gpus, constants);
    const double longer = std::max(step.one_gpu_s, all.exchange_s);
    // The norm exceeds the maximum by at most 2^(1/q).
    EXPECT_GE(step.one_gpu_s + all.exposed_s, longer * (1 - 1e3 * epsilon));
    EXPECT_LE(step.one_gpu_s + all.exposed_s, longer * std::pow(2.0, 1.0 / 200) * (1 + 1e3 * epsilon));
    const ParallelStep fitted = data_parallel_step(step, way, three, way.most_gpus);
    EXPECT_LE(fitted.exposed_s, none.exposed_s);
    EXPECT_GE(fitted.exposed_s, all.exposed_s);
  }
}

TEST_P(EachInterconnect, AddsUpAndNeverScalesPerfectly) {
  const Interconnect& way = GetParam();
  for (int n = 2; n <= way.most_gpus; ++n)
    for (const bool overlapped : {true, false}) {
      const ParallelStep s = data_parallel_step({0.2, 4e8, overlapped}, way, four, n);
      EXPECT_NEAR(s.step_s, 0.2 + s.exposed_s + s.stall_s, 4 * epsilon * s.step_s);
      EXPECT_NEAR(s.efficiency * s.step_s, 0.2, 4 * epsilon);
      EXPECT_LT(s.efficiency, 1);
      const ParallelStep less = data_parallel_step({0.2, 2e8, overlapped}, way, four, n);
      EXPECT_LT(less.step_s, s.step_s);
    }
  const ParallelStep one = data_parallel_step({0.2, 4e8, true}, way, four, 1);
  EXPECT_EQ(one.step_s, 0.2);
  EXPECT_EQ(one.efficiency, 1);
}

TEST_P(EachInterconnect, DoublesWithAPcieGenerationOnlyWhereItIsPcie) {
  const Interconnect& way = GetParam();
  const ParallelStep on_three = data_parallel_step({0.2, 4e9, true}, way, three, 2);
  const ParallelStep on_four = data_parallel_step({0.2, 4e9, true}, way, four, 2);
  // 4 GB between two boards: each hands on the gradient once by ring, twice through the host.
  const double latency = std::ceil(4e9 / (25 * 1024 * 1024)) * (ring_start_s + 2 * way.hop_s);
  const double whole = 4e9 / fitted_scaling().bytes_per_s[static_cast<std::size_t>(way.link)];
  const double passes = (way.exchange == Exchange::ring ? 1 : 2) * (way.one_for_all ? 2 : 1);
  EXPECT_NEAR(on_three.exchange_s, latency + passes * whole, 16 * epsilon * on_three.exchange_s);
  EXPECT_NEAR(on_four.exchange_s, latency + passes * whole / (way.by_generation ? 2 : 1),
              16 * epsilon * on_three.exchange_s);
}

INSTANTIATE_TEST_SUITE_P(All, EachInterconnect,
                         testing::ValuesIn(interconnects().begin(), interconnects().end()),
                         [](const auto& tested) {
                           std::string name(tested.param.name);
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

/// On a bus of fixed bandwidth, n boards that each move 2(n−1)/n of the gradient take 2(n−1) times as long as
/// the gradient once.
TEST(DataParallel, ASharedWayTakesTimeInProportionToTheBoardsLessOne) {
  const Interconnect& bus = find_interconnect("pcie-host-bus");
  ScalingConstants c = fitted_scaling();
  const double once = 8e9 / c.bytes_per_s[static_cast<std::size_t>(bus.link)];
  const double buckets = std::ceil(8e9 / (25 * 1024 * 1024));
  for (int n = 2; n <= 8; ++n)
    EXPECT_NEAR(data_parallel_step({1, 8e9, true}, bus, four, n, c).exchange_s,
                2.0 * (n - 1) * (once + buckets * bus.hop_s) + buckets * ring_start_s,
                64 * epsilon * n * once);
}

/// A gradient of 100 kB among eight: a ring hands on fourteen times, two trees go up and down four levels.
TEST(DataParallel, ShortGradientsTakeTrees) {
  const Interconnect& way = find_interconnect("nvswitch");
  const double fitted = fitted_scaling().bytes_per_s[static_cast<std::size_t>(way.link)];
  const ParallelStep step = data_parallel_step({0.01, 1e5, true}, way, four, 8);
  const double trees = ring_start_s + 8 * way.hop_s + 2 * 1e5 / fitted;
  EXPECT_NEAR(step.exchange_s, trees, 16 * epsilon * trees);
  EXPECT_LT(step.exchange_s, ring_start_s + 14 * way.hop_s);
}

/// What authors of NCCL tell of eight boards: 230 GB/s on A100 and 370 on H100, which are below and above
/// what it reckons; PCIe doubles from 12 GB/s.
TEST(LinkRates, AreWhatNcclReckons) {
  EXPECT_NEAR(link_bytes_per_s(Link::nvlink, find_gpu("v100-sxm2-32gb")), 6 * 20e9, 1);
  EXPECT_NEAR(link_bytes_per_s(Link::nvlink, find_gpu("a100-sxm4-40gb")), 230e9, 0.05 * 230e9);
  EXPECT_NEAR(link_bytes_per_s(Link::nvlink, find_gpu("h100-sxm")), 370e9, 0.05 * 370e9);
  EXPECT_NEAR(link_bytes_per_s(Link::nvlink, find_gpu("b200")), 18 * 40.1e9, 0.01 * 18 * 40.1e9);
  EXPECT_EQ(link_bytes_per_s(Link::pcie_peer, find_gpu("rtx8000")), 12e9);
  EXPECT_EQ(link_bytes_per_s(Link::pcie_peer, find_gpu("h100-pcie")), 48e9);
}

/// The constants hold for every board of the table; the law takes over beyond, on both fabrics.
TEST(BeyondTheTable, OneLawServesBothFabrics) {
  for (const GpuSpec& board : gpu_catalogue()) {
    for (const std::string_view name : {"nvswitch", "pcie-p2p"}) {
      const Interconnect& way = find_interconnect(name);
      const bool nvlink = way.link == Link::nvlink;
      if (nvlink && board.nvlink_bytes_per_s == 0) continue;
      const bool beyond = nvlink ? board.nvlink_bytes_per_s > 600e9 : board.pcie_generation > 4;
      const double fitted = std::ldexp(fitted_scaling().bytes_per_s[static_cast<std::size_t>(way.link)],
                                       nvlink ? 0 : board.pcie_generation - 3);
      const double rate = beyond ? lawful_bytes_per_s(way.link, board) : fitted;
      const double bytes = 4e9,
                   latency = std::ceil(bytes / (25 * 1024 * 1024)) * (ring_start_s + 2 * way.hop_s);
      const double exchange = latency + bytes / rate;
      EXPECT_NEAR(data_parallel_step({0.2, bytes, true}, way, board, 2).exchange_s, exchange,
                  16 * epsilon * exchange)
          << board.name << " " << name;
      // Both parts slow an exchange: it is slower than either alone.
      EXPECT_LT(lawful_bytes_per_s(way.link, board), link_bytes_per_s(way.link, board));
    }
  }
}

/// Of two boards the one whose link is faster for each byte of its memory's bandwidth, and for each of its
/// operations, loses the smaller part to an exchange, whatever bounds their computing.
TEST(BeyondTheTable, MoreLinkForTheMemoryScalesBetter) {
  const GpuSpec &sxm = find_gpu("h100-sxm"), &pcie = find_gpu("h100-pcie");
  const auto link_over = [](Link link, const GpuSpec& board, double rate) {
    return link_bytes_per_s(link, board) / rate;
  };
  ASSERT_GT(link_over(Link::nvlink, sxm, sxm.memory_bytes_per_s),
            link_over(Link::pcie_peer, pcie, pcie.memory_bytes_per_s));
  ASSERT_GT(link_over(Link::nvlink, sxm, sxm.peak(Format::bf16)),
            link_over(Link::pcie_peer, pcie, pcie.peak(Format::bf16)));
  for (const double operations : {0.0, 1e12, 3e13, 1e15})
    for (const double bytes : {1e9, 1e11, 3e12})
      for (const double gradient : {1e8, 7e8, 1.4e10})
        for (const int n : {2, 4, 8}) {
          const auto efficiency = [&](const GpuSpec& board, std::string_view way) {
            const double one_s =
                std::max(operations / board.peak(Format::bf16), bytes / board.memory_bytes_per_s);
            return data_parallel_step({one_s, gradient, true}, find_interconnect(way), board, n).efficiency;
          };
          EXPECT_GT(efficiency(sxm, "nvswitch"), efficiency(pcie, "pcie-p2p"))
              << operations << " " << bytes << " " << gradient << " " << n;
        }
}

/// A fifth of the step waits for data: with four boards the longest wait is 25/12 of that.
TEST(DataParallel, AllWaitForTheLatestInput) {
  const Interconnect& way = find_interconnect("nvswitch");
  const double without = data_parallel_step({2, 1e8, true}, way, four, 4).stall_s;
  const double with = data_parallel_step({2, 1e8, true, 0.2}, way, four, 4).stall_s;
  EXPECT_NEAR(with - without, 2 * 0.2 * (25.0 / 12 - 1), 16 * epsilon);
}

TEST(DataParallel, NamesWhatIsOutOfRange) {
  const Interconnect& bridge = find_interconnect("nvlink-bridge");
  EXPECT_THROW(data_parallel_step({0.1, 1e8, true}, bridge, three, 3), Error);
  EXPECT_THROW(data_parallel_step({0.1, 1e8, true}, bridge, three, 0), Error);
  EXPECT_THROW(data_parallel_step({0, 1e8, true}, bridge, three, 2), Error);
  EXPECT_THROW(data_parallel_step({0.1, -1, true}, bridge, three, 2), Error);
  EXPECT_THROW(data_parallel_step({0.1, 1e8, true}, bridge, board_of(0), 2), Error);
  EXPECT_THROW(data_parallel_step({0.1, 1e8, true, 1}, bridge, three, 2), Error);
}

/// 1 kW at 0.10 USD/kWh is 10 cents an hour; 8766 USD over a year of 8766 hours is one USD an hour.
TEST(DataParallel, RunningCostsPriceAndElectricity) {
  EXPECT_NEAR(3600 * running_usd_per_s(8766, 1, 1000, 0.10), 1.10, 8 * epsilon);
}

}  // namespace
}  // namespace fringe
