// Sets a rectangular mesh to the 4-point Fourier transform and checks that light sees it, then runs a small
// experiment.
#include <cmath>
#include <complex>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <vector>

#include "core/units.hpp"
#include "photonics/mesh_layout.hpp"
#include "photonics/physical_mesh.hpp"
#include "sim/compare.hpp"

namespace {

bool light_sees_the_fourier_transform() {
  constexpr std::size_t modes = 4;
  std::vector<std::complex<double>> fourier(modes * modes);
  for (std::size_t r = 0; r < modes; ++r)
    for (std::size_t c = 0; c < modes; ++c)
      fourier[r * modes + c] = std::polar(0.5, -2 * fringe::pi * static_cast<double>(r * c % modes) / modes);

  const fringe::Topology& topology = fringe::find_topology("rectangular");
  const fringe::MeshLayout layout = topology.build(modes);
  const fringe::PhaseProgram program = topology.decompose({fourier.data(), modes, modes});
  const auto mesh = fringe::realise<double>(layout, program, fringe::ideal_fabrication(layout));
  const auto realised = fringe::transfer_matrix(layout, mesh);

  double worst = 0;
  for (std::size_t i = 0; i < fourier.size(); ++i)
    worst = std::fmax(worst, std::abs(realised[i] - fourier[i]));
  std::printf("4-point Fourier transform on %zu interferometers, largest error %.1e\n",
              layout.couplers.size(), worst);
  // Each element passes at most `modes` couplers of a few roundings each, on the way to the phases and back.
  return worst < 64 * modes * std::numeric_limits<double>::epsilon();
}

bool experiment_leaves_a_trace() {
  const auto trace = std::filesystem::temp_directory_path() / "fringe_consumer.h5";
  const fringe::Experiment experiment =
      fringe::parse_experiment("folds = 2\nbatches = [1]\n[training]\nepochs = 2\n", "consumer");
  fringe::ThreadPool pool;
  fringe::Observer quiet;
  const fringe::Comparison result = fringe::compare(experiment, pool, quiet, trace.string());
  std::printf("two epochs on %zu samples: accuracy %.3f\n", result.samples, result.float_score().mean);
  return std::filesystem::remove(trace) && result.float_score().mean > 0.5;  // guesses: 0.1
}

}  // namespace

int main() { return light_sees_the_fourier_transform() && experiment_leaves_a_trace() ? 0 : 1; }
