#include "photonics/cuda/readout.hpp"

#include <cmath>
#include <string>

#include "core/error.hpp"

namespace fringe::ring {

void check_tiles(const MeshLayout& layout, const Tiling& tiling, std::size_t meshes,
                 std::span<const OutputChannels> outputs, std::size_t scales) {
  const std::size_t tiles = tiling.tiles();
  if (tiling.tile_rows() > most_meshes)
    throw Error("GPU tiles: " + std::to_string(tiling.tile_rows()) +
                " rows of tiles; a launch takes at most " + std::to_string(most_meshes) +
                ": part the matrix by rows, or take tiles of more modes");
  if (tiles == 0 || meshes != tiles || outputs.size() != tiles || scales != tiles)
    throw Error("GPU tiles: " + std::to_string(meshes) + " meshes, " + std::to_string(outputs.size()) +
                " outputs and " + std::to_string(scales) + " scales; the matrix has " +
                std::to_string(tiles) + " tiles");
  if (tiling.modes != layout.ports())
    throw Error("GPU tiles: tiles of " + std::to_string(tiling.modes) + " modes; the layout has " +
                std::to_string(layout.ports()) + " ports");
  for (const OutputChannels& o : outputs) {
    if (o.detection() != Detection::homodyne)
      throw Error("GPU tiles: light is read by homodyne detection; receivers of intensity are the CPU's");
    if (o.curves().size() != tiling.modes)
      throw Error("GPU tiles: outputs of " + std::to_string(o.curves().size()) + " channels; a core has " +
                  std::to_string(tiling.modes) + " ports");
  }
}

Receivers receivers_of(const OutputChannels& outputs, std::size_t channels, const Symbols& symbols) {
  const PhotonicEffects& e = outputs.effects();
  Receivers r;
  r.first_sample = symbols.first_sample;
  r.channels = static_cast<std::uint32_t>(channels);
  r.intensity = symbols.draw(Purpose::laser_intensity);
  r.phase = symbols.draw(Purpose::laser_phase);
  r.noise = symbols.draw(e.shot_variance > 0 ? Purpose::shot_noise : Purpose::thermal_noise);
  r.counts = symbols.draw(Purpose::photon_count);
  r.thermal = symbols.draw(Purpose::thermal_noise);
  r.memory = symbols.draw(Purpose::receiver_memory);
  r.intensity_sigma = static_cast<float>(std::sqrt(e.intensity_variance));
  r.phase_sigma = static_cast<float>(std::sqrt(e.phase_variance));
  const double receiver_variance = e.thermal_variance + e.dark_variance;
  r.steady_sigma = static_cast<float>(std::sqrt(e.shot_variance + receiver_variance));
  if (e.shot_variance == 0 || e.oscillator_photons == 0) return r;
  const double signal_photons = 1 / (4 * e.shot_variance);
  r.shot = e.oscillator_photons >= normal_oscillator_photons ? Receivers::of_signal : Receivers::counted;
  r.constant = static_cast<float>(e.shot_variance + receiver_variance);
  r.share = static_cast<float>(e.shot_variance * signal_photons / e.oscillator_photons);
  r.root_signal = std::sqrt(signal_photons);
  r.root_oscillator = std::sqrt(e.oscillator_photons);
  r.per_electron = 1 / (2 * r.root_signal * r.root_oscillator);
  r.thermal_sigma = static_cast<float>(std::sqrt(receiver_variance));
  return r;
}

TileReadout tile_readout(const OutputChannels& outputs, float gain, float range, float largest) {
  TileReadout t;
  t.gain = gain;
  t.range = range;
  t.memory_width = outputs.memory_width(range);
  t.both = outputs.read_im(largest);
  if (outputs.bits() > 0) {
    const Quantiser adc = make_quantiser(range, outputs.bits());
    t.step = adc.step;
    if (adc.step != 0) t.inverse_step = 1 / adc.step;
    t.last = std::nearbyint(range * t.inverse_step);
  }
  return t;
}

std::vector<ReceiverChannel> receiver_channels(const OutputChannels& outputs) {
  std::vector<ReceiverChannel> channels;
  for (std::size_t i = 0; i < outputs.curves().size(); ++i) {
    const StaticCurve& curve = outputs.curves()[i];
    channels.push_back({curve.gain, curve.bow, curve.twist, outputs.leaks()[i]});
  }
  return channels;
}

}  // namespace fringe::ring
