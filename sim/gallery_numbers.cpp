// Number systems: what they compute exactly, and what trained networks keep of their accuracy in them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "electronic/cpu_blas.hpp"
#include "photonics/photonic_accelerator.hpp"
#include "photonics/real_svd.hpp"
#include "sim/gallery.hpp"
#include "workloads/digits.hpp"
#include "workloads/split.hpp"
#include "workloads/training.hpp"
#include "workloads/zoo.hpp"

namespace fringe {
namespace {

using Kind = NumberSystem::Kind;
using Relation = Claim::Relation;

constexpr int folds = 5;  // of the digits

std::size_t tested_folds(const GallerySize& size) { return size.share == 1 ? folds : 2; }

NumberSystem system(Kind kind, int bits, std::size_t width = 128, double gain = 1) {
  NumberSystem n{.kind = kind,
                 .weight_bits = bits,
                 .input_bits = bits,
                 .output_bits = bits,
                 .modulus_bits = bits,
                 .gain = gain};
  n.width = width;
  return n;
}

/// Samples of a fold that the hardware tells right.
double right(const Graph& graph, const Parameters& parameters, Accelerator& hardware, const Dataset& data,
             std::span<const std::uint32_t> rows) {
  Network network(graph, parameters, hardware);
  Context context;
  context.seed = gallery_seed;
  return std::round(evaluate(network, data, rows, context).accuracy * static_cast<double>(rows.size()));
}

/// Trains a workload in floating point on so many folds of the digits. Of all their test samples: those told
/// right in floating point, then those in each system, converters alone.
std::vector<double> told_right(Gallery& gallery, const char* workload_name, std::size_t count,
                               const std::vector<NumberSystem>& systems) {
  const Dataset& data = optical_digits();
  const Workload& workload = find_workload(workload_name);
  const Graph graph = workload.graph();
  const auto executor = make_cpu_executor(gallery.pool());
  const auto counts = gallery.each(count, [&](std::uint32_t fold) {
    Gallery::StopRequest stop(gallery);
    const Split split = fold_split(stratified_folds(data, folds, gallery_seed), static_cast<int>(fold));
    const auto blas = make_cpu_blas(*executor, gallery.pool());
    Network network(graph, initial_parameters(graph, gallery_seed), *blas);
    train(network, data, split.train, workload.training, &stop);
    const Parameters parameters = network.parameters();
    std::vector<double> told{right(graph, parameters, *blas, data, split.test)};
    for (const NumberSystem& numbers : systems) {
      PhotonicSetup setup;
      setup.name = "converters alone";
      setup.design = find_photonic_preset("realistic").design;
      setup.design.modes = numbers.width;
      setup.numbers = NumberPlan{numbers, {}};
      PhotonicAccelerator light(std::move(setup), *executor, gallery.pool());
      told.push_back(right(graph, parameters, light, data, split.test));
    }
    return told;
  });
  std::vector<double> sums(counts.front().size());
  for (const auto& fold : counts)
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += fold[i];
  return sums;
}

/// Accuracies over that of floating point.
std::vector<Measured> shares(const std::vector<double>& told) {
  std::vector<Measured> result;
  for (std::size_t i = 1; i < told.size(); ++i) result.push_back({told[i] / told[0]});
  return result;
}

std::vector<ValidationCase> whole_numbers(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  for (const int bits : {4, 6, 8})
    cases.push_back(
        {{{fmt::format("{} bits, moduli below 2^{}: outputs unlike sums in 64 bits", bits, bits), 0}},
         [bits, draws = size.draws(64)](Gallery& gallery) {
           const auto executor = make_cpu_executor(gallery.pool());
           const auto wrong = gallery.each(draws, [&](std::uint32_t draw) {
             constexpr std::size_t rows = 16, cols = 128, batch = 32;
             const NumberSystem n = system(Kind::residue, bits);
             // Codes themselves, the largest in every row and column: all scales are 1.
             const int most = (1 << (bits - 1)) - 1;
             const auto codes = [&](std::size_t count, std::uint32_t which) {
               std::vector<float> values(count);
               const DrawStream stream = stream_of({gallery_seed, Purpose::test, draw, which});
               for (std::size_t i = 0; i < count; ++i)
                 values[i] = static_cast<float>(
                     static_cast<int>(random_bits(stream, i) % static_cast<std::uint32_t>(2 * most + 1)) -
                     most);
               return values;
             };
             std::vector<float> w = codes(rows * cols, 1), x = codes(cols * batch, 2);
             for (std::size_t r = 0; r < rows; ++r) w[r * cols + r] = static_cast<float>(most);
             for (std::size_t b = 0; b < batch; ++b) x[b * batch + b] = static_cast<float>(-most);
             const auto matrix =
                 make_number_matrix({w.data(), rows, cols}, n, 0, draw, *executor, gallery.pool());
             std::vector<float> y(rows * batch);
             matrix->forward({x.data(), cols, batch}, {y.data(), rows, batch}, {});
             double count = 0;
             for (std::size_t r = 0; r < rows; ++r)
               for (std::size_t b = 0; b < batch; ++b) {
                 std::int64_t sum = 0;
                 for (std::size_t k = 0; k < cols; ++k)
                   sum += static_cast<std::int64_t>(w[r * cols + k]) *
                          static_cast<std::int64_t>(x[k * batch + b]);
                 count += y[r * batch + b] != static_cast<float>(sum) ? 1 : 0;
               }
             return std::vector<double>{count};
           });
           double count = 0;
           for (const auto& draw : wrong) count += draw[0];
           return std::vector<Measured>{{count}};
         }});
  return cases;
}

/// Readings of one tile whose light has noise, over what one reading's noise says: light_noise·σ·X codes. The
/// converter is so fine that its own rounding is 1/12 of a code squared.
std::vector<ValidationCase> averages(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  for (const int count : {1, 4, 16})
    cases.push_back(
        {{{fmt::format("mean of {}: rms error over that of one reading", count), 1 / std::sqrt(count)}},
         [count, draws = size.draws(100)](Gallery& gallery) {
           const auto executor = make_cpu_executor(gallery.pool());
           return std::vector<Measured>{root(means(gallery.each(draws, [&](std::uint32_t draw) {
             constexpr std::size_t modes = 16, batch = 64;
             NumberSystem n = system(Kind::fixed, 8, modes);
             n.output_bits = 22;
             std::vector<float> w(modes * modes), x(modes * batch);
             fill_normal(w, {gallery_seed, Purpose::test, draw, 3});
             fill_normal(x, {gallery_seed, Purpose::test, draw, 4});
             const auto read = [&](double noise) {
               n.light_noise = noise;
               n.averages = noise > 0 ? count : 1;
               std::vector<float> y(modes * batch);
               make_number_matrix({w.data(), modes, modes}, n, 0, draw, *executor, gallery.pool())
                   ->forward({x.data(), modes, batch}, {y.data(), modes, batch}, {.seed = gallery_seed});
               return y;
             };
             constexpr double noise = 0.02;
             const std::vector<float> exact = read(0), noisy = read(noise);
             float most = 0;
             for (const float v : w) most = std::max(most, std::abs(v));
             std::vector<float> codes;
             for (const float v : w) codes.push_back(std::nearbyintf(v / (most / 127)));
             const double one = noise * largest_singular_value({codes.data(), modes, modes}) * most / 127;
             double error = 0;
             for (std::size_t b = 0; b < batch; ++b) {
               float largest = 0;
               for (std::size_t k = 0; k < modes; ++k)
                 largest = std::max(largest, std::abs(x[k * batch + b]));
               for (std::size_t r = 0; r < modes; ++r)
                 error += std::pow((static_cast<double>(noisy[r * batch + b]) - exact[r * batch + b]) /
                                       (one * static_cast<double>(largest)),
                                   2);
             }
             return std::vector<double>{error / static_cast<double>(modes * batch)};
           }))[0])};
         }});
  return cases;
}

std::vector<ValidationCase> gains(const GallerySize& size) {
  return {{{{"tiles of 8, gain 1: accuracy over floating point", 0.99, 0, Relation::at_least},
            {"tiles of 8, gain 8: accuracy over floating point", 0.99, 0, Relation::at_most},
            {"tiles of 128, gain 1: accuracy over floating point", 0.99, 0, Relation::at_most},
            {"tiles of 128, gain 8: accuracy over floating point", 0.99, 0, Relation::at_least}},
           [count = tested_folds(size)](Gallery& gallery) {
             return shares(told_right(gallery, "digits-cnn", count,
                                      {system(Kind::block, 8, 8), system(Kind::block, 8, 8, 8),
                                       system(Kind::block, 8, 128), system(Kind::block, 8, 128, 8)}));
           }}};
}

std::vector<ValidationCase> precision(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  for (const char* workload : {"digits-cnn", "digits-transformer"}) {
    const auto claim = [&](const char* what, Relation relation) {
      return Claim{fmt::format("{}: {} over floating point", workload, what), 0.99, 0, relation};
    };
    cases.push_back(
        {{claim("6-bit residues", Relation::at_least), claim("8-bit codes read by 8 bits", Relation::at_most),
          claim("6-bit codes read by 6 bits", Relation::at_most)},
         [workload, count = tested_folds(size)](Gallery& gallery) {
           return shares(
               told_right(gallery, workload, count,
                          {system(Kind::residue, 6), system(Kind::block, 8), system(Kind::block, 6)}));
         }});
  }
  return cases;
}

constexpr std::array rows{
    ValidationRow{"residue-arithmetic",
                  "dot products of 128 whole numbers, computed as residues and put together by the Chinese "
                  "remainder theorem, are those of integer arithmetic",
                  "none: whole numbers are exact",
                  "C. Demirkiran et al., Nat. Commun. 15, 5098 (2024), doi:10.1038/s41467-024-49324-8",
                  whole_numbers},
    ValidationRow{"averaged-readings",
                  "readings of a product that are averaged lose noise as one over the root of their number, "
                  "which buys a layer precision with time",
                  "none: the converter's rounding is 10⁻⁶ of the noise",
                  "form: S. Garg et al., arXiv:2102.06365", averages},
    ValidationRow{
        "block-floating-point-gain",
        "adaptive block floating point of 8 bits, 8-bit ADC: tiles of 128 lose what the ADC's step "
        "swallows until a gain ahead of it brings it back; narrow tiles need none, and clip with one. "
        "There networks of MLPerf, here digits-cnn on the test samples of all folds",
        "none", "form: A. Basumallik et al., arXiv:2205.06287, within 1 % of float32", gains},
    ValidationRow{
        "residue-accuracy",
        "networks in 6-bit residues keep 99 % of the accuracy of float32, where converters that read "
        "only the high bits of a dot product of 128 terms need more than 8 bits. There networks of "
        "MLPerf, here a convolutional network and a transformer on the test samples of all folds of "
        "the digits",
        "none",
        "C. Demirkiran et al., Nat. Commun. 15, 5098 (2024), doi:10.1038/s41467-024-49324-8, and "
        "arXiv:2309.10759",
        precision},
};

}  // namespace

std::span<const ValidationRow> number_rows() { return rows; }

}  // namespace fringe
