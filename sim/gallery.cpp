#include "sim/gallery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>
#include <utility>

#include "photonics/compiled_mesh.hpp"
#include "photonics/haar.hpp"

namespace fringe {

Gallery::Gallery(ThreadPool& pool, Observer& observer, std::string row, std::size_t case_index,
                 std::size_t cases, const TrainTest* mnist, const std::vector<TrainingRow>* training_table)
    : pool_(&pool),
      observer_(&observer),
      row_(std::move(row)),
      case_index_(case_index),
      cases_(cases),
      mnist_(mnist),
      training_table_(training_table) {}

std::vector<std::vector<double>> Gallery::each(
    std::size_t count, const std::function<std::vector<double>(std::uint32_t draw)>& task) {
  std::vector<std::vector<double>> results(count);
  std::atomic<std::size_t> done{0};
  std::mutex mutex;
  pool_->run(count, [&](std::size_t i, unsigned) {
    if (observer_->stop_requested()) return;
    results[i] = task(static_cast<std::uint32_t>(i));
    if (observer_->stop_requested()) return;
    const std::size_t finished = ++done;
    const std::lock_guard lock(mutex);
    observer_->progress(row_, case_index_ * count + finished, cases_ * count);
  });
  if (done != count) throw Stopped();
  return results;
}

std::vector<Measured> means(const std::vector<std::vector<double>>& draws) {
  const auto count = static_cast<double>(draws.size());
  std::vector<Measured> result;
  for (std::size_t column = 0; column < draws.front().size(); ++column) {
    double sum = 0, squares = 0;
    for (const auto& draw : draws) sum += draw[column];
    const double mean = sum / count;
    for (const auto& draw : draws) squares += (draw[column] - mean) * (draw[column] - mean);
    result.push_back({mean, std::sqrt(squares / (count - 1) / count), draws.size()});
  }
  return result;
}

Measured root(const Measured& mean) {
  const double value = std::sqrt(mean.value);
  return {value, value > 0 ? mean.standard_error / (2 * value) : 0.0, mean.draws};
}

ValidationCase mean_case(std::vector<Claim> claims, std::size_t draws,
                         std::function<std::vector<double>(std::uint32_t draw)> task) {
  return {std::move(claims),
          [draws, task = std::move(task)](Gallery& gallery) { return means(gallery.each(draws, task)); }};
}

double kolmogorov(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  const auto count = static_cast<double>(samples.size());
  double distance = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto rank = static_cast<double>(i);
    distance = std::max({distance, samples[i] - rank / count, (rank + 1) / count - samples[i]});
  }
  return distance * std::sqrt(count);
}

Claim kolmogorov_claim(std::string label) {
  return {std::move(label), std::sqrt(std::log(2 / 1e-6) / 2), 0, Claim::Relation::at_most};
}

std::vector<const Topology*> universal_topologies() {
  std::vector<const Topology*> result;
  for (const Topology& t : topologies())
    if (t.universal) result.push_back(&t);
  return result;
}

std::vector<const Topology*> neighbour_topologies() {
  std::vector<const Topology*> result;
  for (const Topology* t : universal_topologies()) {
    constexpr std::size_t n = 8;
    const MeshLayout layout = t->build(n);
    const bool neighbours =
        std::ranges::all_of(layout.couplers, [](const Coupler& c) { return c.lower == c.upper + 1; });
    if (neighbours && layout.couplers.size() == n * (n - 1) / 2) result.push_back(t);
  }
  return result;
}

Depth depth(const MeshLayout& layout) {
  const auto ports = static_cast<double>(layout.ports());
  std::vector<double> least(layout.modes, 0), most(layout.modes, 0);
  double couplers = 0, phases = 0;
  for (const Coupler& c : layout.couplers) {
    const bool upper = c.upper < layout.ports(), lower = c.lower < layout.ports();
    couplers += upper + lower;
    phases += 0.5 * (upper + lower) + upper;  // θ acts on half of the light, φ on that of the upper input
    if (upper && lower) {
      least[c.upper] = least[c.lower] = std::min(least[c.upper], least[c.lower]) + 1;
      most[c.upper] = most[c.lower] = std::max(most[c.upper], most[c.lower]) + 1;
    } else if (upper) {
      ++least[c.upper], ++most[c.upper];  // no light leaves for a dark mode
    }
  }
  const auto bright = static_cast<std::ptrdiff_t>(layout.ports());
  return {couplers / ports, phases / ports + 1,
          (*std::max_element(most.begin(), most.begin() + bright) -
           *std::min_element(least.begin(), least.begin() + bright)) /
              2};
}

Likeness likeness(const MeshLayout& layout, const PhaseProgram& program, const FabricatedMesh& fabricated,
                  const std::vector<std::complex<double>>& unitary) {
  const std::size_t modes = layout.modes, ports = layout.ports();
  std::vector<double> re(modes * ports), im(modes * ports);
  for (std::size_t i = 0; i < ports; ++i) re[i * ports + i] = 1;
  const Fields<double> fields({re.data(), modes, ports}, {im.data(), modes, ports});
  CompiledMesh<double>(layout, realise<double>(layout, program, fabricated)).propagate(fields, fields);
  std::complex<double> trace = 0;
  double difference = 0, power = 0;
  for (std::size_t i = 0; i < ports * ports; ++i) {
    const std::complex<double> a(re[i], im[i]);
    difference += std::norm(a - unitary[i]);
    power += std::norm(a);
    trace += std::conj(unitary[i]) * a;
  }
  const auto n = static_cast<double>(ports);
  return {difference / n, trace.real() / n, power / n, std::norm(trace / n)};
}

MeshImperfections mesh_errors(double splitter_sigma_rad, double phase_sigma_rad, int phase_bits) {
  MeshImperfections errors;
  errors.splitter_sigma_rad = splitter_sigma_rad;
  errors.phase_sigma_rad = phase_sigma_rad;
  errors.phase_bits = phase_bits;
  return errors;
}

Measured share(const Measured& measured, double expected) {
  return {measured.value, std::sqrt(expected * (1 - expected) / static_cast<double>(measured.draws)),
          measured.draws};
}

double mesh_rounding(const MeshLayout& layout) {
  return 16 * std::numeric_limits<double>::epsilon() * static_cast<double>(layout.columns());
}

std::string mesh_label(const Topology& topology, std::size_t modes) {
  return fmt::format("{}, N = {}", topology.name, modes);
}

PhotonicSetup shot_limited(std::size_t modes, std::size_t cores, double photons, std::uint32_t chip) {
  PhotonicSetup setup;
  setup.name = "shot noise alone";
  setup.design = find_photonic_preset("realistic").design;
  setup.design.modes = modes;
  setup.design.cores = cores;
  setup.effects.shot_variance = photons > 0 ? 1 / (4 * photons) : 0;
  setup.seed = gallery_seed;
  setup.chip = chip;
  return setup;
}

std::vector<std::complex<double>> gallery_unitary(std::size_t modes, std::uint32_t draw) {
  return haar_unitary(modes, {gallery_seed, Purpose::haar, draw});
}

ConstComplexMatrix square_view(const std::vector<std::complex<double>>& matrix) {
  const auto n = static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(matrix.size()))));
  return {matrix.data(), n, n};
}

}  // namespace fringe
