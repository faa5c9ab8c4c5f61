// Many imperfect chips, drawn where they are used. Two launches in turns: one draws a set of chips onto tapes
// (chip_draw.hpp: a thread takes four couplers, which share a block of random numbers), the next sends the
// batch through all of them (ring_pass.hpp, full matrices); errors() adds a third, which takes each chip's
// distance from the perfect mesh with one block.
//
// It is fast because nothing of a chip crosses the bus: the host sends the program once and gets a number per
// chip. Tapes are drawn over the last set's, so memory is a set's and not the trials'; cells that hold no
// coupler are written once, when the memory is made. Sums run over 256 threads and then a tree, in double, in
// an order of the sizes alone: equal bits on every call.
#include <algorithm>
#include <cmath>
#include <complex>
#include <cub/block/block_reduce.cuh>
#include <string>

#include "core/error.hpp"
#include "photonics/chip_drivers.hpp"
#include "photonics/cuda/chip_draw.hpp"
#include "photonics/cuda/cuda_trials.hpp"
#include "photonics/cuda/device_memory.cuh"
#include "photonics/cuda/ring_launch.cuh"
#include "photonics/cuda/ring_tape.hpp"
#include "photonics/trial_strengths.hpp"

namespace fringe {
namespace {

constexpr int draw_threads = 128, sum_threads = 256;
constexpr std::uint32_t items_per_thread = 8;  // pays for the streams' keys

__global__ void __launch_bounds__(draw_threads, 3)
    draw_kernel(const __grid_constant__ ring::ChipProgram program, std::uint32_t first, std::size_t quads,
                std::size_t outs, ring::Quad* tapes, float* out) {
  const std::uint32_t chip = blockIdx.y;
  draw_chip(program, first + chip, blockIdx.x * blockDim.x + threadIdx.x, gridDim.x * blockDim.x,
            tapes + chip * quads, out + chip * outs);
}

struct Identity {
  ring::Quad* tape;
  std::uint32_t lanes;
  __device__ void operator()(std::size_t i) const { tape[i] = ring::identity_quad(i, lanes); }
};

/// Σ over all elements by one block, in an order that depends on their number alone; valid in thread 0.
template <class Square>
__device__ double block_sum(std::size_t rows, std::size_t cols, const Square& square) {
  using Reduce = cub::BlockReduce<double, sum_threads>;
  __shared__ typename Reduce::TempStorage storage;
  double sum = 0;
  for (std::size_t i = threadIdx.x; i < rows * cols; i += sum_threads) sum += square(i / cols, i % cols);
  return Reduce(storage).Sum(sum);
}

/// Σ|y₀|²
__global__ void norm_kernel(ConstFields<float> ideal, double* norm) {
  const double sum = block_sum(ideal.re.rows, ideal.re.cols, [&](std::size_t m, std::size_t b) {
    const double re = ideal.re(m, b), im = ideal.im(m, b);
    return re * re + im * im;
  });
  if (threadIdx.x == 0) *norm = sum;
}

/// √(Σ|y − y₀|²/Σ|y₀|²) of the chip of each block, over the rows of y₀: the first of a chip's `modes`.
__global__ void distance_kernel(ConstFields<float> y, std::size_t modes, ConstFields<float> ideal,
                                const double* norm, double* errors) {
  const std::size_t first = blockIdx.x * modes;
  const double sum = block_sum(ideal.re.rows, ideal.re.cols, [&](std::size_t m, std::size_t b) {
    const double re = static_cast<double>(y.re(first + m, b)) - static_cast<double>(ideal.re(m, b)),
                 im = static_cast<double>(y.im(first + m, b)) - static_cast<double>(ideal.im(m, b));
    return re * re + im * im;
  });
  if (threadIdx.x == 0) errors[blockIdx.x] = sqrt(sum / *norm);
}

/// Two planes in one piece of memory.
Fields<float> planes(const Buffer<float>& memory, std::size_t rows, std::size_t cols) {
  return {{memory.data(), rows, cols}, {memory.data() + rows * cols, rows, cols}};
}

}  // namespace

struct CudaTrials::Device {
  Executor& cuda;
  ring::Map map;
  std::size_t ports;
  CudaMesh<float> ideal;
  std::size_t most_bytes;
  std::uint32_t chips_at_once = 1;
  Buffer<std::int32_t> modes_at{};
  Buffer<TrialPhases> phases{};
  Buffer<std::uint32_t> first_quad{}, leaves{};
  Buffer<std::complex<float>> screen{};
  Buffer<ring::Quad> tapes{};
  Buffer<float> outs{};
  Buffer<float> ideal_fields{}, fields{};  ///< of errors()
  Buffer<double> norm{}, found{};
  ring::ChipProgram program{};
  ring::Pass pass{};

  std::size_t chip_quads() const { return map.mesh_quads(ring::Full::quads); }
  std::size_t chip_outs() const { return 2 * map.ring_places(); }
  /// Room for a launch's chips, made when so many are first asked for.
  void reserve(std::uint32_t chips) {
    if (tapes.size() >= chips * chip_quads()) return;
    device::reserve(cuda, tapes, chips * chip_quads());
    device::reserve(cuda, outs, chips * chip_outs());
    device::for_each(tapes.size(), Identity{tapes.data(), map.lanes}, "trials");
    // Places that no mode leaves by are never read.
    device::settle("trials");  // the caller's stream may be another one
    pass.coefficients = tapes.data();
    pass.out = outs.data();
  }
};

CudaTrials::CudaTrials(Executor& cuda, const MeshLayout& layout, const PhaseProgram& asked,
                       const MeshImperfections& imperfections, std::uint64_t seed, std::uint32_t site,
                       const Crossing& crossing, std::size_t most_bytes) {
  if (cuda.on_host()) throw Error("no CUDA trials: the executor computes on the host");
  check(imperfections);
  check_sizes(layout, asked);
  if (!drawn_together(imperfections))
    throw Error(
        "GPU trials draw errors of splitters and phases and insertion loss; chips with other "
        "imperfections run on the CPU");
  device_ = std::make_unique<Device>(Device{
      cuda, ring::map_of(layout), layout.ports(),
      CudaMesh<float>(cuda, layout, realise<double>(layout, asked, ideal_fabrication(layout, crossing))),
      most_bytes});
  Device& d = *device_;
  const std::size_t chip_bytes = d.chip_quads() * sizeof(ring::Quad) + d.chip_outs() * sizeof(float);
  d.chips_at_once =
      static_cast<std::uint32_t>(std::clamp<std::size_t>(most_bytes / chip_bytes, 1, ring::most_meshes));
  // The same for all chips: none of them has a stuck phase.
  const PhaseProgram held = held_by_chip(drivers_of(layout, imperfections, seed, 0, site), asked);
  const ring::ChipPlaces to = ring::chip_places(d.map);
  device::upload(cuda, d.modes_at, d.map.modes_at);
  device::upload(cuda, d.phases, trial_phases(held));
  device::upload(cuda, d.screen, trial_screen(held));
  device::upload(cuda, d.first_quad, to.first_quad);
  device::upload(cuda, d.leaves, to.leaves);
  device::settle("trials");
  d.program = {trial_strengths(imperfections, crossing),
               d.phases.data(),
               d.first_quad.data(),
               reinterpret_cast<const float*>(d.screen.data()),
               d.leaves.data(),
               static_cast<std::uint32_t>(layout.couplers.size()),
               d.map.modes,
               d.map.lanes,
               site,
               seed};
  d.pass.lanes = d.map.lanes;
  d.pass.columns = d.map.columns;
  d.pass.modes = d.map.modes;
  d.pass.enter = d.modes_at.data();
  d.pass.leave = d.modes_at.data() + (d.map.leave() - d.map.enter());
}
CudaTrials::CudaTrials(CudaTrials&&) noexcept = default;
CudaTrials& CudaTrials::operator=(CudaTrials&&) noexcept = default;
CudaTrials::~CudaTrials() = default;

void CudaTrials::run(std::uint32_t first, std::uint32_t count, ConstFields<float> in, Fields<float> out,
                     CudaStream stream) const {
  Device& d = *device_;
  const std::size_t modes = d.map.modes, batch = in.re.cols;
  const auto is = [&](auto view, std::size_t rows) {
    return view.data && view.rows == rows && view.cols == batch;
  };
  if (!is(in.re, modes) || (in.im.data && !is(in.im, modes)) || !is(out.re, count * modes) ||
      !is(out.im, count * modes))
    throw Error("GPU trials: the inputs must be " + std::to_string(modes) + " modes by " +
                std::to_string(batch) + " samples, and the outputs " + std::to_string(count) +
                " times as many modes");
  if (batch == 0 || count == 0) return;
  d.reserve(std::min(count, d.chips_at_once));
  const auto on = static_cast<cudaStream_t>(stream);
  const std::uint32_t items = (d.program.couplers + 3) / 4 + (d.map.modes + 3) / 4;
  const std::uint32_t blocks =
      (items + items_per_thread * draw_threads - 1) / (items_per_thread * draw_threads);
  for (std::uint32_t done = 0; done < count;) {
    const std::uint32_t chips = std::min(count - done, d.chips_at_once);
    draw_kernel<<<dim3(blocks, chips), draw_threads, 0, on>>>(d.program, first + done, d.chip_quads(),
                                                              d.chip_outs(), d.tapes.data(), d.outs.data());
    device::check(cudaGetLastError(), "trials");
    ring::Pass pass = d.pass;
    pass.in = in;
    pass.y = {out.re.block(done * modes, chips * modes, 0, batch),
              out.im.block(done * modes, chips * modes, 0, batch)};
    ring::launch<ring::Full>(pass, chips, on);
    done += chips;
  }
}

void CudaTrials::errors(std::uint32_t first, std::uint32_t count, ConstFields<float> in,
                        std::span<double> errors, CudaStream stream) const {
  Device& d = *device_;
  const std::size_t modes = d.map.modes, batch = in.re.cols;
  if (errors.size() != count)
    throw Error("GPU trials: room for " + std::to_string(errors.size()) + " errors; " +
                std::to_string(count) + " trials were asked for");
  if (count == 0) return;
  const std::size_t fit = d.most_bytes / std::max<std::size_t>(1, 2 * modes * batch * sizeof(float));
  const auto step =
      static_cast<std::uint32_t>(std::clamp<std::size_t>(fit, 1, std::min(count, d.chips_at_once)));
  device::reserve(d.cuda, d.ideal_fields, 2 * modes * batch);
  device::reserve(d.cuda, d.fields, 2 * step * modes * batch);
  device::reserve(d.cuda, d.norm, 1);
  const auto on = static_cast<cudaStream_t>(stream);
  const Fields<float> ideal = planes(d.ideal_fields, modes, batch);
  const Fields<float> read{ideal.re.block(0, d.ports, 0, batch), ideal.im.block(0, d.ports, 0, batch)};
  d.ideal.propagate(in, ideal, stream);
  norm_kernel<<<1, sum_threads, 0, on>>>(read, d.norm.data());
  device::check(cudaGetLastError(), "trials");
  for (std::uint32_t done = 0; done < count;) {
    const std::uint32_t chips = std::min(count - done, step);
    const Fields<float> y = planes(d.fields, chips * modes, batch);
    run(first + done, chips, in, y, stream);
    distance_kernel<<<chips, sum_threads, 0, on>>>(y, modes, read, d.norm.data(), errors.data() + done);
    device::check(cudaGetLastError(), "trials");
    done += chips;
  }
}

std::vector<double> CudaTrials::errors(std::uint32_t first, std::uint32_t count,
                                       ConstFields<float> in) const {
  if (count == 0) return {};
  Device& d = *device_;
  device::reserve(d.cuda, d.found, count);
  errors(first, count, in, {d.found.data(), count});
  double norm = 0;
  d.cuda.copy_to_host(&norm, d.norm.data(), sizeof norm);
  if (!(norm > 0)) throw Error("GPU trials: the perfect mesh gives no light, to which errors are relative");
  std::vector<double> result(count);
  d.cuda.copy_to_host(result.data(), d.found.data(), count * sizeof(double));
  return result;
}

}  // namespace fringe
