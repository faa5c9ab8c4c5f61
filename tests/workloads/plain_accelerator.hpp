// Hardware of plain loops for tests: sums in double, in index order, and remembers what it was asked.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/accelerator.hpp"

namespace fringe::testing {

struct Asked {
  std::uint32_t site;
  Context context;
};

class PlainMatrix final : public ProgrammedMatrix {
 public:
  PlainMatrix(ConstMatrix w, std::uint32_t site, std::vector<Asked>& asked, int& commits)
      : rows_(w.rows), cols_(w.cols), site_(site), asked_(asked), commits_(commits) {
    for (std::size_t r = 0; r < rows_; ++r) values_.insert(values_.end(), w.row(r), w.row(r) + cols_);
    gradients_.assign(values_.size(), 7.0f);  // whoever trains must clear them first
  }
  std::size_t rows() const override { return rows_; }
  std::size_t cols() const override { return cols_; }
  void forward(const ConstMatrix& x, const Matrix& y, const Context& context) override {
    asked_.push_back({site_, context});
    for (std::size_t r = 0; r < rows_; ++r)
      for (std::size_t b = 0; b < x.cols; ++b) {
        double sum = 0;
        for (std::size_t c = 0; c < cols_; ++c) sum += static_cast<double>(values_[r * cols_ + c]) * x(c, b);
        y(r, b) = static_cast<float>(sum);
      }
  }
  void backward(const ConstMatrix& x, const ConstMatrix& dy, const Matrix& dx, const Context&) override {
    for (std::size_t r = 0; r < rows_; ++r)
      for (std::size_t c = 0; c < cols_; ++c) {
        double sum = 0;
        for (std::size_t b = 0; b < dy.cols; ++b) sum += static_cast<double>(dy(r, b)) * x(c, b);
        gradients_[r * cols_ + c] += static_cast<float>(sum);
      }
    if (!dx.data) return;
    for (std::size_t c = 0; c < cols_; ++c)
      for (std::size_t b = 0; b < dy.cols; ++b) {
        double sum = 0;
        for (std::size_t r = 0; r < rows_; ++r) sum += static_cast<double>(values_[r * cols_ + c]) * dy(r, b);
        dx(c, b) = static_cast<float>(sum);
      }
  }
  std::span<float> parameters() override { return values_; }
  std::span<float> gradients() override { return gradients_; }
  void commit() override { ++commits_; }
  void realised(Matrix w) const override {
    for (std::size_t r = 0; r < rows_; ++r)
      for (std::size_t c = 0; c < cols_; ++c) w(r, c) = values_[r * cols_ + c];
  }

 private:
  std::size_t rows_, cols_;
  std::uint32_t site_;
  std::vector<Asked>& asked_;
  int& commits_;
  std::vector<float> values_, gradients_;
};

class PlainAccelerator final : public Accelerator {
 public:
  const std::string& name() const override { return name_; }
  Provenance numerics() const override { return Provenance::simulated; }
  Boundary boundary() const override { return Boundary::matrix_unit; }
  Executor& executor() const override { return *executor_; }
  std::unique_ptr<ProgrammedMatrix> program(ConstMatrix w, std::uint32_t site) override {
    sites.push_back(site);
    return std::make_unique<PlainMatrix>(w, site, asked, commits);
  }
  Cost price(std::span<const Work>) override { return {}; }

  std::vector<std::uint32_t> sites;
  std::vector<Asked> asked;
  int commits = 0;

 private:
  std::string name_ = "plain loops";
  ThreadPool pool_{1};
  std::unique_ptr<Executor> executor_ = make_cpu_executor(pool_);
};

}  // namespace fringe::testing
