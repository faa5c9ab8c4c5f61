#include "electronic/systolic_array.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "core/error.hpp"
#include "core/memory_system.hpp"
#include "tests/work_lists.hpp"

namespace fringe {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

/// An array, cell by cell: every register moves one step a cycle. Returns the cycles until the last result
/// has left; results go into y[m×n].
struct Array {
  std::size_t rows, columns;

  /// Cells hold A's transpose (row k, column m); loading shifts it in from above, a row a cycle. Column n of
  /// B enters row k at cycle k + n; sums move down and leave below.
  std::size_t weight_stationary(const std::vector<std::vector<int>>& a,
                                const std::vector<std::vector<int>>& b,
                                std::vector<std::vector<int>>& y) const {
    const std::size_t m = a.size(), k = b.size(), n = b[0].size();
    std::vector<std::vector<int>> input(rows, std::vector<int>(columns)), sum = input;
    const std::size_t load = rows;
    std::size_t left = 0, cycle = 0;
    // Every column of the array drains, those without a weight, too.
    for (; left < columns * n; ++cycle) {
      auto next_input = input;
      auto next_sum = sum;
      for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c < columns; ++c) {
          int in = 0;
          if (c > 0)
            in = input[r][c - 1];
          else if (cycle >= r && cycle - r < n && r < k)
            in = b[r][cycle - r];
          const int weight = r < k && c < m ? a[c][r] : 0;
          next_input[r][c] = in;
          next_sum[r][c] = (r > 0 ? sum[r - 1][c] : 0) + weight * in;
        }
      input = next_input, sum = next_sum;
      // The sum of column c and sample s stands in the last row after cycle (rows − 1) + c + s.
      for (std::size_t c = 0; c < columns; ++c)
        if (cycle + 1 >= rows + c && cycle + 1 - rows - c < n) {
          if (c < m) y[c][cycle + 1 - rows - c] = sum[rows - 1][c];
          ++left;
        }
    }
    return load + cycle;
  }

  /// Cells hold sums; A enters from the left, B from above, both skewed. Draining shifts a row out a cycle.
  std::size_t output_stationary(const std::vector<std::vector<int>>& a,
                                const std::vector<std::vector<int>>& b,
                                std::vector<std::vector<int>>& y) const {
    const std::size_t m = a.size(), k = b.size(), n = b[0].size();
    std::vector<std::vector<int>> right(rows, std::vector<int>(columns)), down = right, sum = right;
    std::size_t done = 0, cycle = 0;
    for (; done < rows * columns * k; ++cycle) {
      auto next_right = right;
      auto next_down = down;
      for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c < columns; ++c) {
          const bool a_enters = cycle >= r && cycle - r < k && r < m;
          const bool b_enters = cycle >= c && cycle - c < k && c < n;
          next_right[r][c] = c > 0 ? right[r][c - 1] : a_enters ? a[r][cycle - r] : 0;
          next_down[r][c] = r > 0 ? down[r - 1][c] : b_enters ? b[cycle - c][c] : 0;
          sum[r][c] += next_right[r][c] * next_down[r][c];
          if (cycle >= r + c && cycle - r - c < k) ++done;
        }
      right = next_right, down = next_down;
    }
    for (std::size_t r = 0; r < m; ++r)
      for (std::size_t c = 0; c < n; ++c) y[r][c] = sum[r][c];
    return cycle + rows;
  }
};

TEST(SystolicArray, CyclesAreThoseOfAnArrayThatSteps) {
  for (const auto& [rows, columns] : {std::pair<std::size_t, std::size_t>{4, 4}, {3, 5}, {6, 2}})
    for (const auto& [m, n, k] : {std::array<std::size_t, 3>{2, 2, 3}, {2, 1, 2}, {1, 2, 1}}) {
      std::vector<std::vector<int>> a(m, std::vector<int>(k)), b(k, std::vector<int>(n));
      for (std::size_t i = 0; i < m; ++i)
        for (std::size_t j = 0; j < k; ++j) a[i][j] = static_cast<int>(3 * i + 5 * j + 1);
      for (std::size_t i = 0; i < k; ++i)
        for (std::size_t j = 0; j < n; ++j) b[i][j] = static_cast<int>(7 * i + 2 * j + 1);
      const SystolicSpec spec{"small", rows, columns, 1, 1e9, Format::int8, 1e6, 1e9, 1e9, 1, "ddr4", ""};
      const Array array{rows, columns};
      for (const Dataflow dataflow : dataflows) {
        std::vector<std::vector<int>> y(m, std::vector<int>(n, -1));
        const std::size_t stepped = dataflow == Dataflow::weight_stationary
                                        ? array.weight_stationary(a, b, y)
                                        : array.output_stationary(a, b, y);
        EXPECT_EQ(systolic_cycles(spec, dataflow, m, n, k), static_cast<double>(stepped));
        for (std::size_t i = 0; i < m; ++i)
          for (std::size_t j = 0; j < n; ++j) {
            int expected = 0;
            for (std::size_t l = 0; l < k; ++l) expected += a[i][l] * b[l][j];
            EXPECT_EQ(y[i][j], expected);
          }
      }
    }
}

TEST(SystolicArray, FoldsAreSharedAmongArrays) {
  SystolicSpec spec = find_systolic("tpu-v4i");
  // K = 1000 on 128 rows and M = 300 on 128 columns: 8·3 = 24 folds, 6 turns of four arrays.
  EXPECT_EQ(systolic_cycles(spec, Dataflow::weight_stationary, 300, 50, 1000),
            6.0 * (2 * 128 + 128 + 50 - 2));
  // Two such products of a group: 48 folds, 12 turns.
  EXPECT_EQ(systolic_cycles(spec, Dataflow::weight_stationary, 300, 50, 1000, 2),
            12.0 * (2 * 128 + 128 + 50 - 2));
  // M = 300, N = 50: 3 folds, one turn.
  EXPECT_EQ(systolic_cycles(spec, Dataflow::output_stationary, 300, 50, 1000), 2 * 128 + 128 + 1000 - 2);
  spec.arrays = 1;
  EXPECT_EQ(systolic_cycles(spec, Dataflow::output_stationary, 300, 50, 1000),
            3.0 * (2 * 128 + 128 + 1000 - 2));
}

TEST(SystolicArray, CatalogueIsCitedAndReachesItsPublishedPeak) {
  for (const SystolicSpec& spec : systolic_catalogue()) {
    EXPECT_FALSE(spec.source.empty()) << spec.name;
    EXPECT_EQ(&find_systolic(spec.name), &spec);
    EXPECT_NO_THROW(find_memory(spec.memory));
  }
  // Printed to three digits or two.
  EXPECT_NEAR(find_systolic("tpu-v1").peak(), 92e12, 0.5e12);
  EXPECT_NEAR(find_systolic("tpu-v3").peak(), 123e12, 0.5e12);
  EXPECT_NEAR(find_systolic("tpu-v4i").peak(), 138e12, 0.5e12);
}

class SystolicPrice : public testing::Test {
 protected:
  ThreadPool pool{1};
  std::unique_ptr<Executor> cpu = make_cpu_executor(pool);

  static Work work(Work::Kind kind, std::size_t rows, std::size_t inner, std::size_t columns) {
    Work w = work_lists::work(kind, 0, rows, inner, columns);
    w.bytes = 8.0 * static_cast<double>(rows * std::max<std::size_t>(columns, inner));
    return w;
  }
};

TEST_F(SystolicPrice, NeverFasterThanPeakNorBandwidthNorAboveTheTdp) {
  for (const SystolicSpec& spec : systolic_catalogue())
    for (const Dataflow dataflow : dataflows)
      for (const std::size_t n : {1u, 100u, 4096u})
        for (const std::size_t batch : {1u, 64u, 5000u})
          for (const Work::Kind kind : {Work::Kind::product, Work::Kind::outer_product,
                                        Work::Kind::elementwise, Work::Kind::weight_update}) {
            const Work w = work(kind, n, n, batch);
            const Cost cost = make_systolic_array(spec, dataflow, *cpu, pool)->price(std::span(&w, 1));
            EXPECT_GE(cost.latency_s, 2 * w.macs() / spec.peak() * (1 - 4 * eps));
            EXPECT_GE(cost.latency_s, cost.busy(Resource::memory));
            EXPECT_GT(cost.latency_s, 0);
            EXPECT_LE(cost.energy_j(Boundary::board, cost.latency_s),
                      spec.tdp_w * cost.latency_s * (1 + 64 * eps))
                << spec.name << " " << n << " " << batch << " " << static_cast<int>(kind);
            EXPECT_EQ(cost.provenance, Provenance::modelled);
          }
}

TEST_F(SystolicPrice, LongStreamsReachThePeak) {
  // A batch of T against 2R + C − 2 cycles of filling: the share lost is their ratio.
  for (const SystolicSpec& spec : systolic_catalogue()) {
    const std::size_t batch = 1u << 22;
    const Work w = work(Work::Kind::product, spec.columns * spec.arrays, spec.rows, batch);
    const Cost cost =
        make_systolic_array(spec, Dataflow::weight_stationary, *cpu, pool)->price(std::span(&w, 1));
    const double lost = static_cast<double>(2 * spec.rows + spec.columns - 2) / static_cast<double>(batch);
    EXPECT_NEAR(cost.busy(Resource::matrix_unit), 2 * w.macs() / spec.peak() * (1 + lost),
                16 * eps * cost.busy(Resource::matrix_unit));
  }
}

TEST_F(SystolicPrice, BackwardProductsSwapTheirSides) {
  const SystolicSpec& spec = find_systolic("tpu-v3");
  Work w = work(Work::Kind::product, 1000, 200, 64);
  w.transposed = true;
  const auto hardware = make_systolic_array(spec, Dataflow::output_stationary, *cpu, pool);
  EXPECT_EQ(hardware->price(std::span(&w, 1)).busy(Resource::matrix_unit),
            systolic_cycles(spec, Dataflow::output_stationary, 200, 64, 1000) / spec.clock_hz);
  w = work(Work::Kind::outer_product, 1000, 200, 64);
  EXPECT_EQ(hardware->price(std::span(&w, 1)).busy(Resource::matrix_unit),
            systolic_cycles(spec, Dataflow::output_stationary, 1000, 200, 64) / spec.clock_hz);
}

TEST_F(SystolicPrice, ComputesInItsFormat) {
  const auto hardware =
      make_systolic_array(find_systolic("tpu-v4i"), Dataflow::weight_stationary, *cpu, pool);
  EXPECT_EQ(hardware->name(), "tpu-v4i-weight-stationary");
  EXPECT_EQ(hardware->boundary(), Boundary::board);
  std::vector<float> w{1.00390625f}, x{1.0f}, y{0.0f};  // 1 + 2⁻⁸: a tie that BF16 rounds to 1
  const auto matrix = hardware->program({w.data(), 1, 1}, 0);
  matrix->forward({x.data(), 1, 1}, {y.data(), 1, 1}, {});
  EXPECT_EQ(y[0], 1.0f);
  EXPECT_THROW(find_systolic("tpu-v9"), Error);
}

}  // namespace
}  // namespace fringe
