// The contract of hardware under study. Where the simulation computes is the Executor; what is studied is
// this.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/cost.hpp"
#include "core/draw.hpp"
#include "core/executor.hpp"
#include "core/view.hpp"
#include "core/work.hpp"

namespace fringe {

/// What a pass needs to know besides its data.
struct Context {
  std::uint64_t seed = 0;
  std::uint32_t shot = 0;  ///< number of this pass; noise of two shots is independent
  std::uint64_t first_sample =
      0;  ///< number of the batch's first sample: noise belongs to the sample, not to the batching
  bool calibrate = false;  ///< widen converter ranges to what this batch needs
  bool training = false;  ///< a pass back follows: what it needs is kept, and operators train (dropout drops)
  /// Columns of a sample in this product: sample b has the columns p·B + b, p < positions, e.g. the places of
  /// an image or the tokens of a text. Every position has its own noise, wherever the batch is cut.
  std::size_t positions = 1;
  std::size_t first_position = 0;  ///< number of the first of them
};

/// A weight matrix W[rows×cols] as the hardware holds it. Batches are [features × batch], batch contiguous.
/// Calls on one object are not concurrent; two objects are independent.
class ProgrammedMatrix {
 public:
  virtual ~ProgrammedMatrix() = default;
  virtual std::size_t rows() const = 0;
  virtual std::size_t cols() const = 0;

  /// y[rows×B] = W·x[cols×B], as the hardware would compute it. Throws Error on shape mismatch.
  virtual void forward(const ConstMatrix& x, const Matrix& y, const Context& context) = 0;
  /// For the x of a forward pass and dy[rows×B] = ∂loss/∂y: dx[cols×B] = Wᵀ·dy (skipped where dx.data is
  /// null) and gradients() += ∂loss/∂parameters. Throws Error on shape mismatch, before anything is added.
  virtual void backward(const ConstMatrix& x, const ConstMatrix& dy, const Matrix& dx,
                        const Context& context) = 0;
  /// The hardware's own parameters, in executor memory: weights on electronics, phases (and gain) in a mesh.
  virtual std::span<float> parameters() = 0;
  virtual std::span<float> gradients() = 0;
  /// Writes changed parameters to the hardware (quantised where its drivers are).
  virtual void commit() = 0;
  /// The matrix that the hardware realises now, without noise per shot, w[rows×cols] in host memory.
  virtual void realised(Matrix w) const = 0;
};

class Accelerator {
 public:
  virtual ~Accelerator() = default;
  virtual const std::string& name() const = 0;
  /// How accuracy comes about: measured (really computed there) or simulated (emulated on the executor).
  virtual Provenance numerics() const = 0;
  /// The widest boundary for which energy figures exist.
  virtual Boundary boundary() const = 0;
  virtual Executor& executor() const = 0;
  /// Programs W[rows×cols] (row-major, host memory). `site` numbers the operator: fabrication and noise
  /// depend on it.
  virtual std::unique_ptr<ProgrammedMatrix> program(ConstMatrix w, std::uint32_t site) = 0;
  /// Cost of executing the list once, weights resident as far as the hardware holds them. Measured hardware
  /// runs products of those shapes on random data; modelled hardware needs no data.
  virtual Cost price(std::span<const Work> work) = 0;
  /// Products of two activations, of which nothing can stay in the hardware: its digital unit's, unless it
  /// says otherwise.
  virtual void multiply(const BatchedProduct& product, const Context&) { executor().multiply(product); }
};

}  // namespace fringe
