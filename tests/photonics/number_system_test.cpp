#include "photonics/number_system.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "photonics/converters.hpp"
#include "photonics/real_svd.hpp"

namespace fringe {
namespace {

using Kind = NumberSystem::Kind;

std::vector<float> normals(std::size_t count, std::uint32_t site) {
  std::vector<float> values(count);
  fill_normal(values, {.seed = 21, .site = site});
  return values;
}

struct Bench {
  ThreadPool pool{2};
  std::unique_ptr<Executor> cpu = make_cpu_executor(pool);

  std::vector<float> forward(const std::vector<float>& w, std::size_t rows, std::size_t cols,
                             const std::vector<float>& x, const NumberSystem& numbers,
                             const Context& context = {}, NumberMatrix::Readings* readings = nullptr) {
    const std::size_t batch = x.size() / cols;
    const auto matrix = make_number_matrix({w.data(), rows, cols}, numbers, 3, 0, *cpu, pool);
    std::vector<float> y(rows * batch);
    matrix->forward({x.data(), cols, batch}, {y.data(), rows, batch}, context);
    if (readings) *readings = matrix->readings();
    return y;
  }
};

// The same codes in whole numbers, summed in 64 bits; each block's scales in float32, as the matrix has them.
std::vector<float> by_integers(const std::vector<float>& w, std::size_t rows, std::size_t cols,
                               const std::vector<float>& x, const NumberSystem& n) {
  const std::size_t batch = x.size() / cols;
  const auto qw = static_cast<float>((1 << (n.weight_bits - 1)) - 1),
             qx = static_cast<float>((1 << (n.input_bits - 1)) - 1);
  std::vector<float> y(rows * batch, 0.0f);
  for (std::size_t first = 0; first < cols; first += n.width) {
    const std::size_t end = std::min(cols, first + n.width);
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t b = 0; b < batch; ++b) {
        float most_w = 0, most_x = 0;
        for (std::size_t k = first; k < end; ++k) {
          most_w = std::max(most_w, std::abs(w[r * cols + k]));
          most_x = std::max(most_x, std::abs(x[k * batch + b]));
        }
        const float sw = most_w / qw, sx = most_x / qx;
        std::int64_t sum = 0;
        for (std::size_t k = first; k < end; ++k)
          sum += std::lround(w[r * cols + k] / sw) * std::lround(x[k * batch + b] / sx);
        y[r * batch + b] += static_cast<float>(sum) * (sw * sx);
      }
  }
  return y;
}

// Halves round differently in lround and nearbyint, but no normal divided by its scale is one here.
TEST(NumberSystem, ResiduesAreIntegerArithmeticBitForBit) {
  Bench bench;
  for (const int bits : {4, 6, 8}) {
    NumberSystem n{.kind = Kind::residue, .weight_bits = bits, .input_bits = bits, .modulus_bits = bits};
    n.width = 64;
    const auto w = normals(20 * 150, 1), x = normals(150 * 33, 2);
    EXPECT_EQ(bench.forward(w, 20, 150, x, n), by_integers(w, 20, 150, x, n)) << bits << " bits";
  }
}

TEST(NumberSystem, SlicesAreIntegerArithmeticWhereTheConverterSeesAllOfThem) {
  Bench bench;
  NumberSystem n{.kind = Kind::sliced};
  n.width = 64;
  const auto w = normals(10 * 100, 3), x = normals(100 * 9, 4);
  for (const int slice : {1, 3, 4, 7}) {
    n.slice_bits = slice;
    // 64·(2^s − 1)² codes and their signs.
    n.output_bits = 2 + 6 + 2 * slice;
    EXPECT_EQ(bench.forward(w, 10, 100, x, n), by_integers(w, 10, 100, x, n)) << slice;
  }
}

// The ADC's rounding alone: a block of rms error step/√12 in codes, the step F/(K·gain). The rms over n
// readings has a relative spread of √(1/(5n)) (uniform errors: kurtosis 9/5); 5 of them, and 1 % for the law,
// whose next term is e^(−2π²(σ/step)²) for readings that spread by σ ≥ step.
TEST(NumberSystem, GainShrinksTheConvertersStepUntilReadingsClip) {
  Bench bench;
  const std::size_t rows = 64, cols = 128, batch = 128;
  const auto w = normals(rows * cols, 5), x = normals(cols * batch, 6);
  NumberSystem n;
  const auto exact = by_integers(w, rows, cols, x, n);
  const auto error = [&](double gain, std::uint64_t& clipped) {
    n.gain = gain;
    NumberMatrix::Readings readings;
    const auto y = bench.forward(w, rows, cols, x, n, {}, &readings);
    clipped = readings.clipped;
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      const std::size_t r = i / batch, b = i % batch;
      float most_w = 0, most_x = 0;
      for (std::size_t k = 0; k < cols; ++k) {
        most_w = std::max(most_w, std::abs(w[r * cols + k]));
        most_x = std::max(most_x, std::abs(x[k * batch + b]));
      }
      const double codes = (static_cast<double>(y[i]) - exact[i]) / (most_w / 127.0 * most_x / 127.0);
      sum += codes * codes;
    }
    return std::sqrt(sum / static_cast<double>(y.size()));
  };
  const double full = 128.0 * 127 * 127, spread = 5 * std::sqrt(1 / (5.0 * rows * batch)) + 0.01;
  std::uint64_t clipped = 0;
  for (const double gain : {2.0, 4.0, 8.0}) {
    const double law = full / 127 / gain / std::sqrt(12.0);
    EXPECT_NEAR(error(gain, clipped) / law, 1, spread) << "gain " << gain;
    EXPECT_EQ(clipped, 0u);
  }
  const double best = error(16, clipped), beyond = error(256, clipped);
  EXPECT_GT(clipped, 0u);
  EXPECT_GT(beyond, 5 * best) << "a gain that clips must cost accuracy";
}

// Noise of one step, rounded (variance 1 + 1/12): the mean of A readings has 1/A of it.
TEST(NumberSystem, AveragesReduceNoise) {
  Bench bench;
  const std::size_t rows = 32, cols = 128, batch = 256;
  const auto w = normals(rows * cols, 7), x = normals(cols * batch, 8);
  NumberSystem n;
  n.gain = 8;
  const auto clean = bench.forward(w, rows, cols, x, n);
  n.noise_steps = 1;
  const auto variance = [&](int averages) {
    n.averages = averages;
    const auto y = bench.forward(w, rows, cols, x, n, {.seed = 4});
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += std::pow(static_cast<double>(y[i]) - clean[i], 2);
    return sum;
  };
  // The clean reading's own rounding error, 1/12, stays: (1 + 1/12)/A + 1/12.
  const double one = variance(1), sixteen = variance(16);
  EXPECT_NEAR(one / sixteen, (1 + 2.0 / 12) / (13.0 / 12 / 16 + 1.0 / 12), 0.05 * one / sixteen);
}

TEST(NumberSystem, RedundantResiduesCorrectWhatNoiseMoves) {
  Bench bench;
  const std::size_t rows = 16, cols = 64, batch = 64;
  const auto w = normals(rows * cols, 9), x = normals(cols * batch, 10);
  NumberSystem n{.kind = Kind::residue, .weight_bits = 6, .input_bits = 6, .modulus_bits = 6};
  n.width = 64;
  const auto exact = bench.forward(w, rows, cols, x, n);
  // 1.3 % of the readings move by a step: P(|z| > .5/.2).
  n.noise_steps = 0.2;
  const auto wrong = [&](int redundant) {
    n.redundant = redundant;
    const auto y = bench.forward(w, rows, cols, x, n, {.seed = 5});
    std::size_t count = 0;
    for (std::size_t i = 0; i < y.size(); ++i) count += y[i] != exact[i] ? 1 : 0;
    return count;
  };
  const std::size_t none = wrong(0), two = wrong(2);
  const double p = std::erfc(0.5 / 0.2 / std::sqrt(2.0)),
               moduli = static_cast<double>(moduli_of(n).size()) - 2;
  const double expected = static_cast<double>(rows * batch) * (1 - std::pow(1 - p, moduli));
  EXPECT_NEAR(static_cast<double>(none), expected, 5 * std::sqrt(expected));
  EXPECT_LT(two, none / 8);
}

TEST(NumberSystem, NoiseBelongsToSampleAndPosition) {
  Bench bench;
  const std::size_t rows = 6, cols = 40, batch = 8, positions = 3;
  const auto w = normals(rows * cols, 11), x = normals(cols * batch * positions, 12);
  NumberSystem n;
  n.noise_steps = 3;
  const auto all = bench.forward(w, rows, cols, x, n, {.seed = 6, .positions = positions});
  // The last five samples alone.
  std::vector<float> some(cols * 5 * positions);
  for (std::size_t k = 0; k < cols; ++k)
    for (std::size_t p = 0; p < positions; ++p)
      for (std::size_t b = 0; b < 5; ++b)
        some[(k * positions + p) * 5 + b] = x[(k * positions + p) * batch + 3 + b];
  const auto part =
      bench.forward(w, rows, cols, some, n, {.seed = 6, .first_sample = 3, .positions = positions});
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t p = 0; p < positions; ++p)
      for (std::size_t b = 0; b < 5; ++b)
        EXPECT_EQ(part[(r * positions + p) * 5 + b], all[(r * positions + p) * batch + 3 + b]);
  const auto other = bench.forward(w, rows, cols, x, n, {.seed = 6, .shot = 1, .positions = positions});
  EXPECT_NE(other, all);
}

TEST(NumberSystem, GradientsGoStraightThrough) {
  Bench bench;
  const std::size_t rows = 5, cols = 12, batch = 7;
  const auto w = normals(rows * cols, 13), x = normals(cols * batch, 14), dy = normals(rows * batch, 15);
  NumberSystem n;
  n.width = 8;
  const auto matrix = make_number_matrix({w.data(), rows, cols}, n, 0, 0, *bench.cpu, bench.pool);
  std::vector<float> dx(cols * batch), realised(rows * cols);
  matrix->backward({x.data(), cols, batch}, {dy.data(), rows, batch}, {dx.data(), cols, batch}, {});
  matrix->realised({realised.data(), rows, cols});
  for (std::size_t k = 0; k < cols; ++k)
    for (std::size_t b = 0; b < batch; ++b) {
      double sum = 0, size = 0;
      for (std::size_t r = 0; r < rows; ++r) {
        const double term = static_cast<double>(realised[r * cols + k]) * dy[r * batch + b];
        sum += term;
        size += std::abs(term);
      }
      EXPECT_NEAR(dx[k * batch + b], sum, rows * 0x1p-24 * size);
    }
  // A rounded input is within half a code of the input.
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t k = 0; k < cols; ++k) {
      double sum = 0, size = 0;
      for (std::size_t b = 0; b < batch; ++b) {
        float most = 0;
        for (std::size_t j = k / 8 * 8; j < std::min(cols, k / 8 * 8 + 8); ++j)
          most = std::max(most, std::abs(x[j * batch + b]));
        sum += static_cast<double>(dy[r * batch + b]) * x[k * batch + b];
        size += std::abs(dy[r * batch + b]) * static_cast<double>(most) * (0.5 / 127 + 8 * 0x1p-24);
      }
      EXPECT_NEAR(matrix->gradients()[r * cols + k], sum, size);
    }
}

// The light's noise in codes is light_noise · σ · X, whatever the gain; the converter is fine enough to add
// nothing (step 1 code: 1/12 of a code squared). A variance over n readings has a relative spread of √(2/n).
TEST(NumberSystem, LightNoiseIsThatOfTheTileAtFullScale) {
  Bench bench;
  const std::size_t size = 16, batch = 4096;
  auto w = normals(size * size, 16);
  const auto x = normals(size * batch, 17);
  NumberSystem n{.kind = Kind::fixed, .output_bits = 22};
  n.width = size;
  const auto clean = bench.forward(w, size, size, x, n);
  n.light_noise = 2e-3;
  const auto noisy = bench.forward(w, size, size, x, n, {.seed = 8});
  float most = 0;
  for (const float v : w) most = std::max(most, std::abs(v));
  std::vector<float> codes;
  for (const float v : w) codes.push_back(std::nearbyintf(v / (most / 127)));
  const double sigma = largest_singular_value({codes.data(), size, size});
  double sum = 0;
  for (std::size_t b = 0; b < batch; ++b) {
    float largest = 0;
    for (std::size_t k = 0; k < size; ++k) largest = std::max(largest, std::abs(x[k * batch + b]));
    for (std::size_t r = 0; r < size; ++r)
      sum += std::pow((static_cast<double>(noisy[r * batch + b]) - clean[r * batch + b]) /
                          (most / 127.0 * largest / 127.0),
                      2);
  }
  const double law = std::pow(n.light_noise * sigma * 127, 2) + 1.0 / 12, count = size * batch;
  EXPECT_NEAR(sum / count / law, 1, 5 * std::sqrt(2 / count));
}

// A dark vector has the scale 0: the digital unit knows its products without reading them.
TEST(NumberSystem, DarkInputsGiveNothing) {
  Bench bench;
  const auto w = normals(8 * 24, 20);
  std::vector<float> x(24 * 2);
  for (std::size_t k = 0; k < 24; ++k) x[k * 2 + 1] = k < 12 ? 1.0f : 0.0f;
  for (const Kind kind : {Kind::fixed, Kind::block, Kind::residue, Kind::sliced}) {
    NumberSystem n{.kind = kind, .noise_steps = 1, .light_noise = 0.01};
    n.width = 12;
    const auto y = bench.forward(w, 8, 24, x, n, {.seed = 10});
    for (std::size_t r = 0; r < 8; ++r) {
      EXPECT_EQ(y[2 * r], 0) << to_string(kind);
      EXPECT_NE(y[2 * r + 1], 0) << to_string(kind);
    }
  }
}

// Residue errors: the phase of one quadrature pair is off by √2·light_noise, a residue by m/2π of it.
TEST(NumberSystem, ResiduesMoveWithThePhaseOfTheirLight) {
  Bench bench;
  const std::size_t rows = 16, cols = 64, batch = 256;
  const auto w = normals(rows * cols, 18), x = normals(cols * batch, 19);
  NumberSystem n{.kind = Kind::residue, .weight_bits = 6, .input_bits = 6, .modulus_bits = 6};
  n.width = 64;
  const auto exact = bench.forward(w, rows, cols, x, n);
  n.light_noise = 0.016;
  const auto noisy = bench.forward(w, rows, cols, x, n, {.seed = 9});
  double kept = 1;
  for (const auto m : moduli_of(n))
    kept *= std::erf(0.5 / (n.light_noise * m / (std::sqrt(2.0) * 3.14159265358979)) / std::sqrt(2.0));
  double wrong = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) wrong += noisy[i] != exact[i] ? 1 : 0;
  const double expected = static_cast<double>(exact.size()) * (1 - kept);
  ASSERT_GT(expected, 100);
  EXPECT_NEAR(wrong, expected, 5 * std::sqrt(expected));
}

Work dense(const char* name, int weight, std::size_t rows, std::size_t inner, std::size_t columns) {
  Work work;
  work.name = name;
  work.weight = weight;
  work.rows = rows;
  work.inner = inner;
  work.columns = columns;
  work.bytes = 4.0 * static_cast<double>(rows * inner + rows * columns + inner * columns);
  return work;
}

TEST(NumberSystem, WorkGrowsWithPassesAndDigitalUnit) {
  const Work product = dense("dense1", 0, 64, 256, 10);
  NumberSystem n{.kind = Kind::sliced};  // 7 magnitude bits in two slices each
  Work update = product;
  update.kind = Work::Kind::weight_update;
  update.operations_per_element = 12;
  const std::vector<Work> list{product, update};
  const auto sliced = work_in({n, {}}, list);
  ASSERT_EQ(sliced.size(), 4u);
  EXPECT_EQ(sliced[1].columns, 20u);
  EXPECT_EQ(sliced[1].groups, 2u);
  EXPECT_EQ(sliced[1].macs(), 4 * product.macs());
  EXPECT_EQ(sliced[2].columns, 64u * 10 * 2 * 4);  // rows · columns · blocks · slice pairs
  EXPECT_EQ(sliced[3].groups, 2u) << "both slices are programmed";
  EXPECT_EQ(sliced[3].operations_per_element * sliced[3].matrix_numbers(), 12 * update.matrix_numbers());
  // What enters the chip is the same: bytes less those of the matrices and of the readings.
  const auto entering = [](const Work& w) {
    return w.bytes / 4 - w.matrix_numbers() - static_cast<double>(w.groups * w.rows * w.columns);
  };
  EXPECT_EQ(entering(product), 2560);
  EXPECT_EQ(entering(sliced[1]), 2560);
  n.kind = Kind::residue;
  const auto residue = work_in({n, {}}, list);
  EXPECT_EQ(residue[1].groups, moduli_of(n).size());
  EXPECT_EQ(residue[1].columns, 10u);
  EXPECT_EQ(entering(residue[1]), 2560);
  EXPECT_EQ(passes_of(n).adc_bits, n.modulus_bits);
}

TEST(NumberSystem, EveryOperatorPaysForItsOwnPrecision) {
  NumberSystem n{.output_bits = 10};
  n.width = 16;
  NumberSystem less = n;
  less.output_bits = 6;
  less.averages = 3;
  const NumberPlan plan{n, {{7, 1, less}}};
  EXPECT_EQ(plan.at_site(7).output_bits, 6);
  EXPECT_EQ(plan.at_site(1).output_bits, 10);
  const std::vector<Work> list{dense("a", 0, 16, 16, 10), dense("b", 1, 32, 16, 10)};
  const auto expanded = work_in(plan, list);
  ASSERT_EQ(expanded.size(), 6u);
  EXPECT_EQ(expanded[1].columns, 10u);
  EXPECT_EQ(expanded[4].columns, 30u);
  PhotonicDesign design = find_photonic_preset("realistic").design;
  const auto power = [&](std::size_t cores) {
    design.cores = cores;
    return converters_for(plan, expanded, design).adc.power_w;
  };
  const double wide = scaled(design.output_adc, 10, design.clock_hz).power_w;
  // Three tiles: one of ten bits, two of six, at a sixteenth of its power.
  EXPECT_NEAR(power(3) / wide, (1 + 2.0 / 16) / 3, 1e-12);
  EXPECT_NEAR(power(2) / wide, 1, 1e-12) << "shared cores have the widest converters";
}

TEST(NumberSystem, DesignsThatDoNotFitAreRefused) {
  PhotonicDesign design = find_photonic_preset("realistic").design;
  NumberPlan plan;
  plan.all.width = design.modes;
  EXPECT_NO_THROW(validate(plan, design));
  plan.all.width = 8;
  EXPECT_THROW(validate(plan, design), Error);
  plan.all.width = design.modes;
  design.activations = ActivationProducts::reprogrammed;
  EXPECT_THROW(validate(plan, design), Error);
  design = find_photonic_preset("realistic").design;
  design.detection = Detection::intensity;
  design.local_oscillator_share = 0;
  EXPECT_THROW(validate(plan, design), Error);
  EXPECT_THROW(light_noise(design), Error);
}

TEST(NumberSystem, BadFieldsAreNamed) {
  const auto refused = [](auto change) {
    NumberSystem n;
    change(n);
    EXPECT_THROW(validate(n), Error);
  };
  refused([](NumberSystem& n) { n.weight_bits = 1; });
  refused([](NumberSystem& n) { n.gain = 0.5; });
  refused([](NumberSystem& n) { n.width = 0; });
  refused([](NumberSystem& n) { n.width = 2000; });  // 2000·127² ≥ 2²⁴
  refused([](NumberSystem& n) { n.averages = 0; });
  refused([](NumberSystem& n) { n.light_noise = -1; });
  refused([](NumberSystem& n) {
    n.kind = Kind::sliced;
    n.averages = 2000;  // of four pairs of slices
  });
  refused([](NumberSystem& n) {
    n.kind = Kind::residue;
    n.averages = 2;
  });
  EXPECT_EQ(find_number_system("residue"), Kind::residue);
  try {
    find_number_system("residu");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("'residue'"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace fringe
