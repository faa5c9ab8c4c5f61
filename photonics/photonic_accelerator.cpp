#include "photonics/photonic_accelerator.hpp"

#include <algorithm>
#include <vector>

#include "core/error.hpp"
#include "photonics/photonic_matrix.hpp"

namespace fringe {
namespace {

// [rows × cols] of what lies so, or transposed.
std::vector<float> plain(const float* data, std::size_t rows, std::size_t cols, bool transposed) {
  std::vector<float> m(data, data + rows * cols);
  if (transposed)
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = 0; c < cols; ++c) m[r * cols + c] = data[c * rows + r];
  return m;
}

}  // namespace

PhotonicAccelerator::PhotonicAccelerator(PhotonicSetup setup, Executor& cpu, ThreadPool& pool)
    : setup_(std::move(setup)), cpu_(&cpu), pool_(&pool) {
  check(setup_.design);
  if (setup_.measured_gradients) check(*setup_.measured_gradients);
  check(setup_.effects);
  if (setup_.numbers) validate(*setup_.numbers, setup_.design);
  if (!cpu.on_host()) throw Error("the photonic engine is simulated on the CPU; it takes a CPU executor");
  layout_ = find_topology(setup_.design.topology).build(setup_.design.modes);
}

PhotonicAccelerator::~PhotonicAccelerator() = default;

std::unique_ptr<ProgrammedMatrix> PhotonicAccelerator::program(ConstMatrix w, std::uint32_t site) {
  if (setup_.numbers)
    return make_number_matrix(w, setup_.numbers->at_site(site), site, setup_.chip, *cpu_, *pool_);
  if (setup_.design.detection == Detection::intensity && w.cols > layout_.ports())
    throw Error("detection = intensity: a matrix of " + std::to_string(w.cols) + " columns on cores of " +
                std::to_string(layout_.ports()) +
                " modes would add magnitudes of several tiles, which have lost their signs; modes must be at "
                "least the columns, or detection homodyne");
  auto matrix = make_photonic_matrix(setup_, layout_, next_tile_, w, site, *pool_);
  next_tile_ += matrix->tiling().tiles();
  return matrix;
}

void PhotonicAccelerator::multiply(const BatchedProduct& p, const Context& context) {
  if (setup_.design.activations == ActivationProducts::digital) return cpu_->multiply(p);
  if (context.positions == 0 || p.count % context.positions != 0)
    throw Error("products of activations: " + std::to_string(p.count) + " are not those of " +
                std::to_string(context.positions) + " heads of a batch");
  const std::size_t samples = p.count / context.positions;
  // Positions of different products of an operator don't meet: none has more columns.
  const std::size_t apart = std::max({p.rows, p.inner, p.columns});
  for (std::size_t i = 0; i < p.count; ++i) {
    const auto a = plain(p.a + i * p.rows * p.inner, p.rows, p.inner, p.a_transposed);
    const auto b = plain(p.b + i * p.inner * p.columns, p.inner, p.columns, p.b_transposed);
    const auto matrix =
        make_photonic_matrix(setup_, layout_, next_tile_, {a.data(), p.rows, p.inner}, p.site, *pool_);
    Context now = context;
    now.calibrate = now.training = false;
    now.first_sample = context.first_sample + i % samples;
    now.positions = p.columns;
    now.first_position = (context.first_position + i / samples) * apart;
    const Matrix c{p.c + i * p.rows * p.columns, p.rows, p.columns};
    matrix->forward({b.data(), p.inner, p.columns}, c, now);
    for (std::size_t k = 0; k < p.rows * p.columns; ++k) c.data[k] *= p.scale;
  }
}

Cost PhotonicAccelerator::price(std::span<const Work> work) {
  if (!setup_.numbers) {
    if (!pricing_) pricing_.emplace(setup_.design, find_memory(setup_.memory), setup_.training);
    return pricing_->price(work);
  }
  const std::vector<Work> expanded = work_in(*setup_.numbers, work);
  const CoreConverters converters = converters_for(*setup_.numbers, expanded, setup_.design);
  PhotonicDesign design = setup_.design;
  design.tia = converters.tia;
  return PhotonicPricing(design, find_memory(setup_.memory), setup_.training)
      .with_converters(converters.dac, converters.adc)
      .price(expanded);
}

}  // namespace fringe
