#include <chrono>
#include <optional>
#include <vector>

#include "electronic/cublas_gemm.cuh"
#include "electronic/cublas_price.cuh"
#include "electronic/nvml.hpp"
#include "electronic/steady.hpp"

namespace fringe {
namespace {

using cublas::Gemm;
using cublas::Operand;
using cublas::Rounded;

std::string shape(ConstMatrix m) { return std::to_string(m.rows) + "x" + std::to_string(m.cols); }

class CublasMatrix final : public ProgrammedMatrix {
 public:
  CublasMatrix(Executor& executor, std::shared_ptr<const Gemm> gemm, ConstMatrix w)
      : executor_(executor),
        gemm_(std::move(gemm)),
        weights_(executor, w.rows, w.cols),
        gradients_(executor, w.rows, w.cols) {
    std::vector<float> packed;
    packed.reserve(w.rows * w.cols);
    for (std::size_t r = 0; r < w.rows; ++r) packed.insert(packed.end(), w.row(r), w.row(r) + w.cols);
    weights_.from_host(packed);
    executor_.fill(gradients_.view(), 0.0f);
    commit();
  }

  std::size_t rows() const override { return weights_.rows(); }
  std::size_t cols() const override { return weights_.cols(); }

  void forward(ConstMatrix x, Matrix y, const Context&) override {
    if (x.rows != cols() || y.rows != rows() || x.cols != y.cols)
      throw Error(name() + " forward: x is " + shape(x) + " and y " + shape(y) + ", W is " +
                  shape(weights()));
    gemm_->product(w_, rows(), cols(), false, round(x_copy_, x), y);
  }

  void backward(ConstMatrix x, ConstMatrix dy, Matrix dx, const Context&) override {
    if (x.rows != cols() || dy.rows != rows() || dy.cols != x.cols)
      throw Error(name() + " backward: x is " + shape(x) + " and dy " + shape(dy) + ", W is " +
                  shape(weights()));
    if (dx.data && (dx.rows != cols() || dx.cols != x.cols))
      throw Error(name() + " backward: x is " + shape(x) + " and dx " + shape(dx));
    const Operand operand = round(dy_copy_, dy);
    gemm_->outer_product(operand, round(x_copy_, x), x.cols, gradients_.view(), 1.0f);
    if (dx.data) gemm_->product(w_, rows(), cols(), true, operand, dx);
  }

  std::span<float> parameters() override { return weights_.span(); }
  std::span<float> gradients() override { return gradients_.span(); }
  void commit() override { w_ = round(w_copy_, weights()); }

  void realised(Matrix w) const override {
    if (w.rows != rows() || w.cols != cols())
      throw Error(name() + " realised: the result is " + shape(w) + ", W is " + shape(weights()));
    switch (gemm_->precision()) {
      case CublasPrecision::bf16:
        return read<__nv_bfloat16>(w);
      case CublasPrecision::fp16:
        return read<__half>(w);
      default:
        return read<float>(w);
    }
  }

 private:
  std::string name() const { return std::string(to_string(gemm_->precision())); }
  ConstMatrix weights() const { return weights_.view(); }
  Operand round(Rounded& copy, ConstMatrix x) { return copy(gemm_->precision(), executor_, x); }

  template <class Format>
  void read(Matrix w) const {
    std::vector<Format> host(rows() * cols());
    executor_.copy_to_host(host.data(), w_.data, host.size() * sizeof(Format));
    for (std::size_t r = 0; r < rows(); ++r)
      for (std::size_t c = 0; c < cols(); ++c) w(r, c) = static_cast<float>(host[r * cols() + c]);
  }

  Executor& executor_;
  std::shared_ptr<const Gemm> gemm_;
  Tensor weights_, gradients_;
  Rounded w_copy_, x_copy_, dy_copy_;
  Operand w_;
};

std::string pci_bus_id() {
  int device = 0;
  char id[32] = "";
  device::check(cudaGetDevice(&device), "device");
  device::check(cudaDeviceGetPCIBusId(id, sizeof id, device), "address of the board");
  return id;
}

class Cublas final : public Accelerator {
 public:
  Cublas(CublasPrecision precision, Executor& cuda)
      : name_(to_string(precision)), executor_(cuda), gemm_(std::make_shared<const Gemm>(precision)) {}

  const std::string& name() const override { return name_; }
  Provenance numerics() const override { return Provenance::measured; }
  Boundary boundary() const override { return Boundary::board; }
  Executor& executor() const override { return executor_; }

  std::unique_ptr<ProgrammedMatrix> program(ConstMatrix w, std::uint32_t) override {
    return std::make_unique<CublasMatrix>(executor_, gemm_, w);
  }

  Cost price(std::span<const Work> work) override {
    Cost cost;
    cost.provenance = Provenance::measured;
    cost.energy_known = false;
    if (work.empty()) return cost;
    cublas::ResidentWork resident(executor_, *gemm_, lt(), work);
    cublas::DeviceRounds round(resident);
    const Timing timing = time_steadily(round, [] {});
    cost.latency_s = timing.median_s;
    cost.spread_s = timing.spread_s;
    if (nvml_.energy_j()) {
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
    conditions_ = nvml_.conditions();  // while the board is still as the work left it
    if (!timing.steady) unsteady_ = true;
    cost.busy(Resource::matrix_unit) = cost.latency_s;
    return cost;
  }

  std::string conditions() const {
    std::string text = nvml_.status();
    if (!why_no_lt_.empty()) text += "; prices are those of cuBLAS alone: " + why_no_lt_;
    if (conditions_) text += "; at the end of the last price: " + to_string(*conditions_);
    if (unsteady_) text += "; some prices never became steady";
    return text;
  }

 private:
  /// Null on a machine without the library, which is said once.
  cublas::Lt* lt() {
    if (!lt_ && why_no_lt_.empty()) try {
        lt_ = std::make_unique<cublas::Lt>(executor_);
      } catch (const Error& error) {
        why_no_lt_ = error.what();
      }
    return lt_.get();
  }

  std::string name_;
  Executor& executor_;
  std::shared_ptr<const Gemm> gemm_;
  std::unique_ptr<cublas::Lt> lt_;
  std::string why_no_lt_;
  Nvml nvml_{pci_bus_id()};
  std::optional<GpuConditions> conditions_;
  bool unsteady_ = false;
};

}  // namespace

std::string cublas_conditions(const Accelerator& hardware) {
  const auto* cublas = dynamic_cast<const Cublas*>(&hardware);
  if (!cublas) throw Error("cublas: conditions are asked of '" + hardware.name() + "', which is no GPU");
  return cublas->conditions();
}

std::unique_ptr<Accelerator> make_cublas(CublasPrecision precision, Executor& cuda) {
  const std::string name(to_string(precision));
  if (const CudaStatus status = cuda_status(); !status.available) throw Error(name + ": " + status.reason);
  if (cuda.name() != "cuda")
    throw Error(name + ": the executor is '" + std::string(cuda.name()) + "', it must be 'cuda'");
  return std::make_unique<Cublas>(precision, cuda);
}

}  // namespace fringe
