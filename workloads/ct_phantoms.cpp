#include "workloads/ct_phantoms.hpp"

#include <cmath>
#include <functional>
#include <numbers>

#include "core/error.hpp"

namespace fringe {

std::vector<Ellipse> random_phantom(std::uint64_t seed, std::uint32_t image) {
  const DrawStream stream = stream_of({.seed = seed, .purpose = Purpose::ct_phantom, .trial = image});
  std::uint64_t element = 0;
  const auto between = [&](double least, double most) {
    return least + (most - least) * uniform_from_bits(random_bits(stream, element++));
  };
  const double water = water_per_m / CtDose{}.full_scale_per_m;
  Ellipse body{water * between(1.6, 2.2), between(0.65, 0.9),   between(0.65, 0.9),
               between(-0.04, 0.04),      between(-0.04, 0.04), between(0, std::numbers::pi)};
  Ellipse inside = body;
  const double wall = between(0.03, 0.07);
  inside.a -= wall;
  inside.b -= wall;
  inside.value = water * between(0.9, 1.1) - body.value;
  std::vector<Ellipse> phantom{body, inside};
  const int count = 4 + static_cast<int>(between(0, 6));
  for (int i = 0; i < count; ++i) {
    Ellipse e;
    e.value = water * between(-0.85 / count, 0.5);
    e.a = between(0.04, 0.25);
    e.b = between(0.04, 0.25);
    e.angle = between(0, std::numbers::pi);
    const double reach = (std::min(inside.a, inside.b) - std::max(e.a, e.b)) * std::sqrt(between(0, 1)),
                 direction = between(0, 2 * std::numbers::pi);
    e.x = inside.x + reach * std::cos(direction);
    e.y = inside.y + reach * std::sin(direction);
    phantom.push_back(e);
  }
  return phantom;
}

Dataset ct_phantoms(const CtPhantoms& options, ThreadPool* pool) {
  const auto require = [](bool good, const char* key, double value, const char* rule) {
    if (!good)
      throw Error("ct-phantoms: " + std::string(key) + " = " + std::to_string(value) + "; must be " + rule);
  };
  require(options.images >= 1 && options.images <= 1'000'000, "images", static_cast<double>(options.images),
          "from 1 to a million");
  require(options.side >= 8 && options.side <= 1024, "side", static_cast<double>(options.side),
          "from 8 to 1024");
  require(options.dose.photons >= 1 && options.dose.photons <= 1e12, "photons", options.dose.photons,
          "from 1 to 1e12");
  const std::size_t pixels = options.side * options.side;
  Dataset data;
  data.name = "ct-phantoms";
  data.source =
      "generated: random ellipses after Shepp and Logan (1974), dose and units of LoDoPaB-CT, J. Leuschner "
      "et al., "
      "Scientific Data 8, 109 (2021), doi:10.1038/s41597-021-00893-z";
  data.licence = "generated, free to use";
  data.samples = options.images;
  data.features = data.outputs = pixels;
  data.shape = data.target_shape = {1, options.side, options.side};
  data.values.resize(data.samples * pixels);
  data.targets.resize(data.samples * pixels);
  const CtGeometry geometry = ct_geometry(options.side);
  const auto make = [&](std::size_t i, unsigned) {
    const auto image = static_cast<std::uint32_t>(i);
    const std::vector<Ellipse> phantom = random_phantom(options.seed, image);
    rasterise(phantom, options.side, std::span(data.targets).subspan(i * pixels, pixels));
    std::vector<double> scan = sinogram(phantom, geometry);
    count_photons(scan, options.dose, {.seed = options.seed, .purpose = Purpose::ct_photons, .trial = image});
    filtered_back_projection(scan, geometry, options.side, options.filter,
                             std::span(data.values).subspan(i * pixels, pixels));
  };
  if (pool != nullptr)
    pool->run(data.samples, make);
  else
    for (std::size_t i = 0; i < data.samples; ++i) make(i, 0);
  return data;
}

}  // namespace fringe
