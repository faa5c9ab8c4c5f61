// A product on a batch of tiles in one launch: product_kernel carries light through all tiles of a row, reads
// it with the receivers' noise and the ADC's steps, and sums tile after tile (readout.hpp).
//
// It is fast because fields never reach memory: what leaves a thread is an output's sum so far, one number
// per tile, output and sample. Each output belongs to one thread, so its sum has one order; noise is a
// function of its place, drawn where it is added. The price is that the tiles of a row follow each other: a
// tall matrix keeps more of the GPU busy than a wide one. This file packs tapes, readouts and channels of all
// tiles one behind the other, once.
#include <string>

#include "core/error.hpp"
#include "photonics/cuda/cuda_tiles.hpp"
#include "photonics/cuda/device_memory.cuh"
#include "photonics/cuda/readout.hpp"
#include "photonics/cuda/ring_launch.cuh"
#include "photonics/cuda/ring_tape.hpp"

namespace fringe {
namespace {

template <class Form, int V, bool Wide>
__global__ void __launch_bounds__(ring::block_threads<Wide>, (ring::blocks_per_processor<V, Wide>))
    product_kernel(const __grid_constant__ ring::ProductPass pass) {
  extern __shared__ ring::Quad shared[];
  ring::DeviceBlock<V, Wide> block(shared, ring::stage_columns * Form::quads * ring::pairs * pass.light.lanes,
                                   pass.light.lanes);
  ring::run_product<Form>(block, pass, block.mesh());
}

template <class Form>
void launch(const ring::ProductPass& pass, std::uint32_t tile_rows, cudaStream_t stream) {
  with_vectors(pass.light, [&]<int V, bool Wide>() {
    ring::start<ring::ProductPass>(product_kernel<Form, V, Wide>,
                                   ring::launch_shape<Form, V, Wide>(pass.light, tile_rows), pass, stream);
  });
}

}  // namespace

struct CudaTiles::Device {
  Executor& cuda;
  Tiling tiling;
  ring::Map map;
  OutputChannels outputs;  ///< of any tile: strengths are common
  bool deferred = false;
  Buffer<std::int32_t> modes_at{}, rescale{};
  Buffer<ring::Quad> coefficients{};
  Buffer<float> out{}, factors{};
  Buffer<ring::TileReadout> tiles{};
  Buffer<ring::ReceiverChannel> channels{};
  ring::ProductPass pass{};
};

CudaTiles::CudaTiles(Executor& cuda, const MeshLayout& layout, const Tiling& tiling,
                     std::span<const PhysicalMesh<double>> meshes, std::span<const OutputChannels> outputs,
                     std::span<const TileScale> scales) {
  if (cuda.on_host()) throw Error("no CUDA tiles: the executor computes on the host");
  ring::check_tiles(layout, tiling, meshes.size(), outputs, scales.size());
  device_ = std::make_unique<Device>(Device{cuda, tiling, ring::map_of(layout), outputs[0]});
  Device& d = *device_;
  const ring::Tape tape = ring::tape_of(layout, d.map, meshes);
  std::vector<ring::TileReadout> tiles;
  std::vector<ring::ReceiverChannel> channels;
  for (std::size_t t = 0; t < meshes.size(); ++t) {
    tiles.push_back(ring::tile_readout(outputs[t], scales[t].gain, scales[t].range, scales[t].largest));
    const std::vector<ring::ReceiverChannel> of_tile = ring::receiver_channels(outputs[t]);
    channels.insert(channels.end(), of_tile.begin(), of_tile.end());
  }
  device::upload(cuda, d.modes_at, d.map.modes_at);
  device::upload(cuda, d.coefficients, tape.coefficients);
  device::upload(cuda, d.out, tape.out);
  device::upload(cuda, d.rescale, tape.rescale);
  device::upload(cuda, d.factors, tape.factors);
  device::upload(cuda, d.tiles, tiles);
  device::upload(cuda, d.channels, channels);
  device::settle("tiles");
  d.deferred = tape.deferred;
  ring::Pass& light = d.pass.light;
  light.lanes = d.map.lanes;
  light.columns = d.map.columns;
  light.modes = d.map.modes;
  light.coefficients = d.coefficients.data();
  light.enter = d.modes_at.data();
  light.leave = d.modes_at.data() + (d.map.leave() - d.map.enter());
  light.out = d.out.data();
  light.rescale = tape.rescale.empty() ? nullptr : d.rescale.data();
  light.factors = d.factors.data();
  light.inputs = static_cast<std::uint32_t>(tiling.tile_cols());
  d.pass.tiles = d.tiles.data();
  d.pass.channels = d.channels.data();
  d.pass.tile_cols = light.inputs;
  d.pass.ports = static_cast<std::uint32_t>(tiling.modes);
}
CudaTiles::CudaTiles(CudaTiles&&) noexcept = default;
CudaTiles& CudaTiles::operator=(CudaTiles&&) noexcept = default;
CudaTiles::~CudaTiles() = default;

void CudaTiles::forward(ConstFields<float> sent, const float* scale, Matrix y, const Symbols& symbols,
                        CudaStream stream) const {
  const Device& d = *device_;
  const std::size_t inputs = d.tiling.tile_cols() * d.tiling.modes, batch = y.cols;
  const auto is = [&](auto view, std::size_t rows) {
    return view.data && view.rows == rows && view.cols == batch;
  };
  if (!is(sent.re, inputs) || (sent.im.data && !is(sent.im, inputs)) || !is(y, d.tiling.rows))
    throw Error("GPU tiles: the fields must be " + std::to_string(inputs) + " inputs by " +
                std::to_string(batch) + " samples, and the product " + std::to_string(d.tiling.rows) +
                " rows");
  if (batch == 0) return;
  ring::ProductPass pass = d.pass;
  pass.light.in = sent;
  pass.receivers = ring::receivers_of(d.outputs, d.map.modes, symbols);
  pass.scale = scale;
  pass.y = y;
  const auto rows = static_cast<std::uint32_t>(d.tiling.tile_rows());
  const auto on = static_cast<cudaStream_t>(stream);
  d.deferred ? launch<ring::Deferred>(pass, rows, on) : launch<ring::Full>(pass, rows, on);
}

}  // namespace fringe
