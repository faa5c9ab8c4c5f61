#include "photonics/photonic_accelerator.hpp"

#include "core/error.hpp"
#include "photonics/photonic_matrix.hpp"

namespace fringe {
PhotonicAccelerator::PhotonicAccelerator(PhotonicSetup setup, Executor& cpu, ThreadPool& pool)
    : setup_(std::move(setup)), cpu_(&cpu), pool_(&pool) {
  check(setup_.design);
  if (setup_.measured_gradients) check(*setup_.measured_gradients);
  check(setup_.effects);
  if (!cpu.on_host()) throw Error("the photonic engine is simulated on the CPU; it takes a CPU executor");
  layout_ = find_topology(setup_.design.topology).build(setup_.design.modes);
}

PhotonicAccelerator::~PhotonicAccelerator() = default;

std::unique_ptr<ProgrammedMatrix> PhotonicAccelerator::program(ConstMatrix w, std::uint32_t site) {
  if (setup_.design.detection == Detection::intensity && w.cols > layout_.ports())
    throw Error("detection = intensity: a matrix of " + std::to_string(w.cols) + " columns on cores of " +
                std::to_string(layout_.ports()) +
                " modes would add magnitudes of several tiles, which have lost their signs; modes must be at "
                "least the columns, or detection homodyne");
  auto matrix = make_photonic_matrix(setup_, layout_, next_tile_, w, site, *pool_);
  next_tile_ += matrix->tiling().tiles();
  return matrix;
}

Cost PhotonicAccelerator::price(std::span<const Work> work) {
  if (!pricing_) pricing_.emplace(setup_.design, find_memory(setup_.memory), setup_.training);
  return pricing_->price(work);
}

}  // namespace fringe
