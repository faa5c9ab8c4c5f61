// How few photons a trained network needs: digits and MNIST.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "electronic/cpu_blas.hpp"
#include "photonics/photonic_accelerator.hpp"
#include "sim/gallery.hpp"
#include "sim/photonic_study.hpp"
#include "workloads/digits.hpp"
#include "workloads/split.hpp"
#include "workloads/training.hpp"
#include "workloads/zoo.hpp"

namespace fringe {
namespace {

/// A network trained in floating point, and how it spends photons on the samples that it is tested with.
struct TrainedNetwork {
  static constexpr std::size_t modes = 64;

  Graph graph;
  Parameters parameters;
  std::vector<std::int32_t> predictions;
  double accuracy = 0;
  double photons_per_mac = 0;  ///< at one photon per full-scale input

  TrainedNetwork(Gallery& gallery, const Workload& workload, const Dataset& learned,
                 std::span<const std::uint32_t> train_rows, const Dataset& tested,
                 std::span<const std::uint32_t> test_rows)
      : graph(workload.graph()) {
    const auto executor = make_cpu_executor(gallery.pool());
    const auto blas = make_cpu_blas(*executor, gallery.pool());
    Network network(graph, initial_parameters(graph, gallery_seed), *blas);
    Gallery::StopRequest stop(gallery);
    train(network, learned, train_rows, workload.training, &stop);
    parameters = network.parameters();
    // Each input vector is scaled to full scale; a column of tiles takes it once per row of tiles.
    double energy = 0;
    network.set_hook([&](const ProductView& dense) {
      const Tiling tiling{dense.y.rows, dense.x.rows, modes};
      for (std::size_t b = 0; b < dense.x.cols; ++b) {
        double largest = 0, sum = 0;
        for (std::size_t k = 0; k < dense.x.rows; ++k) {
          const double value = std::abs(static_cast<double>(dense.x(k, b)));
          largest = std::max(largest, value);
          sum += value * value;
        }
        if (largest > 0) energy += static_cast<double>(tiling.tile_rows()) * sum / (largest * largest);
      }
    });
    const Evaluation floating = evaluate(network, tested, test_rows);
    predictions = floating.predictions;
    accuracy = floating.accuracy;
    photons_per_mac = energy / (static_cast<double>(test_rows.size()) * workload.macs);
  }

  /// The same weights on the light of so many photons; one of `chip`s whose noise is independent.
  Evaluation with_photons(Gallery& gallery, double per_mac, std::uint32_t chip, const Dataset& tested,
                          std::span<const std::uint32_t> test_rows) const {
    const auto executor = make_cpu_executor(gallery.pool());
    const std::size_t tiles = tiles_of_workload(graph, modes);
    PhotonicAccelerator engine(shot_limited(modes, tiles, per_mac / photons_per_mac, chip), *executor,
                               gallery.pool());
    Network network(graph, parameters, engine);
    Context context;
    context.seed = gallery_seed;
    return evaluate(network, tested, test_rows, context);
  }
};

/// Share of classes that a blind guess may at best and at least be right about.
double largest_class(const Dataset& data) {
  std::vector<double> count(data.classes);
  for (const auto label : data.labels) ++count[static_cast<std::size_t>(label)];
  return *std::max_element(count.begin(), count.end()) / static_cast<double>(data.samples);
}

std::vector<ValidationCase> digits(const GallerySize& size) {
  constexpr std::array photons{1e-6, 0.01, 0.1, 0.66, 3.1};
  const Dataset& data = optical_digits();
  const double chance = 1.0 / static_cast<double>(data.classes);
  using Relation = Claim::Relation;
  std::vector<Claim> claims{{"1e-6 photons per MAC: accuracy", chance, largest_class(data) - chance},
                            {"0.1 over 0.01 photons per MAC: accuracy gained", 0, 0, Relation::at_least},
                            {"0.66 photons per MAC: accuracy", 0.9, 0, Relation::at_least},
                            {"3.1 photons per MAC: accuracy lost", 0.01, 0, Relation::at_most}};
  return {{std::move(claims), [photons, draws = size.draws(64)](Gallery& gallery) {
             const Dataset& images = optical_digits();
             const Workload& workload = find_workload("digits-mlp");
             const Split split = fold_split(stratified_folds(images, 5, gallery_seed), 0);
             const TrainedNetwork trained(gallery, workload, images, split.train, images, split.test);
             return means(gallery.each(draws, [&](std::uint32_t draw) {
               std::vector<double> a;
               for (const double per_mac : photons)
                 a.push_back(trained.with_photons(gallery, per_mac, draw, images, split.test).accuracy);
               return std::vector<double>{a[0], a[2] - a[1], a[3], trained.accuracy - a[4]};
             }));
           }}};
}

std::vector<std::uint32_t> first_rows(std::size_t count) {
  std::vector<std::uint32_t> rows(count);
  std::iota(rows.begin(), rows.end(), 0u);
  return rows;
}

std::vector<ValidationCase> mnist(const GallerySize& size) {
  constexpr std::array photons{0.038, 0.66, 3.1, 100.0};
  using Relation = Claim::Relation;
  std::vector<Claim> claims{
      {"0.038 photons per MAC: accuracy", 0.98, 0.005, Relation::at_least,
       "weights trained without noise are read with it; the source trains with the statistics of photons"},
      {"0.66 photons per MAC: accuracy", 0.9, 0, Relation::at_least},
      {"3.1 photons per MAC: accuracy lost", 0, 0.005, Relation::at_most},
      {"100 photons per MAC: accuracy lost", 0, 0}};
  const bool full = size.share == 1;  // trained on fewer images, it reads less without any noise
  if (full) claims.push_back({"3.1 photons per MAC: accuracy", 0.99, 0.005, Relation::at_least});
  return {{std::move(claims),
           [photons, size, full](Gallery& gallery) {
             const Dataset &learned = gallery.mnist().train, &tested = gallery.mnist().test;
             constexpr std::size_t slice = 250;  // of samples: a draw
             const std::size_t slices = size.draws(tested.samples) / slice;
             const std::vector<std::uint32_t> test_rows = first_rows(slices * slice);
             const Workload& workload = find_workload("mnist-mlp");
             const TrainedNetwork trained(gallery, workload, learned, first_rows(size.draws(learned.samples)),
                                          tested, test_rows);
             const auto right = gallery.each(photons.size() * slices, [&](std::uint32_t draw) {
               const std::size_t which = draw / photons.size();
               const auto here = std::span(test_rows).subspan(which * slice, slice);
               const Evaluation seen = trained.with_photons(gallery, photons[draw % photons.size()],
                                                            static_cast<std::uint32_t>(which), tested, here);
               std::vector<double> samples;
               for (std::size_t i = 0; i < slice; ++i)
                 samples.push_back(seen.predictions[i] == tested.labels[here[i]] ? 1 : 0);
               return samples;
             });
             // A sample is right or wrong by itself: the mean is one over samples.
             std::vector<std::vector<double>> samples;
             for (std::size_t i = 0; i < test_rows.size(); ++i) {
               const auto at = [&](std::size_t level) {
                 return right[i / slice * photons.size() + level][i % slice];
               };
               const double floating = trained.predictions[i] == tested.labels[i] ? 1 : 0;
               samples.push_back({at(0), at(1), floating - at(2), floating - at(3)});
               if (full) samples.back().push_back(at(2));
             }
             return means(samples);
           },
           true}};
}

constexpr std::array rows{
    ValidationRow{"photons-per-mac",
                  "digits read with few photons per product, the network trained in floating point: about "
                  "90 % correct at 0.66 detected photons, nothing lost (99 %) at 3.1; there a deeper network "
                  "on MNIST and intensity detection, here 64-64-10 on 8×8 digits and homodyne detection, "
                  "all photons counted that enter the mesh",
                  "blind guesses: the largest class for the mean one",
                  "form: Wang et al., Nat. Commun. 13, 123 (2022), doi:10.1038/s41467-021-27774-8", digits},
    ValidationRow{
        "photons-per-mac-mnist",
        "MNIST read with few photons per product, 784-300-100-10 trained in floating point, its "
        "tiles on 64 modes, homodyne detection, all photons counted that enter the meshes",
        "half a point for figures that are printed as whole per cent",
        "Wang et al., Nat. Commun. 13, 123 (2022), doi:10.1038/s41467-021-27774-8: about 90 % at "
        "0.66 detected photons per weight multiplication, 99 % at 3.1; Ma et al., Nat. Commun. 16 (2025), "
        "doi:10.1038/s41467-024-55220-y: 98 % at 0.038",
        mnist},
};

}  // namespace

std::span<const ValidationRow> photon_rows() { return rows; }

}  // namespace fringe
