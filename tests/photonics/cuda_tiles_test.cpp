// What reads light on the GPU, run on the host: against the CPU's receivers bit by bit, and whole products
// against the CPU's photonic matrices.
#include "photonics/cuda/cuda_tiles.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "photonics/chip_drivers.hpp"
#include "photonics/cuda/joined_mesh.hpp"
#include "photonics/photonic_tile.hpp"
#include "tests/photonics/engine_testing.hpp"
#include "tests/photonics/ring_emulator.hpp"

namespace fringe {
namespace {

using namespace engine_testing;

/// Every imperfection of receivers, each strong enough to be seen; shot noise as the local oscillator has it.
PhotonicEffects receivers(double oscillator_photons, double adc_enob = 6) {
  PhotonicEffects e;
  e.intensity_variance = 1e-4;
  e.intensity_leak = 0.3;
  e.phase_variance = 1e-3;
  e.shot_variance = 1e-4;
  e.oscillator_photons = oscillator_photons;
  e.thermal_variance = 2e-4;
  e.dark_variance = 1e-5;
  e.receiver_memory = 0.02;
  e.output_gain_sigma = 0.01;
  e.adc_inl = 0.01;
  e.adc_enob = adc_enob;
  return e;
}
/// Unlimited, normal with a share of the signal, counted photon by photon.
constexpr double oscillators[] = {0, 1e5, 300};

template <int V>
void expect_bits(const PhotonicEffects& effects, std::uint64_t first_sample, float largest) {
  constexpr std::size_t modes = 6, batch = 37, tile = 2;
  constexpr float range = 1.5f;
  const OutputChannels outputs(effects, modes, 3, 1, 4);
  const Symbols symbols{9, 1, 2, 7, first_sample, 5, tile};
  std::vector<float> re = normals(modes * batch, 1), im = normals(modes * batch, 2), host_re = re,
                     host_im = im;
  const Fields<float> fields{{host_re.data(), modes, batch}, {host_im.data(), modes, batch}};
  ReadingScratch scratch;
  if (outputs.turns()) outputs.turn(fields, {}, fields, symbols, scratch);
  outputs.detect(fields, modes, range, largest, symbols, scratch);

  const ring::Receivers r = ring::receivers_of(outputs, modes, symbols);
  const ring::TileReadout t = ring::tile_readout(outputs, 1, range, largest);
  const std::vector<ring::ReceiverChannel> channels = ring::receiver_channels(outputs);
  std::size_t different = 0;
  for (std::size_t sample = 0; sample < batch; sample += V) {
    const auto laser = ring::laser_noise<V>(r, tile, sample);
    for (std::uint32_t m = 0; m < modes; ++m) {
      float a[V] = {}, b[V] = {};
      for (std::size_t v = 0; v < V && sample + v < batch; ++v) {
        a[v] = re[m * batch + sample + v];
        b[v] = im[m * batch + sample + v];
      }
      ring::read_output<V>(r, t, channels[m], laser, tile, m, sample, a, b);
      for (std::size_t v = 0; v < V && sample + v < batch; ++v) {
        EXPECT_EQ(a[v], host_re[m * batch + sample + v])
            << effects.oscillator_photons << ' ' << m << ' ' << sample + v;
        different += a[v] != re[m * batch + sample + v];
      }
    }
  }
  EXPECT_GT(different, modes * batch / 2) << "something was read";
}

TEST(RingReadout, HasTheBitsOfTheCpusReceivers) {
  constexpr float unknown = std::numeric_limits<float>::infinity();
  for (const double oscillator : oscillators)
    for (const std::uint64_t first : {0, 5, 1 << 20}) {
      expect_bits<8>(receivers(oscillator), first, unknown);
      expect_bits<1>(receivers(oscillator), first, unknown);
      expect_bits<8>(receivers(oscillator, 0), first, unknown);
    }
  // The signal's own shot noise is inaudible: imaginary parts are not looked at.
  expect_bits<8>(receivers(1e12), 0, 1);
  // One effect alone.
  for (const EffectRow& row : photonic_effects()) {
    const PhotonicEffects one = only(receivers(1e5), row);
    if (one == PhotonicEffects{} || row.name == "shot_noise") continue;
    PhotonicEffects with_noise = one;
    with_noise.thermal_variance = 1e-4;
    expect_bits<8>(with_noise, 3, unknown);
  }
}

/// A matrix on the CPU, and the same tiles as the GPU holds them.
struct Product {
  PhotonicSetup set;
  Bench bench;
  std::unique_ptr<PhotonicMatrix> matrix;
  MeshLayout half, layout;
  std::vector<PhysicalMesh<double>> meshes;
  std::vector<OutputChannels> outputs;
  std::vector<TileScale> scales;

  Product(const PhotonicEffects& effects, std::size_t modes, ConstMatrix w)
      : set(setup(modes, 3, effects)), bench(set) {
    matrix.reset(dynamic_cast<PhotonicMatrix*>(bench.hardware.program(w, 1).release()));
    half = find_topology(set.design.topology).build(modes);
    layout = joined_layout(half, half);
    const std::size_t parameters = matrix->parameters().size() / matrix->tiling().tiles();
    for (std::uint32_t t = 0; t < matrix->tiling().tiles(); ++t) {
      const std::uint32_t core = t % static_cast<std::uint32_t>(set.design.cores);
      const CoreProgram held = matrix->held(t);
      // held() has the static phase errors already.
      const auto mesh = [&](std::uint32_t number, const PhaseProgram& phases) {
        FabricatedMesh chip = fabricate(half, effects.mesh, set.seed, set.chip, number);
        for (auto* error : {&chip.theta_error_rad, &chip.phi_error_rad, &chip.out_error_rad})
          std::fill(error->begin(), error->end(), 0.0);
        return realise<double>(half, phases, chip);
      };
      const PhysicalMesh<double> u_mesh = mesh(2 * core, held.u), v_mesh = mesh(2 * core + 1, held.v);
      meshes.push_back(joined_mesh(half, v_mesh, held.attenuation, u_mesh));
      outputs.emplace_back(set.effects, modes, set.seed, set.chip, core);
      // What PhotonicTile::largest_gain() says of the core as a matrix, twice.
      const auto a = transfer_matrix(layout, meshes.back());
      double largest = 0;
      for (std::size_t i = 0; i < modes; ++i) {
        double row = 0;
        for (std::size_t k = 0; k < modes; ++k)
          row += std::abs(a[i * modes + k].real()) + std::abs(a[i * modes + k].imag());
        largest = std::max(largest, row);
      }
      scales.push_back({matrix->parameters()[(t + 1) * parameters - 1], matrix->adc_ranges()[t],
                        2 * static_cast<float>(largest)});
    }
  }

  /// By the GPU's kernel; x is at full scale already.
  template <int V>
  std::vector<float> emulated(const std::vector<float>& x, const std::vector<float>& scale, std::size_t batch,
                              const Context& context, std::uint32_t threads) const {
    const Tiling& tiling = matrix->tiling();
    std::vector<float> sent(tiling.tile_cols() * tiling.modes * batch), y(tiling.rows * batch, -1.0f);
    std::copy(x.begin(), x.end(), sent.begin());
    ring::emulate_tiles<V>(layout, tiling, meshes, outputs, scales,
                           {{sent.data(), tiling.tile_cols() * tiling.modes, batch}, {}}, scale.data(),
                           {y.data(), tiling.rows, batch},
                           {context.seed, set.chip, 1, context.shot, context.first_sample, meshes.size(), 0},
                           threads);
    return y;
  }
};

/// What differs is the fields: by 8u·√columns of the ring's kernel and its coefficients, and on the CPU by 4u
/// per element of the matrix's two kernels and n·u of the product; of the norm of the input. Noise multiplies
/// that by 1 + ε + the slope of the shot noise in |a|, √share·|normal|, and the channel's curve and gain: 1.1
/// in all here. Every gain and scale is known.
TEST(RingReadout, ProductsAreTheCpus) {
  constexpr std::size_t modes = 8, rows = 13, cols = 21, batch = 37;
  const auto w = normals(rows * cols, 1);
  for (const double oscillator : {0.0, 1e5})
    for (const double enob : {0.0, 7.0}) {
      PhotonicEffects effects = receivers(oscillator, enob);
      effects.mesh.splitter_sigma_rad = 0.02;
      effects.mesh.phase_sigma_rad = 0.01;
      effects.mesh.insertion_loss_db = 0.05;
      Product p(effects, modes, {w.data(), rows, cols});
      std::vector<float> x = normals(cols * batch, 2), scale(batch), unit = x;
      for (std::size_t b = 0; b < batch; ++b) {
        for (std::size_t k = 0; k < cols; ++k) scale[b] = std::max(scale[b], std::abs(x[k * batch + b]));
        for (std::size_t k = 0; k < cols; ++k) unit[k * batch + b] = x[k * batch + b] / scale[b];
      }
      Context context;
      context.seed = 77;
      context.shot = 3;
      context.first_sample = 12;
      const std::vector<float> wanted = forward(*p.matrix, x, batch, context),
                               got = p.emulated<8>(unit, scale, batch, context, 64);
      EXPECT_EQ(got, p.emulated<8>(unit, scale, batch, context, 32));
      EXPECT_EQ(got, p.emulated<1>(unit, scale, batch, context, 32));

      const double columns = static_cast<double>(p.layout.columns());
      const double fields = u * (8 * std::sqrt(columns) + 4 * std::sqrt(columns) + modes) *
                            std::sqrt(static_cast<double>(modes));
      const std::size_t tile_cols = p.matrix->tiling().tile_cols();
      std::size_t stepped = 0;
      for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t b = 0; b < batch; ++b) {
          double bound = 0, steps = 0;
          for (std::size_t c = 0; c < tile_cols; ++c) {
            const TileScale& s = p.scales[r / modes * tile_cols + c];
            const double gain = std::abs(s.gain) * scale[b];
            // And four roundings of a reading on the way to the product.
            bound += gain * (1.1 * fields + 4 * u * s.range);
            if (enob > 0) steps += gain * 2 * s.range / std::exp2(enob) * 1.1;
          }
          const double away = std::abs(static_cast<double>(got[r * batch + b]) - wanted[r * batch + b]);
          stepped += away > bound;
          EXPECT_LE(away, bound + steps) << r << ' ' << b << ' ' << oscillator << ' ' << enob;
        }
      // A code changes where a field lies within `fields` of a step, with probability 2·fields/step per tile.
      if (enob == 0) {
        EXPECT_EQ(stepped, 0u);
      } else {
        EXPECT_LE(static_cast<double>(stepped), 5.0);
      }
      EXPECT_GT(norm(wanted), 0);
    }
}

TEST(RingReadout, RefusesWhatDoesNotFit) {
  const MeshLayout layout = find_topology("rectangular").build(8);
  const Tiling tiling{13, 8, 8};
  const std::vector<OutputChannels> two(2, OutputChannels({}, 8, 1, 0, 0)),
      one(1, OutputChannels({}, 8, 1, 0, 0)),
      intensity(2, OutputChannels({}, 8, 1, 0, 0, Detection::intensity)),
      small(2, OutputChannels({}, 7, 1, 0, 0));
  EXPECT_NO_THROW(ring::check_tiles(layout, tiling, 2, two, 2));
  EXPECT_THROW(ring::check_tiles(layout, tiling, 1, two, 2), Error);
  EXPECT_THROW(ring::check_tiles(layout, tiling, 2, one, 2), Error);
  EXPECT_THROW(ring::check_tiles(layout, tiling, 2, two, 3), Error);
  EXPECT_THROW(ring::check_tiles(layout, tiling, 2, intensity, 2), Error);
  EXPECT_THROW(ring::check_tiles(layout, tiling, 2, small, 2), Error);
  EXPECT_THROW(ring::check_tiles(layout, {13, 9, 9}, 4, two, 4), Error);
  try {  // more than a grid holds: said first, not CUDA's own words at the launch
    ring::check_tiles(layout, {8 * 65536, 8, 8}, 0, {}, 0);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("65536 rows of tiles"), std::string::npos) << error.what();
  }
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  EXPECT_THROW(CudaTiles(*cpu, layout, tiling, {}, two, {}), Error);
}

}  // namespace
}  // namespace fringe
