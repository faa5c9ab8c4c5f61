// A GPU as measured hardware: numerics by cuBLAS or cuBLASLt, prices by running the work and timing it.
//
// A price lays the list of work out on the device once (cublas_work.cuh), runs it until its time is steady
// and takes the median; events on the device are the clock (cublas_rounds.cuh), so that the host's calls
// count only where the device waits for them. Captured as a graph, a list of many small launches costs the
// host one. Copies between host and device stand outside. Joules are the board's counter over many runs,
// where NVML has one. Prices run on a stream of their own, as the default one can't be captured.
#include <chrono>
#include <cmath>
#include <functional>
#include <optional>

#include "electronic/attained.hpp"
#include "electronic/cublas_matrix.cuh"
#include "electronic/cublas_rounds.cuh"
#include "electronic/cublas_work.cuh"
#include "electronic/device_copy.cuh"
#include "electronic/gemm_calibration.hpp"
#include "electronic/nvml.hpp"
#include "electronic/steady.hpp"

namespace fringe {
namespace {

using cublas::Gemm;
using cublas::PackedProduct;

std::string pci_bus_id() {
  int device = 0;
  char id[32] = "";
  device::check(cudaGetDevice(&device), "device");
  device::check(cudaDeviceGetPCIBusId(id, sizeof id, device), "address of the board");
  return id;
}

/// "12.3 us"
std::string microseconds(double seconds) {
  const long long tenths = std::llround(1e7 * seconds);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " us";
}

class Cublas final : public Accelerator {
 public:
  Cublas(CublasPrecision precision, Executor& cuda, CublasRuns runs)
      : precision_(precision), runs_(runs), name_(to_string(precision)), executor_(cuda) {
    if (cublas::types_of(precision).packed())
      packed_ = std::make_shared<PackedProduct>(precision, cuda);
    else
      gemm_ = std::make_shared<const Gemm>(precision);
  }

  const std::string& name() const override { return name_; }
  Provenance numerics() const override { return Provenance::measured; }
  Boundary boundary() const override { return Boundary::board; }
  Executor& executor() const override { return executor_; }

  std::unique_ptr<ProgrammedMatrix> program(ConstMatrix w, std::uint32_t) override {
    using namespace cublas;
    if (packed_)
      return std::make_unique<CublasMatrix<PackedPasses>>(executor_, PackedPasses(precision_, packed_), w);
    return std::make_unique<CublasMatrix<GemmPasses>>(executor_, GemmPasses(executor_, gemm_), w);
  }

  Cost price(std::span<const Work> work) override {
    Cost cost;
    cost.provenance = Provenance::measured;
    cost.energy_known = false;
    if (work.empty()) return cost;
    cublas::ResidentWork resident(precision_, executor_, price_gemm(), lt(), work);
    const device::OnStream on(stream_);
    const auto calls = [&] { resident.run(); };
    calls();  // what a first run allocates and times
    std::optional<cublas::CacheWipe> wipe;
    std::function<void()> before;
    if (runs_.cold) before = [&wipe = wipe.emplace(executor_)] { wipe(); };
    const auto timed = [&](const std::function<void()>& run) {
      cublas::DeviceRounds round(stream_, run, before);
      const Timing timing = time_steadily(round, [] {});
      if (!timing.steady) unsteady_ = true;
      return timing;
    };

    std::optional<cublas::Captured> graph;
    Timing timing;
    launches_.clear();
    if (runs_.captured) {
      graph.emplace(stream_, calls);
      launches_ = graph->ready() ? std::to_string(graph->nodes()) + " launches as one graph"
                                 : "not captured: " + graph->reason();
    }
    const bool whole = graph && graph->ready();
    if (whole) launches_ += ", call by call " + microseconds(timed(calls).median_s);
    const std::function<void()> run = whole ? std::function<void()>([&] { graph->launch(); }) : calls;
    timing = timed(run);
    if (whole) launches_ += " instead of " + microseconds(timing.median_s);
    cost.latency_s = timing.median_s;
    cost.spread_s = timing.spread_s;
    if (!runs_.cold && nvml_.energy_j()) count_joules(cost, run);
    conditions_ = nvml_.conditions();  // while the board is still as the work left it
    if (!copied_) {
      copied_ = true;
      copy_bytes_per_s_ = cublas::copy_bytes_per_s(executor_);
    }
    const auto bytes = static_cast<double>(cublas::types_of(precision_).bytes);
    launches_ +=
        std::string(launches_.empty() ? "" : ", ") +
        attained_text(totals_of(work, bytes), timing.median_s,
                      published_peak(gpu_of_device(cuda_status().device), precision_), copy_bytes_per_s_);
    cost.busy(Resource::matrix_unit) = cost.latency_s;
    return cost;
  }

  std::string conditions() const {
    std::string text = nvml_.status();
    if (!why_no_lt_.empty()) text += "; prices are those of cuBLAS alone: " + why_no_lt_;
    if (!launches_.empty()) text += "; the last price: " + launches_;
    if (conditions_) text += "; at the end of the last price: " + to_string(*conditions_);
    if (unsteady_) text += "; some prices never became steady";
    return text;
  }

 private:
  void count_joules(Cost& cost, const std::function<void()>& run) {
    cublas::DeviceRounds round(stream_, run);
    const auto executions = [&] { return round().size(); };
    const auto counter = [&] { return nvml_.energy_j(); };
    const auto now = [] {
      return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    };
    if (const std::optional<double> joules = joules_each(executions, counter, now)) {
      cost.energy(Part::mac) = *joules;
      cost.energy_known = true;
    }
  }

  /// Null where the format's products aren't cuBLAS's own. Its handle is another than that of forward passes,
  /// which run on the default stream.
  const Gemm* price_gemm() {
    if (packed_) return nullptr;
    if (!price_gemm_) {
      price_gemm_.emplace(precision_);
      price_gemm_->on(stream_);
    }
    return &*price_gemm_;
  }

  /// Null on a machine without the library, which is said once; formats that need it have found it already.
  cublas::Lt* lt() {
    if (!lt_ && why_no_lt_.empty()) try {
        lt_ = std::make_unique<cublas::Lt>(executor_, stream_);
      } catch (const Error& error) {
        why_no_lt_ = error.what();
      }
    return lt_.get();
  }

  CublasPrecision precision_;
  CublasRuns runs_;
  std::string name_;
  Executor& executor_;
  std::shared_ptr<const Gemm> gemm_;
  std::shared_ptr<PackedProduct> packed_;
  cublas::Stream stream_;
  std::optional<Gemm> price_gemm_;
  std::unique_ptr<cublas::Lt> lt_;
  std::string why_no_lt_, launches_;
  Nvml nvml_{pci_bus_id()};
  std::optional<GpuConditions> conditions_;
  bool unsteady_ = false, copied_ = false;
  std::optional<double> copy_bytes_per_s_;
};

}  // namespace

std::string cublas_conditions(const Accelerator& hardware) {
  const auto* cublas = dynamic_cast<const Cublas*>(&hardware);
  if (!cublas) throw Error("cublas: conditions are asked of '" + hardware.name() + "', which is no GPU");
  return cublas->conditions();
}

std::unique_ptr<Accelerator> make_cublas(CublasPrecision precision, Executor& cuda, CublasRuns runs) {
  const std::string name(to_string(precision));
  if (const CudaStatus status = cuda_status(); !status.available) throw Error(name + ": " + status.reason);
  if (cuda.name() != "cuda")
    throw Error(name + ": the executor is '" + std::string(cuda.name()) + "', it must be 'cuda'");
  return std::make_unique<Cublas>(precision, cuda, runs);
}

}  // namespace fringe
