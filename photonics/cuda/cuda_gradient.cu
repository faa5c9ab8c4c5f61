// The way back through a mesh, in two launches per part of a batch: back_kernel takes fields and adjoints
// through all columns (gradient_pass.hpp) and leaves 16 B of sums per coupler and block, 32 B with a front
// splitter; slopes_kernel adds the blocks' sums in double and turns them into slopes of phases.
//
// It is fast because no activation is stored: fields come back by each coupler's inverse, in registers, and
// meet memory at the two ends alone. Sums leave once per block, not per sample, and by plain stores:
// atomics would give other bits on every call. For the same reason the number of threads follows the batch
// and not the GPU. Eight slices of blocks are added side by side, so that more loads are under way than one
// per coupler. `most_bytes` bounds the sums; larger batches take several turns.
#include <algorithm>
#include <string>

#include "core/error.hpp"
#include "photonics/cuda/cuda_gradient.hpp"
#include "photonics/cuda/device_memory.cuh"
#include "photonics/cuda/gradient_tape.hpp"
#include "photonics/cuda/ring_launch.cuh"

namespace fringe {
namespace {

template <bool Front, bool Wide>
__global__ void __launch_bounds__(ring::block_threads<Wide>,
                                  (ring::blocks_per_processor<2 * ring::back_samples, Wide>))
    back_kernel(const __grid_constant__ ring::GradientPass pass) {
  extern __shared__ ring::Quad shared[];
  ring::DeviceBlock<2 * ring::back_samples, Wide> block(
      shared, ring::reverse_quads * ring::pairs * pass.lanes, pass.lanes,
      ring::rings_of_block(blockDim.x, pass.lanes) * ring::sum_kinds<Front> * ring::pairs * pass.lanes);
  ring::run_back<Front>(block, pass);
}

constexpr std::uint32_t slope_items = 32;  // of a block

__global__ void slopes_kernel(const __grid_constant__ ring::SlopePass pass) {
  __shared__ ring::SlopeSums parts[ring::slope_slices][slope_items];
  const std::uint32_t item = blockIdx.x * slope_items + threadIdx.x;
  if (item < pass.items()) parts[threadIdx.y][threadIdx.x] = slice_of(pass, item, threadIdx.y);
  __syncthreads();
  if (threadIdx.y != 0 || item >= pass.items()) return;
  ring::SlopeSums total = parts[0][threadIdx.x];
  for (std::uint32_t slice = 1; slice < ring::slope_slices; ++slice) add(total, parts[slice][threadIdx.x]);
  add_slopes(pass, item, total);
}

template <bool Front, bool Wide>
void launch(const ring::GradientPass& pass, std::uint32_t blocks, std::uint32_t threads,
            cudaStream_t stream) {
  const std::size_t rings = ring::rings_of_block(threads, pass.lanes), lane = ring::pairs * pass.lanes;
  const std::size_t stages = 2 * ring::reverse_quads * lane * sizeof(ring::Quad),
                    sums = 2 * rings * ring::sum_kinds<Front> * lane * sizeof(ring::Quad),
                    edges = Wide ? 2 * (threads / ring::warp) * 4 * ring::back_samples * sizeof(float) : 0;
  ring::start<ring::GradientPass>(back_kernel<Front, Wide>, {dim3(blocks), threads, stages + sums + edges},
                                  pass, stream);
}

}  // namespace

struct CudaGradient::Device {
  Executor& cuda;
  MeshLayout layout;
  ring::Map map;
  std::size_t most_bytes;
  Buffer<std::int32_t> modes_at{}, coupler_at{};
  Buffer<ring::Quad> coefficients{}, screen{}, sums{};
  Buffer<ring::CouplerWeights> weights{};
  bool front = false, set = false;

  std::size_t block_sums() const { return ring::sums_of(map.lanes, map.columns, front ? 2 : 1); }
  const std::int32_t* leave() const { return modes_at.data() + (map.leave() - map.enter()); }
};

CudaGradient::CudaGradient(Executor& cuda, const MeshLayout& layout, std::size_t most_bytes) {
  if (cuda.on_host()) throw Error("no CUDA gradient: the executor computes on the host");
  device_ = std::make_unique<Device>(Device{cuda, layout, ring::map_of(layout), most_bytes});
  device::upload(cuda, device_->modes_at, device_->map.modes_at);
  device::upload(cuda, device_->coupler_at, couplers_at(device_->map));
}
CudaGradient::CudaGradient(CudaGradient&&) noexcept = default;
CudaGradient& CudaGradient::operator=(CudaGradient&&) noexcept = default;
CudaGradient::~CudaGradient() = default;

void CudaGradient::set(const PhaseProgram& program, const FabricatedMesh& fabricated) {
  set(realise<double>(device_->layout, program, fabricated), fabricated);
}

void CudaGradient::set(const PhysicalMesh<double>& mesh, const FabricatedMesh& fabricated) {
  Device& d = *device_;
  check_sizes(d.layout, fabricated);
  const ring::BackTape tape = ring::back_tape_of(d.layout, d.map, mesh);
  device::settle("gradient");
  device::upload(d.cuda, d.coefficients, tape.coefficients);
  device::upload(d.cuda, d.screen, tape.screen);
  device::upload(d.cuda, d.weights, ring::coupler_weights(fabricated));
  device::settle("gradient");
  d.front = fabricated.crossing->front_rad != 0;
  d.set = true;
}

std::size_t CudaGradient::parameters() const noexcept {
  return 2 * device_->layout.couplers.size() + device_->layout.modes;
}

void CudaGradient::backward(Fields<float> y, Fields<float> g, std::span<double> gradient, CudaStream stream) {
  Device& d = *device_;
  const std::size_t modes = d.map.modes, couplers = d.layout.couplers.size(), batch = y.re.cols;
  for (const Matrix& plane : {y.re, y.im, g.re, g.im})
    if (!plane.data || plane.rows != modes || plane.cols != batch)
      throw Error("GPU gradient: all planes must be " + std::to_string(modes) + " modes by " +
                  std::to_string(batch) + " samples");
  if (gradient.size() != parameters())
    throw Error("GPU gradient: room for " + std::to_string(gradient.size()) + " slopes; the mesh has " +
                std::to_string(parameters()) + " phases");
  if (!d.set) throw Error("GPU gradient: no phases were set");
  if (batch == 0) return;

  const std::uint32_t threads = ring::back_threads(d.map.lanes, batch);
  const std::size_t samples = std::size_t{ring::rings_of_block(threads, d.map.lanes)} * ring::back_samples;
  const std::size_t fit = std::max<std::size_t>(1, d.most_bytes / (d.block_sums() * sizeof(ring::Quad)));
  const std::size_t at_once = std::min(fit, (batch + samples - 1) / samples);
  device::reserve(d.cuda, d.sums, at_once * d.block_sums());
  const auto on = static_cast<cudaStream_t>(stream);
  for (std::size_t first = 0; first < batch; first += at_once * samples) {
    const std::size_t here = std::min(batch - first, at_once * samples);
    const auto blocks = static_cast<std::uint32_t>((here + samples - 1) / samples);
    const auto part = [&](const Fields<float>& of) {
      return Fields<float>{of.re.block(0, modes, first, here), of.im.block(0, modes, first, here)};
    };
    const ring::GradientPass pass{d.map.lanes,       d.map.columns, d.coefficients.data(),
                                  d.modes_at.data(), d.leave(),     d.screen.data(),
                                  part(y),           part(g),       d.sums.data()};
    const bool wide = d.map.lanes > ring::warp;
    (d.front ? wide ? launch<true, true> : launch<true, false>
     : wide ? launch<false, true>
             : launch<false, false>)(pass, blocks, threads, on);
    const ring::SlopePass slopes{d.map.lanes,
                                 d.map.columns,
                                 blocks,
                                 d.front,
                                 d.sums.data(),
                                 d.coupler_at.data(),
                                 d.leave(),
                                 d.weights.data(),
                                 gradient.data(),
                                 gradient.data() + couplers,
                                 gradient.data() + 2 * couplers};
    const dim3 grid((slopes.items() + slope_items - 1) / slope_items), block(slope_items, ring::slope_slices);
    slopes_kernel<<<grid, block, 0, on>>>(slopes);
    device::check(cudaGetLastError(), "gradient");
  }
}

}  // namespace fringe
