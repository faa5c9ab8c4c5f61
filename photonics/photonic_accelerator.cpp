#include "photonics/photonic_accelerator.hpp"

#include "core/error.hpp"
#include "photonics/photonic_matrix.hpp"

namespace fringe {
PhotonicAccelerator::PhotonicAccelerator(PhotonicSetup setup, Executor& cpu, ThreadPool& pool)
    : setup_(std::move(setup)), cpu_(&cpu), pool_(&pool) {
  check(setup_.design);
  if (setup_.measured_gradients) check(*setup_.measured_gradients);
  check(setup_.effects);
  if (setup_.design.detection != Detection::homodyne)
    throw Error(
        "detection = intensity: receivers of intensity read |y|², without the sign that a product with a "
        "real matrix needs; use homodyne detection, or read single fields with detect_intensity()");
  if (!cpu.on_host()) throw Error("the photonic engine is simulated on the CPU; it takes a CPU executor");
  layout_ = find_topology(setup_.design.topology).build(setup_.design.modes);
}

PhotonicAccelerator::~PhotonicAccelerator() = default;

std::unique_ptr<ProgrammedMatrix> PhotonicAccelerator::program(ConstMatrix w, std::uint32_t site) {
  auto matrix = make_photonic_matrix(setup_, layout_, next_tile_, w, site, *pool_);
  next_tile_ += matrix->tiling().tiles();
  return matrix;
}

Cost PhotonicAccelerator::price(std::span<const Work> work) {
  if (!pricing_) pricing_.emplace(setup_.design, find_memory(setup_.memory), setup_.training);
  return pricing_->price(work);
}

}  // namespace fringe
