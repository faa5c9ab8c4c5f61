#include "photonics/mesh_trials.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include "core/error.hpp"
#include "photonics/trial_chips.hpp"
#include "photonics/trial_plan.hpp"

namespace fringe {

struct MeshTrials::Plan : TrialPlan {
  using TrialPlan::TrialPlan;
  bool careful = false;  ///< the first chips could not be compiled without care, and others won't

  /// What a thread needs.
  struct Worker {
    TrialOutputs outputs;
    TrialChips<trial_lanes> narrow;
    TrialChips<trial_lanes_wide> wide;
  };
  /// Kept from run to run: fresh memory for tapes takes longer than filling them.
  class Workers {
   public:
    Workers(Plan& plan, std::size_t count) : plan_(&plan) {
      const std::lock_guard lock(plan.mutex_);
      for (; count > 0 && !plan.idle_.empty(); --count) {
        mine_.push_back(std::move(plan.idle_.back()));
        plan.idle_.pop_back();
      }
      for (; count > 0; --count) mine_.push_back(std::make_unique<Worker>());
    }
    ~Workers() {
      const std::lock_guard lock(plan_->mutex_);
      for (auto& w : mine_) plan_->idle_.push_back(std::move(w));
    }
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;
    Worker& operator[](std::size_t i) { return *mine_[i]; }
    std::size_t size() const { return mine_.size(); }

   private:
    Plan* plan_;
    std::vector<std::unique_ptr<Worker>> mine_;
  };

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Worker>> idle_;
};

MeshTrials::MeshTrials(MeshLayout layout, PhaseProgram asked, const MeshImperfections& imperfections,
                       std::uint64_t seed, std::uint32_t site, const Crossing& crossing) {
  check(imperfections);
  for (const double phase : asked.out)
    if (!std::isfinite(phase)) throw Error("program: an output phase is not finite");
  plan_ = std::make_unique<Plan>(std::move(layout), std::move(asked), imperfections, seed, site, crossing);
  if (plan_->together) plan_->careful = !TrialChips<trial_lanes>().compiles(*plan_, 0);
}

MeshTrials::MeshTrials(MeshTrials&&) noexcept = default;
MeshTrials& MeshTrials::operator=(MeshTrials&&) noexcept = default;
MeshTrials::~MeshTrials() = default;

bool MeshTrials::together() const noexcept { return plan_->together; }

void MeshTrials::run(std::uint32_t first, std::uint32_t count, ConstFields<float> in, const Visit& visit,
                     ThreadPool* pool) const {
  Plan& plan = *plan_;
  const std::size_t modes = plan.layout.modes, batch = in.re.cols;
  const auto fits = [&](auto view) {
    return view.rows == modes && view.cols == batch && view.data != nullptr;
  };
  if (!fits(in.re) || (in.im.data && !fits(in.im)))
    throw Error("mesh trials: the inputs must be " + std::to_string(modes) + " modes by " +
                std::to_string(batch) + " samples in all planes");
  Plan::Workers workers(plan, pool ? pool->size() : 1);
  for (std::size_t i = 0; i < workers.size(); ++i) {
    workers[i].outputs.re.resize(modes * batch);
    workers[i].outputs.im.resize(modes * batch);
  }
  const std::uint32_t step = !plan.together ? 1 : wide_trials() ? trial_lanes_wide : trial_lanes;
  const auto task = [&](std::size_t i, unsigned worker) {
    const auto begin = static_cast<std::uint32_t>(i * step), here = std::min(step, count - begin);
    Plan::Worker& w = workers[worker];
    if (!plan.together) return run_alone(plan, first + begin, in, visit, w.outputs);
    if (here > trial_lanes) return w.wide.run(plan, plan.careful, first + begin, here, in, visit, w.outputs);
    w.narrow.run(plan, plan.careful, first + begin, here, in, visit, w.outputs);
  };
  const std::size_t tasks = (std::size_t{count} + step - 1) / step;
  if (pool) {
    pool->run(tasks, std::ref(task));
  } else {
    for (std::size_t i = 0; i < tasks; ++i) task(i, 0);
  }
}

std::vector<double> MeshTrials::errors(std::uint32_t first, std::uint32_t count, ConstFields<float> in,
                                       ThreadPool* pool) const {
  const std::size_t modes = plan_->layout.modes, ports = plan_->layout.ports(), batch = in.re.cols;
  std::vector<float> re(modes * batch), im(modes * batch);
  const Fields<float> wanted{{re.data(), modes, batch}, {im.data(), modes, batch}};
  plan_->ideal.propagate(in, wanted);
  double norm = 0;
  for (std::size_t i = 0; i < ports * batch; ++i) {
    const double a = re[i], b = im[i];
    norm += a * a + b * b;
  }
  if (!(norm > 0)) throw Error("mesh trials: the perfect mesh gives no light, to which errors are relative");
  std::vector<double> result(count);
  run(
      first, count, in,
      [&](std::uint32_t trial, ConstFields<float> out) {
        double sum = 0;
        for (std::size_t m = 0; m < ports; ++m)
          for (std::size_t b = 0; b < batch; ++b) {
            const double dr = double{out.re(m, b)} - double{wanted.re(m, b)};
            const double di = double{out.im(m, b)} - double{wanted.im(m, b)};
            sum += dr * dr + di * di;
          }
        result[trial - first] = std::sqrt(sum / norm);
      },
      pool);
  return result;
}

}  // namespace fringe
