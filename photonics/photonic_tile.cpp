#include "photonics/photonic_tile.hpp"

#include <algorithm>
#include <cmath>

#include "core/units.hpp"
#include "photonics/imperfections.hpp"

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

/// y (or x, where the mesh isn't reversible) and g become the fields at the mesh's input; its gradient is
/// added to into[θ…, φ…, out…].
void add_mesh_gradient(MeshGradient<float>& mesh, PhaseProgram& sum, Fields<float> y, Fields<float> g,
                       float* into) {
  for (auto* phases : {&sum.theta, &sum.phi, &sum.out}) std::fill(phases->begin(), phases->end(), 0.0);
  mesh.backward(y, g, sum);
  for (const auto* phases : {&sum.theta, &sum.phi, &sum.out})
    for (const double value : *phases) *into++ += static_cast<float>(value);
}

}  // namespace

void TileParameters::write(const CoreProgram& program, std::span<float> parameters) const {
  each_group(program, [&](const std::vector<double>& values, std::size_t at) {
    for (std::size_t i = 0; i < values.size(); ++i) parameters[at + i] = static_cast<float>(values[i]);
  });
  parameters[gain()] = static_cast<float>(program.gain);
}

CoreProgram TileParameters::read(std::span<const float> parameters) const {
  CoreProgram program{blank_program(couplers, modes), blank_program(couplers, modes),
                      std::vector<double>(modes), 0};
  each_group(program, [&](std::vector<double>& values, std::size_t at) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = parameters[at + i];
  });
  program.gain = parameters[gain()];
  return program;
}

PhotonicTile::PhotonicTile(const MeshLayout& layout, FabricatedMesh u, FabricatedMesh v)
    : layout_(&layout), fabricated_u_(std::move(u)), fabricated_v_(std::move(v)) {}

void PhotonicTile::apply(const CoreProgram& asked, int bits) {
  applied_ = asked;
  applied_.u = quantise(asked.u, bits);
  applied_.v = quantise(asked.v, bits);
  if (bits > 0)
    for (double& a : applied_.attenuation) {
      const double step = 2 * pi / std::exp2(bits);
      a = std::sin(std::round(2 * std::asin(a) / step) * step / 2);
    }
  attenuation_.assign(applied_.attenuation.begin(), applied_.attenuation.end());
  const auto compile = [&](std::optional<CompiledMesh<float>>& mesh, const PhaseProgram& program,
                           const FabricatedMesh& fabricated) {
    const PhysicalMesh<double> physical = realise<double>(*layout_, program, fabricated);
    if (mesh)
      mesh->recompile(physical);
    else
      mesh.emplace(*layout_, physical);
  };
  compile(u_, applied_.u, fabricated_u_);
  compile(v_, applied_.v, fabricated_v_);
  if (gradients_) gradients_->current = false;
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
  add_errors(program.u, fabricated_u_);
  add_errors(program.v, fabricated_v_);
  return program;
}

void PhotonicTile::attenuate(Fields<float> fields) const {
  for (std::size_t k = 0; k < fields.re.rows; ++k)
    for (std::size_t b = 0; b < fields.re.cols; ++b) {
      fields.re(k, b) *= attenuation_[k];
      fields.im(k, b) *= attenuation_[k];
    }
}

void PhotonicTile::propagate(ConstFields<float> in, Fields<float> out) const {
  v_->propagate(in, out);
  attenuate(out);
  u_->propagate(out, out);
}

void PhotonicTile::transmission(Matrix a) const {
  const std::size_t n = layout_->modes;
  std::vector<float> identity(n * n), imaginary(n * n);
  for (std::size_t k = 0; k < n; ++k) identity[k * n + k] = 1;
  propagate({{identity.data(), n, n}, {}}, {a, {imaginary.data(), n, n}});
}

void PhotonicTile::propagate(ConstFields<float> in, Fields<float> middle, Fields<float> out) const {
  v_->propagate(in, middle);
  copy_fields(middle, out);
  attenuate(out);
  u_->propagate(out, out);
}

PhotonicTile::Gradients& PhotonicTile::gradients() {
  if (!gradients_) gradients_ = std::make_unique<Gradients>(*layout_);
  if (!gradients_->current) {
    gradients_->u.set(applied_.u, fabricated_u_);
    gradients_->v.set(applied_.v, fabricated_v_);
    gradients_->sum = blank_program(layout_->couplers.size(), layout_->modes);
    gradients_->current = true;
  }
  return *gradients_;
}

void PhotonicTile::backward(ConstFields<float> in, Fields<float> middle, Fields<float> out, Fields<float> g,
                            std::span<float> gradient) {
  const TileParameters at{layout_->couplers.size(), layout_->modes};
  Gradients& meshes = gradients();
  if (!meshes.u.reversible()) {
    copy_fields(middle, out);
    attenuate(out);
  }
  add_mesh_gradient(meshes.u, meshes.sum, out, g, gradient.data());
  for (std::size_t k = 0; k < g.re.rows; ++k) {
    double sum = 0;
    for (std::size_t b = 0; b < g.re.cols; ++b) {
      sum += static_cast<double>(g.re(k, b)) * static_cast<double>(middle.re(k, b)) +
             static_cast<double>(g.im(k, b)) * static_cast<double>(middle.im(k, b));
      g.re(k, b) *= attenuation_[k];
      g.im(k, b) *= attenuation_[k];
    }
    gradient[at.attenuation() + k] += static_cast<float>(sum);
  }
  if (!meshes.v.reversible())
    for (std::size_t k = 0; k < middle.re.rows; ++k) {
      std::copy_n(in.re.row(k), middle.re.cols, middle.re.row(k));
      if (in.im.data != nullptr)
        std::copy_n(in.im.row(k), middle.im.cols, middle.im.row(k));
      else
        std::fill_n(middle.im.row(k), middle.im.cols, 0.0f);
    }
  add_mesh_gradient(meshes.v, meshes.sum, middle, g, gradient.data() + at.v());
}

}  // namespace fringe
