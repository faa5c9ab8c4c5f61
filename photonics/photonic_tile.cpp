#include "photonics/photonic_tile.hpp"

#include <algorithm>
#include <cmath>

#include "core/units.hpp"
#include "photonics/phase_drive.hpp"

namespace fringe {
namespace {

/// visit(values, first index) for each group of a program's parameters but the gain, in the order of
/// TileParameters.
template <class Program, class Visit>
void each_group(Program& program, Visit visit) {
  std::size_t at = 0;
  const auto group = [&](auto& values) {
    visit(values, at);
    at += values.size();
  };
  for (auto* mesh : {&program.u, &program.v}) {
    group(mesh->theta);
    group(mesh->phi);
    group(mesh->out);
  }
  group(program.attenuation);
}

PhaseProgram blank_program(std::size_t couplers, std::size_t modes) {
  return {std::vector<double>(couplers), std::vector<double>(couplers), std::vector<double>(modes)};
}

void copy_fields(const Fields<float>& from, const Fields<float>& to) {
  for (std::size_t k = 0; k < from.re.rows; ++k) {
    std::copy_n(from.re.row(k), from.re.cols, to.re.row(k));
    std::copy_n(from.im.row(k), from.im.cols, to.im.row(k));
  }
}

}  // namespace

void TileParameters::write(const CoreProgram& program, std::span<float> parameters) const {
  each_group(program, [&](const std::vector<double>& values, std::size_t at) {
    for (std::size_t i = 0; i < values.size(); ++i) parameters[at + i] = static_cast<float>(values[i]);
  });
  parameters[gain()] = static_cast<float>(program.gain);
}

CoreProgram TileParameters::read(std::span<const float> parameters) const {
  CoreProgram program{blank_program(couplers, modes),
                      meshes == 2 ? blank_program(couplers, modes) : PhaseProgram{},
                      std::vector<double>(attenuators()), 0};
  each_group(program, [&](std::vector<double>& values, std::size_t at) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = parameters[at + i];
  });
  program.gain = parameters[gain()];
  return program;
}

PhotonicTile::PhotonicTile(const MeshLayout& layout, const CoreKind& kind, Half u, std::optional<Half> v)
    : layout_(&layout), kind_(&kind), u_half_(std::move(u)), v_half_(std::move(v)) {
  if (!kind.theta_only) return;
  ChipDrivers& drivers = u_half_.drivers;
  drivers.drive.range_rad = 4 * pi;
  if (drivers.phase_bits > 0) drivers.phase_bits = std::min(drivers.phase_bits + 1, 32);
  drivers.faults.phi.clear();
  drivers.faults.out.clear();
}

PhaseProgram PhotonicTile::hold(const ChipDrivers& drivers, const PhaseProgram& asked) const {
  if (!kind_->theta_only) return held_by_chip(drivers, asked);
  PhaseProgram program = blank_program(asked.theta.size(), asked.out.size());
  const double turn = drivers.drive.range_rad;
  for (std::size_t k = 0; k < asked.theta.size(); ++k)
    program.theta[k] = asked.theta[k] - turn * std::floor(asked.theta[k] / turn);
  // What the drivers round up to the end of the range is 0: half a range away its sign is another.
  const PhaseProgram reached = driven(program, drivers.drive, drivers.phase_bits);
  for (std::size_t k = 0; k < program.theta.size(); ++k)
    if (std::abs(reached.theta[k] - program.theta[k]) > pi) program.theta[k] = 0;
  PhaseProgram held = held_by_chip(drivers, program);
  for (std::size_t k = 0; k < held.phi.size(); ++k) held.phi[k] += drivers.phase_scale * asked.phi[k];
  for (std::size_t m = 0; m < held.out.size(); ++m) held.out[m] += drivers.phase_scale * asked.out[m];
  return held;
}

void PhotonicTile::apply(const CoreProgram& asked) {
  applied_ = asked;
  applied_.u = hold(u_half_.drivers, asked.u);
  if (v_half_) applied_.v = hold(v_half_->drivers, asked.v);
  const int bits = u_half_.drivers.phase_bits;
  if (bits > 0)
    for (double& a : applied_.attenuation) {
      const double step = 2 * pi / std::exp2(bits);
      a = std::sin(std::round(2 * std::asin(a) / step) * step / 2);
    }
  attenuation_.assign(applied_.attenuation.begin(), applied_.attenuation.end());
  const auto compile = [&](std::optional<CompiledMesh<float>>& mesh, const PhaseProgram& program,
                           const FabricatedMesh& fabricated, MeshGradient<float>* gradient) {
    const PhysicalMesh<double> physical = realise<double>(*layout_, program, fabricated);
    if (mesh)
      mesh->recompile(physical);
    else
      mesh.emplace(*layout_, physical);
    if (gradient) gradient->set(physical, fabricated);  // a tile that trains
  };
  compile(u_, applied_.u, fabricated_u(), gradients_ ? &gradients_->u : nullptr);
  if (v_half_) compile(v_, applied_.v, fabricated_v(), gradients_ ? &*gradients_->v : nullptr);
  transmission_known_ = false;
  if (taps_) taps_->current = false;
}

CoreProgram PhotonicTile::held() const {
  CoreProgram program = applied_;
  const auto add = [](std::vector<double>& phases, const std::vector<double>& errors) {
    for (std::size_t i = 0; i < phases.size(); ++i) phases[i] += errors[i];
  };
  const auto add_errors = [&](PhaseProgram& mesh, const FabricatedMesh& fabricated) {
    add(mesh.theta, fabricated.theta_error_rad);
    add(mesh.phi, fabricated.phi_error_rad);
    add(mesh.out, fabricated.out_error_rad);
  };
  add_errors(program.u, fabricated_u());
  if (v_half_) add_errors(program.v, fabricated_v());
  return program;
}

/// Light in dark modes ends here.
void PhotonicTile::attenuate(Fields<float> fields) const {
  for (std::size_t k = 0; k < fields.re.rows; ++k) {
    const float transmission = k < attenuation_.size() ? attenuation_[k] : 0;
    for (std::size_t b = 0; b < fields.re.cols; ++b) {
      fields.re(k, b) *= transmission;
      fields.im(k, b) *= transmission;
    }
  }
}

/// in at the ports of `fields`, nothing at its dark modes.
void PhotonicTile::enter(ConstFields<float> in, Fields<float> fields) const {
  for (std::size_t k = 0; k < fields.re.rows; ++k) {
    const bool port = k < in.re.rows;
    if (port)
      std::copy_n(in.re.row(k), fields.re.cols, fields.re.row(k));
    else
      std::fill_n(fields.re.row(k), fields.re.cols, 0.0f);
    if (port && in.im.data != nullptr)
      std::copy_n(in.im.row(k), fields.im.cols, fields.im.row(k));
    else
      std::fill_n(fields.im.row(k), fields.im.cols, 0.0f);
  }
}

void PhotonicTile::propagate(ConstFields<float> in, Fields<float> out) const {
  enter(in, out);
  if (v_) {
    v_->propagate(out, out);
    attenuate(out);
  }
  u_->propagate(out, out);
}

PhotonicTile::Transmission PhotonicTile::transmission() const {
  if (transmission_known_) return transmission_;
  const std::size_t modes = layout_->modes, n = layout_->ports();
  Transmission a{std::vector<float>(modes * n), std::vector<float>(modes * n)};
  const Fields<float> fields{{a.re.data(), modes, n}, {a.im.data(), modes, n}};
  (v_ ? v_ : u_)->transmission(fields);
  if (v_) {
    attenuate(fields);
    u_->propagate(fields, fields);
  }
  a.re.resize(n * n);
  a.im.resize(n * n);
  return a;
}

void PhotonicTile::know_transmission() {
  if (transmission_known_) return;
  transmission_ = transmission();
  transmission_known_ = true;
  const std::size_t n = layout_->ports();
  largest_gain_ = 0;
  for (std::size_t i = 0; i < n; ++i) {
    float row = 0;
    for (std::size_t k = i * n; k < (i + 1) * n; ++k)
      row += std::sqrt(transmission_.re[k] * transmission_.re[k] + transmission_.im[k] * transmission_.im[k]);
    largest_gain_ = std::max(largest_gain_, row);
  }
}

void PhotonicTile::multiply(ConstFields<float> in, Fields<float> out, bool with_im) const {
  const std::size_t n = layout_->ports();
  const auto add = [&](const std::vector<float>& a, const ConstMatrix& x, const Matrix& y, float sign,
                       bool more) {
    kernels_of<float>(mesh_kernels())
        .product({n, n, y.cols, a.data(), x.data, y.data, x.stride, y.stride, sign, more});
  };
  add(transmission_.re, in.re, out.re, 1, false);
  if (in.im.data) add(transmission_.im, in.im, out.re, -1, true);
  if (!with_im) return;
  add(transmission_.im, in.re, out.im, 1, false);
  if (in.im.data) add(transmission_.re, in.im, out.im, 1, true);
}

void PhotonicTile::propagate(ConstFields<float> in, Fields<float> middle, Fields<float> out) const {
  enter(in, middle);
  if (v_) v_->propagate(middle, middle);
  copy_fields(middle, out);
  if (v_) attenuate(out);
  u_->propagate(out, out);
}

PhotonicTile::Gradients& PhotonicTile::gradients() {
  if (!gradients_) {
    gradients_ = std::make_unique<Gradients>(*layout_, v_.has_value());
    gradients_->u.set(applied_.u, fabricated_u());
    if (v_) gradients_->v->set(applied_.v, fabricated_v());
    gradients_->sum = blank_program(layout_->couplers.size(), layout_->modes);
  }
  return *gradients_;
}

/// into[θ…, φ…, out…] += slopes of the phases that are driven.
void PhotonicTile::add_slopes(const PhaseProgram& slopes, float* into) const {
  for (const double value : slopes.theta) *into++ += static_cast<float>(value);
  if (kind_->theta_only) return;
  for (const auto* phases : {&slopes.phi, &slopes.out})
    for (const double value : *phases) *into++ += static_cast<float>(value);
}

/// g becomes the adjoint at the mesh's input; the gradient of y (or x, where the mesh isn't reversible) and g
/// is added to into[θ…, φ…, out…].
void PhotonicTile::add_mesh_gradient(MeshGradient<float>& mesh, PhaseProgram& sum, Fields<float> y,
                                     Fields<float> g, float* into) const {
  for (auto* phases : {&sum.theta, &sum.phi, &sum.out}) std::fill(phases->begin(), phases->end(), 0.0);
  mesh.backward(y, g, sum);
  add_slopes(sum, into);
}

/// g, the adjoint behind the attenuators, becomes that ahead of them; adds their slopes to `gradient`.
void PhotonicTile::attenuate_adjoint(Fields<float> middle, Fields<float> g, std::span<float> gradient) const {
  const TileParameters at(*layout_, *kind_);
  for (std::size_t k = 0; k < attenuation_.size(); ++k) {
    double sum = 0;
    for (std::size_t b = 0; b < g.re.cols; ++b)
      sum += static_cast<double>(g.re(k, b)) * static_cast<double>(middle.re(k, b)) +
             static_cast<double>(g.im(k, b)) * static_cast<double>(middle.im(k, b));
    gradient[at.attenuation() + k] += static_cast<float>(sum);
  }
  attenuate(g);
}

void PhotonicTile::backward(ConstFields<float> in, Fields<float> middle, Fields<float> out, Fields<float> g,
                            std::span<float> gradient) {
  Gradients& meshes = gradients();
  if (!meshes.u.reversible()) {
    copy_fields(middle, out);
    if (v_) attenuate(out);
  }
  add_mesh_gradient(meshes.u, meshes.sum, out, g, gradient.data());
  if (!v_) return;
  attenuate_adjoint(middle, g, gradient);
  if (!meshes.v->reversible()) enter(in, middle);
  add_mesh_gradient(*meshes.v, meshes.sum, middle, g, gradient.data() + TileParameters(*layout_, *kind_).v());
}

PhotonicTile::Taps& PhotonicTile::taps() {
  if (!taps_) taps_ = std::make_unique<Taps>(*layout_, v_.has_value());
  if (!taps_->current) {
    taps_->u.set(applied_.u, fabricated_u());
    if (v_) taps_->v->set(applied_.v, fabricated_v());
    taps_->current = true;
  }
  return *taps_;
}

void PhotonicTile::backward_measured(ConstFields<float> in, Fields<float> middle, Fields<float> out,
                                     Fields<float> g, const TapReading& reading, const Draw& draw,
                                     std::uint64_t first_sample, std::span<float> gradient) {
  Taps& chip = taps();
  const auto measure = [&](const InSituGradient<float>& mesh, Fields<float> x, std::uint32_t number,
                           float* into) {
    chip.sum = blank_program(layout_->couplers.size(), layout_->modes);
    Draw reader = draw;
    reader.site += number;
    mesh.measure(x, g, chip.sum, reading, reader, first_sample);
    add_slopes(chip.sum, into);
  };
  if (!v_) return measure(chip.u, middle, 0, gradient.data());
  copy_fields(middle, out);
  attenuate(out);
  measure(chip.u, out, 0, gradient.data());
  attenuate_adjoint(middle, g, gradient);
  enter(in, middle);
  measure(*chip.v, middle, 1, gradient.data() + TileParameters(*layout_, *kind_).v());
}

}  // namespace fringe
