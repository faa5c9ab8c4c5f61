#include "electronic/cpu_blas.hpp"

#include <cblas.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "core/prepared_product.hpp"
#include "core/tensor.hpp"
#include "electronic/cpu_energy.hpp"
#include "electronic/steady.hpp"

namespace fringe {
namespace {

class CpuBlasMatrix final : public ProgrammedMatrix {
 public:
  CpuBlasMatrix(Executor& cpu, ThreadPool& pool, ConstMatrix w)
      : pool_(pool),
        weights_(cpu, w.rows, w.cols),
        gradients_(cpu, w.rows, w.cols),
        product_(pool, weights()) {
    for (std::size_t r = 0; r < w.rows; ++r) std::copy_n(w.row(r), w.cols, weights_.view().row(r));
    cpu.fill(gradients_.view(), 0.0f);
  }

  std::size_t rows() const override { return weights_.rows(); }
  std::size_t cols() const override { return weights_.cols(); }

  void forward(const ConstMatrix& x, const Matrix& y, const Context&) override { product_(x, y); }
  void backward(const ConstMatrix& x, const ConstMatrix& dy, const Matrix& dx, const Context&) override {
    require_shape("backward: x", x, cols(), x.cols);
    require_shape("backward: dy", dy, rows(), x.cols);
    if (dx.data) require_shape("backward: dx", dx, cols(), x.cols);
    add_outer_product(pool_, dy, x, gradients_.view());
    if (dx.data) multiply_transposed(pool_, weights(), dy, dx);
  }
  std::span<float> parameters() override { return weights_.span(); }
  std::span<float> gradients() override { return gradients_.span(); }
  void commit() override {}  // the parameters are what the products read
  void realised(Matrix w) const override {
    require_shape("realised: w", w, rows(), cols());
    for (std::size_t r = 0; r < w.rows; ++r) std::copy_n(weights_.view().row(r), w.cols, w.row(r));
  }

 private:
  ConstMatrix weights() const { return weights_.view(); }

  ThreadPool& pool_;
  Tensor weights_, gradients_;
  PreparedProduct product_;
};

// The list with random operands, ready to be executed over and over. Products are prepared, as a network's
// are.
class Rehearsal {
 public:
  Rehearsal(Executor& cpu, ThreadPool& pool, std::span<const Work> work) : cpu_(cpu), pool_(pool) {
    for (const Work& w : work) {
      Step step{&w, nullptr, {}, {}, {}, {}};
      const bool update = w.kind == Work::Kind::weight_update;
      // Groups lie one below the other.
      const std::size_t rows = w.groups * w.rows, inner = w.groups * w.inner;
      if (update || w.kind == Work::Kind::product) step.weight = weight(w);
      if (w.kind == Work::Kind::product && !w.transposed)
        for (std::size_t g = 0; g < w.groups; ++g)
          step.products.emplace_back(pool_, part(*step.weight, g, w.groups));
      if (update) {
        for (Tensor* t : {&step.in, &step.out}) *t = random(rows, w.inner);
        step.more = Tensor(cpu_, rows, w.inner);
        cpu_.fill(step.more.view(), 1.0f);  // Adam's mean of squares, whose root is taken
      } else if (w.kind == Work::Kind::elementwise) {
        step.in = random(w.rows, w.columns);
        step.out = Tensor(cpu_, w.rows, w.columns);
      } else if (w.kind == Work::Kind::outer_product) {
        step.in = random(rows, w.columns);
        step.more = random(inner, w.columns);
        step.out = random(rows, w.inner);
      } else {
        step.in = random(w.transposed ? rows : inner, w.columns);
        step.out = Tensor(cpu_, w.transposed ? inner : rows, w.columns);
      }
      steps_.push_back(std::move(step));
    }
  }

  void run() {
    for (Step& s : steps_) {
      const std::size_t groups = s.work->groups;
      switch (s.work->kind) {
        case Work::Kind::product:
          for (std::size_t g = 0; g < groups; ++g) {
            const ConstMatrix x = part(s.in, g, groups);
            if (s.work->transposed)
              multiply_transposed(pool_, part(*s.weight, g, groups), x, part(s.out, g, groups));
            else
              s.products[g](x, part(s.out, g, groups));
          }
          break;
        case Work::Kind::outer_product:
          for (std::size_t g = 0; g < groups; ++g)
            add_outer_product(pool_, part(s.in, g, groups), part(s.more, g, groups), part(s.out, g, groups));
          break;
        case Work::Kind::elementwise:
          cpu_.relu(std::as_const(s.in).view(), s.out.view());
          break;
        case Work::Kind::weight_update:
          update(s);
          break;
      }
    }
  }

 private:
  struct Step {
    const Work* work;
    Tensor* weight;
    Tensor in, out, more;
    std::vector<PreparedProduct> products;  // per group
  };

  static Matrix part(Tensor& whole, std::size_t group, std::size_t groups) {
    const std::size_t rows = whole.rows() / groups;
    return {whole.view().row(group * rows), rows, whole.cols()};
  }

  // A rate this small keeps the random weights finite however often the list runs.
  void update(Step& s) {
    constexpr float rate = 1e-9f;
    float *p = s.weight->span().data(), *m = s.out.span().data(), *v = s.more.span().data();
    const float* g = s.in.span().data();
    const std::size_t count = s.in.span().size();
    constexpr double most_of_sgd = 11;  // with momentum, looking ahead, decay and clipping
    if (s.work->operations_per_element <= most_of_sgd)
      cpu_.sgd_step(count, p, g, m, rate, 0.9f);
    else
      cpu_.adam_step(count, p, g, m, v, 1, rate, 0.9f, 0.999f, 1e-8f);
  }

  Tensor random(std::size_t rows, std::size_t cols) {
    Tensor t(cpu_, rows, cols);
    fill_normal(t.span(),
                Draw{.seed = 0, .purpose = Purpose::benchmark, .trial = 0, .site = tensors_++, .shot = 0});
    return t;
  }

  // Entries that name the same weight share it, as the network does.
  Tensor* weight(const Work& w) {
    const int key = w.weight >= 0 ? w.weight : -1 - static_cast<int>(weights_.size());
    auto [place, fresh] = weights_.try_emplace(key);
    if (fresh) place->second = random(w.groups * w.rows, w.inner);
    if (place->second.rows() != w.groups * w.rows || place->second.cols() != w.inner)
      throw Error("work '" + w.name + "': weight " + std::to_string(w.weight) + " appears with two shapes");
    return &place->second;
  }

  Executor& cpu_;
  ThreadPool& pool_;
  std::map<int, Tensor> weights_;
  std::vector<Step> steps_;
  std::uint32_t tensors_ = 0;
};

class CpuBlas final : public Accelerator {
 public:
  CpuBlas(Executor& cpu, ThreadPool& pool) : cpu_(cpu), pool_(pool) {
    if (!cpu.on_host())
      throw Error("cpu-blas: needs an executor on the host, not '" + std::string(cpu.name()) + "'");
  }

  const std::string& name() const override { return name_; }
  Provenance numerics() const override { return Provenance::measured; }
  Boundary boundary() const override {
    return energy_.has_dram() ? Boundary::accelerator : Boundary::matrix_unit;
  }
  Executor& executor() const override { return cpu_; }
  std::unique_ptr<ProgrammedMatrix> program(ConstMatrix w, std::uint32_t) override {
    return std::make_unique<CpuBlasMatrix>(cpu_, pool_, w);
  }

  Cost price(std::span<const Work> work) override {
    using Clock = std::chrono::steady_clock;
    Rehearsal rehearsal(cpu_, pool_, work);
    std::size_t runs = 0, together = 1;
    const auto round = [&] {
      runs += together;
      const auto start = Clock::now();
      for (std::size_t i = 0; i < together; ++i) rehearsal.run();
      const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
      return std::array{seconds / static_cast<double>(together)};
    };
    // Looking at the clock takes some 40 ns, of a small product percents: short lists run many times in
    // between.
    constexpr double enough_s = 5e-5;
    round();
    together = static_cast<std::size_t>(std::clamp(enough_s / round()[0], 1.0, 1e4));
    const Timing timing = time_steadily(round, [&] {
      energy_.advance();
      runs = 0;
    });
    const CpuEnergyCounter::Reading joules = energy_.advance();

    Cost cost;
    cost.latency_s = timing.median_s;
    cost.spread_s = timing.spread_s;
    cost.busy(Resource::matrix_unit) = timing.median_s;
    cost.energy(Part::mac) = joules.package_j / static_cast<double>(runs);
    cost.energy(Part::dram) = joules.dram_j / static_cast<double>(runs);
    cost.energy_known = joules.package_j > 0;  // counters of some virtual machines are there and stand still
    cost.provenance = Provenance::measured;
    return cost;
  }

 private:
  Executor& cpu_;
  ThreadPool& pool_;
  CpuEnergyCounter energy_;
  std::string name_ = "cpu-blas";
};

}  // namespace

std::unique_ptr<Accelerator> make_cpu_blas(Executor& cpu, ThreadPool& pool) {
  return std::make_unique<CpuBlas>(cpu, pool);
}

std::string cpu_name() {
  std::string processor = "unknown CPU";
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name"))
      if (const auto colon = line.find(": "); colon != std::string::npos) {
        processor = line.substr(colon + 2);
        break;
      }
  std::istringstream config(openblas_get_config());  // "OpenBLAS 0.3.21 NO_LAPACKE …"
  std::string library, version;
  config >> library >> version;
  return processor + ", " + library + " " + version + " " + openblas_get_corename() + " kernels";
}

}  // namespace fringe
