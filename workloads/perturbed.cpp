#include "workloads/perturbed.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"

namespace fringe {
namespace {

constexpr std::size_t samples_of_block = 64;

float largest_magnitude(const float* x, std::size_t count) {
  float largest = 0;
  for (std::size_t i = 0; i < count; ++i) largest = std::max(largest, std::abs(x[i]));
  return largest;
}

/// The scale of symmetric codes of so many bits.
float step_of(float largest, int bits) {
  return std::max(largest / static_cast<float>((1 << (bits - 1)) - 1), 0x1p-126f);
}

/// Which pass of a training: its context and, as shots are epochs, its first sample.
struct Pass {
  std::uint64_t seed = 0, first_sample = 0;
  std::uint32_t shot = 0;
  explicit Pass(const Context& c) : seed(c.seed), first_sample(c.first_sample), shot(c.shot) {}
  bool operator==(const Pass&) const = default;
};

/// The chip of the pass that runs, shared by all matrices.
class Fabrication {
 public:
  explicit Fabrication(const Perturbation& p) : fabricate_(p.fabricate) {}
  std::shared_ptr<Accelerator> chip(const Pass& pass) {
    if (!chip_ || !(*pass_ == pass)) {
      const DrawStream stream =
          stream_of({.seed = pass.seed, .purpose = Purpose::fresh_chip, .shot = pass.shot});
      chip_ = fabricate_(random_bits(stream, pass.first_sample));
      pass_ = pass;
    }
    return chip_;
  }

 private:
  const std::function<std::unique_ptr<Accelerator>(std::uint32_t)>& fabricate_;
  std::shared_ptr<Accelerator> chip_;
  std::optional<Pass> pass_;
};

class PerturbedMatrix final : public ProgrammedMatrix {
 public:
  PerturbedMatrix(std::unique_ptr<ProgrammedMatrix> base, const Perturbation& p, Fabrication& fabrication,
                  Executor& cpu, std::uint32_t site, std::uint32_t number)
      : base_(std::move(base)),
        perturbation_(p),
        fabrication_(fabrication),
        cpu_(cpu),
        site_(site),
        number_(number) {
    const std::span<const float> weights = base_->parameters();
    if (weights.size() != rows() * cols())
      throw Error("perturbed training: hardware whose parameters are weights is needed; this one has " +
                  std::to_string(weights.size()) + " parameters for " + std::to_string(rows() * cols()) +
                  " weights");
    master_.assign(weights.begin(), weights.end());
    commit();
  }

  std::size_t rows() const override { return base_->rows(); }
  std::size_t cols() const override { return base_->cols(); }
  std::span<float> parameters() override { return master_; }
  std::span<float> gradients() override { return base_->gradients(); }
  void commit() override {
    pass_.reset();
    chip_.reset();
    hold_clean();
  }
  void realised(Matrix w) const override {
    if (pass_) hold_clean();
    base_->realised(w);
  }

  void forward(const ConstMatrix& x, const Matrix& y, const Context& context) override {
    if (!context.training) {
      if (pass_) hold_clean();
      return base_->forward(rounded(x), y, context);
    }
    hold_perturbed(context);
    if (chip_) {
      Context on_chip = context;
      on_chip.calibrate = true;
      chip_->forward(rounded(x), y, on_chip);
    } else {
      base_->forward(rounded(x), y, context);
    }
    add_output_noise(y, context);
  }

  void backward(const ConstMatrix& x, const ConstMatrix& dy, const Matrix& dx,
                const Context& context) override {
    hold_perturbed(context);
    base_->backward(rounded(x), dy, dx, context);
  }

 private:
  void hold_clean() const {
    const std::span<float> held = base_->parameters();
    std::copy(master_.begin(), master_.end(), held.begin());
    if (const int bits = perturbation_.weight_bits; bits > 0)
      for (std::size_t r = 0; r < rows(); ++r) {
        float* const w = held.data() + r * cols();
        const float step = step_of(largest_magnitude(w, cols()), bits);
        for (std::size_t c = 0; c < cols(); ++c) w[c] = std::nearbyint(w[c] / step) * step;
      }
    base_->commit();
    pass_.reset();
  }

  void hold_perturbed(const Context& context) {
    if (perturbation_.weight_noise == 0 && !perturbation_.fabricate) return;
    const Pass pass(context);
    if (pass_ && *pass_ == pass) return;
    hold_clean();
    const std::span<float> held = base_->parameters();
    if (perturbation_.weight_noise > 0) {
      std::vector<float> noise(held.size());
      const Draw draw{
          .seed = pass.seed, .purpose = Purpose::weight_noise, .site = number_, .shot = pass.shot};
      fill_normal(noise, draw, pass.first_sample * held.size());
      const float sigma =
          static_cast<float>(perturbation_.weight_noise) * largest_magnitude(master_.data(), master_.size());
      for (std::size_t i = 0; i < held.size(); ++i) held[i] += sigma * noise[i];
      base_->commit();
    }
    if (perturbation_.fabricate) {
      std::vector<float> target(held.size());
      base_->realised({target.data(), rows(), cols()});
      chip_.reset();
      chip_owner_ = fabrication_.chip(pass);
      chip_ = chip_owner_->program({target.data(), rows(), cols()}, site_);
      chip_->realised({held.data(), rows(), cols()});
      base_->commit();
    }
    pass_ = pass;
  }

  /// The inputs as converters of few bits hand them on: x itself, or a copy that lives until the next call.
  ConstMatrix rounded(ConstMatrix x) {
    const int bits = perturbation_.input_bits;
    if (bits == 0) return x;
    inputs_.resize(x.rows * x.cols);
    const Matrix out(inputs_.data(), x.rows, x.cols);
    by_samples(x.cols, [&](std::size_t begin, std::size_t end) {
      for (std::size_t b = begin; b < end; ++b) {
        float largest = 0;
        for (std::size_t r = 0; r < x.rows; ++r) largest = std::max(largest, std::abs(x(r, b)));
        const float step = step_of(largest, bits);
        for (std::size_t r = 0; r < x.rows; ++r) out(r, b) = std::nearbyint(x(r, b) / step) * step;
      }
    });
    return out;
  }

  void add_output_noise(Matrix y, const Context& context) {
    if (perturbation_.output_noise == 0) return;
    const std::size_t samples = y.cols / context.positions;
    by_samples(y.cols, [&](std::size_t begin, std::size_t end) {
      std::vector<float> noise(y.rows);
      for (std::size_t b = begin; b < end; ++b) {
        const auto position = static_cast<std::uint32_t>(context.first_position + b / samples);
        const Draw draw{context.seed, Purpose::output_noise, position, number_, context.shot};
        fill_normal(noise, draw, (context.first_sample + b % samples) * y.rows);
        float largest = 0;
        for (std::size_t r = 0; r < y.rows; ++r) largest = std::max(largest, std::abs(y(r, b)));
        const float sigma = static_cast<float>(perturbation_.output_noise) * largest;
        for (std::size_t r = 0; r < y.rows; ++r) y(r, b) += sigma * noise[r];
      }
    });
  }

  template <class F>
  void by_samples(std::size_t samples, const F& part) {
    cpu_.pool()->run((samples + samples_of_block - 1) / samples_of_block, [&](std::size_t block, unsigned) {
      part(block * samples_of_block, std::min(samples, (block + 1) * samples_of_block));
    });
  }

  std::unique_ptr<ProgrammedMatrix> base_;
  const Perturbation& perturbation_;
  Fabrication& fabrication_;
  Executor& cpu_;
  std::uint32_t site_, number_;
  std::vector<float> master_, inputs_;
  mutable std::optional<Pass> pass_;  // whose errors the base holds; none: it holds the clean weights
  std::shared_ptr<Accelerator> chip_owner_;
  std::unique_ptr<ProgrammedMatrix> chip_;
};

class PerturbedAccelerator final : public Accelerator {
 public:
  PerturbedAccelerator(Accelerator& digital, Perturbation perturbation)
      : digital_(digital),
        perturbation_(std::move(perturbation)),
        fabrication_(perturbation_),
        name_(digital.name() + ", perturbed") {
    validate(perturbation_);
    if (!digital.executor().on_host())
      throw Error("perturbed training runs on the host; " + digital.name() + " computes on " +
                  std::string(digital.executor().name()));
  }

  const std::string& name() const override { return name_; }
  Provenance numerics() const override { return Provenance::simulated; }
  Boundary boundary() const override { return digital_.boundary(); }
  Executor& executor() const override { return digital_.executor(); }
  std::unique_ptr<ProgrammedMatrix> program(ConstMatrix w, std::uint32_t site) override {
    // Matrices of one operator share its site; errors belong to the matrix.
    return std::make_unique<PerturbedMatrix>(digital_.program(w, site), perturbation_, fabrication_,
                                             executor(), site, matrices_++);
  }
  Cost price(std::span<const Work> work) override { return digital_.price(work); }
  void multiply(const BatchedProduct& product, const Context& context) override {
    digital_.multiply(product, context);
  }

 private:
  Accelerator& digital_;
  Perturbation perturbation_;
  Fabrication fabrication_;
  std::string name_;
  std::uint32_t matrices_ = 0;
};

}  // namespace

void validate(const Perturbation& p) {
  const auto strength = [](const char* key, double value) {
    if (!(std::isfinite(value) && value >= 0))
      throw Error(std::string(key) + " = " + std::to_string(value) + " must be finite and at least 0");
  };
  const auto bits = [](const char* key, int value) {
    if (value != 0 && (value < 2 || value > 16))
      throw Error(std::string(key) + " = " + std::to_string(value) + " must be 0 (unlimited) or 2 to 16");
  };
  strength("weight_noise", p.weight_noise);
  strength("output_noise", p.output_noise);
  bits("weight_bits", p.weight_bits);
  bits("input_bits", p.input_bits);
}

std::unique_ptr<Accelerator> make_perturbed(Accelerator& digital, Perturbation perturbation) {
  return std::make_unique<PerturbedAccelerator>(digital, std::move(perturbation));
}

}  // namespace fringe
