#include "photonics/photonic_matrix.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/compiled_mesh.hpp"
#include "photonics/converters.hpp"
#include "photonics/correction.hpp"
#include "photonics/mesh_gradient.hpp"

namespace fringe {
namespace {

constexpr std::size_t block_samples = 64;  // samples of one task; part of no result

std::size_t blocks_of(std::size_t batch) { return (batch + block_samples - 1) / block_samples; }

/// Where each parameter of a tile stands in the flat span.
struct ParameterMap {
  std::size_t couplers, modes;
  std::size_t size() const { return 4 * couplers + 3 * modes + 1; }

  /// visit(values of the program, first index) for each group.
  template <class Program, class Visit>
  void each(Program& program, Visit visit) const {
    std::size_t at = 0;
    const auto group = [&](auto& values) {
      visit(values, at);
      at += values.size();
    };
    group(program.u.theta), group(program.u.phi), group(program.u.out);
    group(program.v.theta), group(program.v.phi), group(program.v.out);
    group(program.attenuation);
  }
  std::size_t attenuation() const { return 4 * couplers + 2 * modes; }
  std::size_t gain() const { return size() - 1; }
};

/// Reverse passes of a tile's meshes; made when first trained, set anew after each change of phases.
struct TileGradients {
  explicit TileGradients(const MeshLayout& layout) : u(layout), v(layout) {}
  MeshGradient<float> u, v;
  PhaseProgram sum;
  bool current = false;
};

struct Tile {
  FabricatedMesh fabricated_u, fabricated_v;
  CoreProgram applied;  ///< quantised: what the drivers put out
  CompiledMesh<float> u, v;
  std::vector<float> attenuation;
  std::unique_ptr<TileGradients> gradients;
};

/// Buffers of one worker; none is allocated in a pass.
struct Scratch {
  std::vector<float> scale, inputs, re, im, held_re, held_im, adjoint_re, adjoint_im, normals;

  void reserve(std::size_t padded_cols, std::size_t modes) {
    scale.resize(block_samples);
    inputs.resize(padded_cols * block_samples);
    for (auto* plane : {&re, &im, &held_re, &held_im, &adjoint_re, &adjoint_im})
      plane->resize(modes * block_samples);
    normals.resize(modes);
  }
};

class TiledMatrix final : public PhotonicMatrix {
 public:
  TiledMatrix(const PhotonicSetup& setup, const MeshLayout& layout, std::size_t first_tile, ConstMatrix w,
              std::uint32_t site, ThreadPool& pool)
      : setup_(setup),
        layout_(layout),
        tiling_{w.rows, w.cols, layout.modes},
        site_(site),
        pool_(&pool),
        map_{layout.couplers.size(), layout.modes},
        parameters_(tiling_.tiles() * map_.size()),
        gradients_(parameters_.size()),
        ranges_(tiling_.tiles()),
        scratch_(pool.size()) {
    if (w.rows == 0 || w.cols == 0) throw Error("a weight matrix has at least one row and one column");
    for (Scratch& s : scratch_) s.reserve(tiling_.tile_cols() * n(), n());
    const PhysicalMesh<double> ideal = realise<double>(layout, blank_program(), ideal_fabrication(layout));
    for (std::size_t t = 0; t < tiling_.tiles(); ++t)
      tiles_.push_back(
          {{}, {}, {}, CompiledMesh<float>(layout, ideal), CompiledMesh<float>(layout, ideal), {}, nullptr});
    pool_->run(tiles_.size(), [&](std::size_t t, unsigned) { program_tile(t, first_tile + t, w); });
  }

  std::size_t rows() const override { return tiling_.rows; }
  std::size_t cols() const override { return tiling_.cols; }
  const Tiling& tiling() const override { return tiling_; }
  std::span<const float> adc_ranges() const override { return ranges_; }
  std::span<float> parameters() override { return parameters_; }
  std::span<float> gradients() override { return gradients_; }

  void commit() override {
    pool_->run(tiles_.size(), [&](std::size_t t, unsigned) {
      const auto p = parameters_of(t);
      for (std::size_t k = 0; k < n(); ++k) {
        float& a = p[map_.attenuation() + k];
        a = std::clamp(a, 0.0f, 1.0f);
      }
      apply(t);
    });
  }

  void forward(ConstMatrix x, Matrix y, const Context& context) override {
    if (x.rows != cols() || y.rows != rows() || x.cols != y.cols)
      throw Error("photonic product: W[" + std::to_string(rows()) + "×" + std::to_string(cols()) +
                  "] does not fit x[" + std::to_string(x.rows) + "×" + std::to_string(x.cols) + "] and y[" +
                  std::to_string(y.rows) + "×" + std::to_string(y.cols) + "]");
    if (context.calibrate) calibrate(x);
    kept_ = context.keep_for_backward ? x : ConstMatrix();
    pool_->run(blocks_of(x.cols), [&](std::size_t block, unsigned worker) {
      Scratch& s = scratch_[worker];
      const std::size_t first = block * block_samples, width = std::min(block_samples, x.cols - first);
      load_inputs(x, first, width, s);
      for (std::size_t r = 0; r < rows(); ++r) std::fill_n(y.row(r) + first, width, 0.0f);
      for (std::size_t t = 0; t < tiles_.size(); ++t) {
        propagate(t, width, s);
        detect(t, context, first, width, s);
        accumulate(t, y, first, width, s);
      }
    });
  }

  void backward(ConstMatrix dy, Matrix dx, const Context&) override {
    if (kept_.data == nullptr || dy.cols != kept_.cols || dy.rows != rows())
      throw Error(
          "photonic backward pass: it follows a forward pass of the same batch with keep_for_backward");
    // One task per column of tiles: it alone adds to its rows of dx and to its tiles' gradients, in a fixed
    // order.
    pool_->run(tiling_.tile_cols(), [&](std::size_t column, unsigned worker) {
      Scratch& s = scratch_[worker];
      for (std::size_t block = 0; block < blocks_of(dy.cols); ++block) {
        const std::size_t first = block * block_samples, width = std::min(block_samples, dy.cols - first);
        load_inputs(kept_, first, width, s);
        if (dx.data != nullptr)
          for (std::size_t k = column * n(); k < std::min(cols(), (column + 1) * n()); ++k)
            std::fill_n(dx.row(k) + first, width, 0.0f);
        for (std::size_t row = 0; row < tiling_.tile_rows(); ++row)
          backward_tile(row * tiling_.tile_cols() + column, dy, dx, first, width, s);
      }
    });
  }

  void realised(Matrix w) const override {
    if (w.rows != rows() || w.cols != cols()) throw Error("realised matrix: wrong shape");
    std::vector<float> tile(n() * n());
    for (std::size_t t = 0; t < tiles_.size(); ++t) {
      transmission(t, {tile.data(), n(), n()});
      const float gain = parameters_[t * map_.size() + map_.gain()];
      for_each_weight(t, [&](std::size_t r, std::size_t c, std::size_t i, std::size_t k) {
        w(r, c) = gain * tile[i * n() + k];
      });
    }
  }

  CoreProgram asked(std::size_t t) const override {
    CoreProgram program = blank_core();
    const float* p = parameters_.data() + t * map_.size();
    map_.each(program, [&](std::vector<double>& values, std::size_t at) {
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = p[at + i];
    });
    program.gain = p[map_.gain()];
    return program;
  }

  CoreProgram held(std::size_t t) const override {
    CoreProgram program = tiles_[t].applied;
    const auto add = [](std::vector<double>& phases, const std::vector<double>& errors) {
      for (std::size_t i = 0; i < phases.size(); ++i) phases[i] += errors[i];
    };
    const auto add_errors = [&](PhaseProgram& mesh, const FabricatedMesh& fabricated) {
      add(mesh.theta, fabricated.theta_error_rad);
      add(mesh.phi, fabricated.phi_error_rad);
      add(mesh.out, fabricated.out_error_rad);
    };
    add_errors(program.u, tiles_[t].fabricated_u);
    add_errors(program.v, tiles_[t].fabricated_v);
    return program;
  }

 private:
  std::size_t n() const { return layout_.modes; }
  std::span<float> parameters_of(std::size_t t) {
    return {parameters_.data() + t * map_.size(), map_.size()};
  }

  PhaseProgram blank_program() const {
    const std::size_t couplers = layout_.couplers.size();
    return {std::vector<double>(couplers), std::vector<double>(couplers), std::vector<double>(layout_.modes)};
  }
  CoreProgram blank_core() const { return {blank_program(), blank_program(), std::vector<double>(n()), 0.0}; }

  /// visit(row of W, column of W, row of the tile, column of the tile) for the weights that lie on a tile.
  template <class Visit>
  void for_each_weight(std::size_t t, Visit visit) const {
    const std::size_t r0 = t / tiling_.tile_cols() * n(), c0 = t % tiling_.tile_cols() * n();
    for (std::size_t i = 0; i < n() && r0 + i < rows(); ++i)
      for (std::size_t k = 0; k < n() && c0 + k < cols(); ++k) visit(r0 + i, c0 + k, i, k);
  }

  /// What calibration finds: the splitters. Phase errors are what it leaves behind.
  static FabricatedMesh known(FabricatedMesh fabricated) {
    for (auto* errors : {&fabricated.theta_error_rad, &fabricated.phi_error_rad, &fabricated.out_error_rad})
      std::fill(errors->begin(), errors->end(), 0.0);
    return fabricated;
  }

  void program_tile(std::size_t t, std::size_t place, ConstMatrix w) {
    const auto core = static_cast<std::uint32_t>(place % setup_.design.cores);
    Tile& tile = tiles_[t];
    tile.fabricated_u = fabricate(layout_, setup_.effects.mesh, setup_.seed, setup_.chip, 2 * core);
    tile.fabricated_v = fabricate(layout_, setup_.effects.mesh, setup_.seed, setup_.chip, 2 * core + 1);
    std::vector<double> target(n() * n());
    for_each_weight(t, [&](std::size_t r, std::size_t c, std::size_t i, std::size_t k) {
      target[i * n() + k] = w(r, c);
    });
    CoreProgram program = program_core(find_topology(setup_.design.topology), {target.data(), n(), n()});
    if (setup_.corrected) {
      program.u = correct_locally(layout_, program.u, known(tile.fabricated_u), CorrectionGoal::quadrature);
      program.v = correct_locally(layout_, program.v, known(tile.fabricated_v), CorrectionGoal::quadrature);
    }
    const auto p = parameters_of(t);
    map_.each(program, [&](const std::vector<double>& values, std::size_t at) {
      for (std::size_t i = 0; i < values.size(); ++i) p[at + i] = static_cast<float>(values[i]);
    });
    p[map_.gain()] = 1;
    apply(t);
    fit_gain(t, target);
  }

  /// Drivers round the phases; attenuators are MZIs and hold θ = 2·asin(transmission) with the same drivers.
  void apply(std::size_t t) {
    Tile& tile = tiles_[t];
    tile.applied = asked(t);
    const int bits = setup_.effects.mesh.phase_bits;
    tile.applied.u = quantise(tile.applied.u, bits);
    tile.applied.v = quantise(tile.applied.v, bits);
    if (bits > 0)
      for (double& a : tile.applied.attenuation) {
        const double step = 2 * pi / std::exp2(bits);
        a = std::sin(std::round(2 * std::asin(a) / step) * step / 2);
      }
    tile.attenuation.assign(tile.applied.attenuation.begin(), tile.applied.attenuation.end());
    tile.u.recompile(realise<double>(layout_, tile.applied.u, tile.fabricated_u));
    tile.v.recompile(realise<double>(layout_, tile.applied.v, tile.fabricated_v));
    if (tile.gradients) tile.gradients->current = false;
  }

  TileGradients& gradients_of(Tile& tile) {
    if (!tile.gradients) tile.gradients = std::make_unique<TileGradients>(layout_);
    TileGradients& gradients = *tile.gradients;
    if (!gradients.current) {
      gradients.u.set(tile.applied.u, tile.fabricated_u);
      gradients.v.set(tile.applied.v, tile.fabricated_v);
      gradients.sum = blank_program();
      gradients.current = true;
    }
    return gradients;
  }

  /// a(i, k) = real part of the field at output i for a field of 1 at input k.
  void transmission(std::size_t t, Matrix a) const {
    std::vector<float> identity(n() * n()), imaginary(n() * n());
    for (std::size_t k = 0; k < n(); ++k) identity[k * n() + k] = 1;
    const Tile& tile = tiles_[t];
    const Fields<float> fields{a, {imaginary.data(), n(), n()}};
    tile.v.propagate({ConstMatrix(identity.data(), n(), n()), {}}, fields);
    attenuate(tile, fields);
    tile.u.propagate(fields, fields);
  }

  static void attenuate(const Tile& tile, Fields<float> fields) {
    for (std::size_t k = 0; k < fields.re.rows; ++k)
      for (std::size_t b = 0; b < fields.re.cols; ++b) {
        fields.re(k, b) *= tile.attenuation[k];
        fields.im(k, b) *= tile.attenuation[k];
      }
  }

  /// Least squares of gain·a against the target, and the largest output that full-scale inputs can give.
  void fit_gain(std::size_t t, const std::vector<double>& target) {
    std::vector<float> a(n() * n());
    transmission(t, {a.data(), n(), n()});
    double overlap = 0, power = 0, largest = 0;
    for (std::size_t i = 0; i < n(); ++i) {
      double row = 0;
      for (std::size_t k = 0; k < n(); ++k) {
        const double value = a[i * n() + k];
        overlap += value * target[i * n() + k];
        power += value * value;
        row += std::abs(value);
      }
      largest = std::max(largest, row);
    }
    parameters_of(t)[map_.gain()] = static_cast<float>(power > 0 ? overlap / power : 0.0);
    ranges_[t] = static_cast<float>(largest > 0 ? largest : 1.0);
  }

  /// Scales every sample to full scale and sends it through the DAC.
  void load_inputs(ConstMatrix x, std::size_t first, std::size_t width, Scratch& s) const {
    std::fill_n(s.scale.begin(), width, 0.0f);
    for (std::size_t k = 0; k < cols(); ++k)
      for (std::size_t b = 0; b < width; ++b) s.scale[b] = std::max(s.scale[b], std::abs(x(k, first + b)));
    for (std::size_t b = 0; b < width; ++b)
      if (s.scale[b] == 0) s.scale[b] = 1;
    const Quantiser dac = quantiser(1.0f, setup_.effects.dac_enob);
    for (std::size_t k = 0; k < tiling_.tile_cols() * n(); ++k) {
      float* row = s.inputs.data() + k * block_samples;
      for (std::size_t b = 0; b < width; ++b) row[b] = k < cols() ? x(k, first + b) / s.scale[b] : 0.0f;
      quantise(std::span(row, width), dac);
    }
  }

  static Quantiser quantiser(float range, double enob) {
    return enob > 0 ? make_quantiser(range, enob) : Quantiser{range, 0};
  }

  Fields<float> fields(std::vector<float>& re, std::vector<float>& im, std::size_t width) const {
    return {{re.data(), n(), width, block_samples}, {im.data(), n(), width, block_samples}};
  }
  ConstMatrix tile_inputs(std::size_t t, std::size_t width, const Scratch& s) const {
    return {s.inputs.data() + t % tiling_.tile_cols() * n() * block_samples, n(), width, block_samples};
  }

  void propagate(std::size_t t, std::size_t width, Scratch& s) const {
    const Fields<float> f = fields(s.re, s.im, width);
    tiles_[t].v.propagate({tile_inputs(t, width, s), {}}, f);
    attenuate(tiles_[t], f);
    tiles_[t].u.propagate(f, f);
  }

  /// Homodyne noise on the real quadrature, then the ADC. Noise belongs to sample, tile and mode.
  void detect(std::size_t t, const Context& context, std::size_t first, std::size_t width, Scratch& s) const {
    const auto add = [&](double variance, Purpose purpose) {
      if (variance == 0) return;
      const auto sigma = static_cast<float>(std::sqrt(variance));
      const Draw draw{context.seed, purpose, setup_.chip, site_, context.shot};
      for (std::size_t b = 0; b < width; ++b) {
        const std::uint64_t sample = context.first_sample + first + b;
        fill_normal(s.normals, draw, (sample * tiles_.size() + t) * n());
        for (std::size_t i = 0; i < n(); ++i) s.re[i * block_samples + b] += sigma * s.normals[i];
      }
    };
    add(setup_.effects.shot_variance, Purpose::shot_noise);
    add(setup_.effects.thermal_variance, Purpose::thermal_noise);
    if (setup_.effects.adc_enob > 0) {
      const Quantiser adc = make_quantiser(ranges_[t], setup_.effects.adc_enob);
      for (std::size_t i = 0; i < n(); ++i) quantise(std::span(s.re.data() + i * block_samples, width), adc);
    }
  }

  void accumulate(std::size_t t, Matrix y, std::size_t first, std::size_t width, const Scratch& s) const {
    const float gain = parameters_[t * map_.size() + map_.gain()];
    const std::size_t r0 = t / tiling_.tile_cols() * n();
    for (std::size_t i = 0; i < n() && r0 + i < rows(); ++i) {
      float* out = y.row(r0 + i) + first;
      const float* in = s.re.data() + i * block_samples;
      for (std::size_t b = 0; b < width; ++b) out[b] += gain * s.scale[b] * in[b];
    }
  }

  /// Sets every tile's range to its largest output for this batch, without noise.
  void calibrate(ConstMatrix x) {
    const std::size_t blocks = blocks_of(x.cols);
    std::vector<float> largest(blocks * tiles_.size());
    pool_->run(blocks, [&](std::size_t block, unsigned worker) {
      Scratch& s = scratch_[worker];
      const std::size_t first = block * block_samples, width = std::min(block_samples, x.cols - first);
      load_inputs(x, first, width, s);
      for (std::size_t t = 0; t < tiles_.size(); ++t) {
        propagate(t, width, s);
        float& most = largest[block * tiles_.size() + t];
        for (std::size_t i = 0; i < n(); ++i)
          for (std::size_t b = 0; b < width; ++b)
            most = std::max(most, std::abs(s.re[i * block_samples + b]));
      }
    });
    for (std::size_t t = 0; t < tiles_.size(); ++t) {
      float most = 0;
      for (std::size_t block = 0; block < blocks; ++block)
        most = std::max(most, largest[block * tiles_.size() + t]);
      if (most > 0) ranges_[t] = most;
    }
  }

  /// Straight through the converters: their steps have no useful derivative (Bengio et al., arXiv:1308.3432).
  void backward_tile(std::size_t t, ConstMatrix dy, Matrix dx, std::size_t first, std::size_t width,
                     Scratch& s) {
    Tile& tile = tiles_[t];
    TileGradients& gradients = gradients_of(tile);
    const float gain = parameters_[t * map_.size() + map_.gain()];
    float* gradient = gradients_.data() + t * map_.size();
    const Fields<float> f = fields(s.re, s.im, width), held = fields(s.held_re, s.held_im, width),
                        g = fields(s.adjoint_re, s.adjoint_im, width);
    tile.v.propagate({tile_inputs(t, width, s), {}}, held);
    for (std::size_t k = 0; k < n(); ++k) {
      std::copy_n(held.re.row(k), width, f.re.row(k));
      std::copy_n(held.im.row(k), width, f.im.row(k));
    }
    attenuate(tile, f);
    tile.u.propagate(f, f);

    const std::size_t r0 = t / tiling_.tile_cols() * n();
    double gain_gradient = 0;
    for (std::size_t i = 0; i < n(); ++i)
      for (std::size_t b = 0; b < width; ++b) {
        const float d = r0 + i < rows() ? dy(r0 + i, first + b) * s.scale[b] : 0.0f;
        gain_gradient += static_cast<double>(d) * static_cast<double>(f.re(i, b));
        g.re(i, b) = gain * d;
        g.im(i, b) = 0;
      }
    gradient[map_.gain()] += static_cast<float>(gain_gradient);

    add_mesh_gradient(gradients.u, gradients.sum, f, g, gradient);
    for (std::size_t k = 0; k < n(); ++k) {
      double sum = 0;
      for (std::size_t b = 0; b < width; ++b) {
        sum += static_cast<double>(g.re(k, b)) * static_cast<double>(held.re(k, b)) +
               static_cast<double>(g.im(k, b)) * static_cast<double>(held.im(k, b));
        g.re(k, b) *= tile.attenuation[k];
        g.im(k, b) *= tile.attenuation[k];
      }
      gradient[map_.attenuation() + k] += static_cast<float>(sum);
    }
    add_mesh_gradient(gradients.v, gradients.sum, held, g, gradient + 2 * map_.couplers + map_.modes);

    if (dx.data == nullptr) return;
    const std::size_t c0 = t % tiling_.tile_cols() * n();
    for (std::size_t k = 0; k < n() && c0 + k < cols(); ++k)
      for (std::size_t b = 0; b < width; ++b) dx(c0 + k, first + b) += g.re(k, b) / s.scale[b];
  }

  /// y and g become the fields at the mesh's input; its gradient is added to into[θ…, φ…, out…].
  static void add_mesh_gradient(MeshGradient<float>& mesh, PhaseProgram& sum, Fields<float> y,
                                Fields<float> g, float* into) {
    for (auto* phases : {&sum.theta, &sum.phi, &sum.out}) std::fill(phases->begin(), phases->end(), 0.0);
    mesh.backward(y, g, sum);
    for (const auto* phases : {&sum.theta, &sum.phi, &sum.out})
      for (const double value : *phases) *into++ += static_cast<float>(value);
  }

  PhotonicSetup setup_;
  MeshLayout layout_;
  Tiling tiling_;
  std::uint32_t site_;
  ThreadPool* pool_;
  ParameterMap map_;
  std::vector<float> parameters_, gradients_, ranges_;
  std::vector<Tile> tiles_;
  std::vector<Scratch> scratch_;
  ConstMatrix kept_;
};

}  // namespace

std::unique_ptr<PhotonicMatrix> make_photonic_matrix(const PhotonicSetup& setup, const MeshLayout& layout,
                                                     std::size_t first_tile, ConstMatrix w,
                                                     std::uint32_t site, ThreadPool& pool) {
  return std::make_unique<TiledMatrix>(setup, layout, first_tile, w, site, pool);
}

}  // namespace fringe
