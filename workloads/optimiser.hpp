// How a step changes parameters p with the gradient g of the mean loss over a batch.
#pragma once

#include <cstddef>

namespace fringe {

struct Optimiser {
  enum class Kind {
    sgd,   ///< v = momentum·v + g; p −= rate·v (heavy ball: B. Polyak, USSR Comput. Math. 4(5), 1964)
    adam,  ///< D. Kingma, J. Ba, "Adam", ICLR 2015, arXiv:1412.6980, algorithm 1
  };
  Kind kind = Kind::adam;
  float rate = 1e-3f;     ///< > 0
  float momentum = 0.9f;  ///< SGD, in [0, 1)
  float beta1 = 0.9f;     ///< Adam, in [0, 1)
  float beta2 = 0.999f;   ///< Adam, in [0, 1)
  float epsilon = 1e-8f;  ///< Adam, > 0
  /// How a framework carries a step out that isn't one kernel: numbers that it moves for a parameter, with
  /// clipping and copies, and the operators it issues for a tensor. 0: one kernel, each number once.
  double moved = 0;        ///< >= 0
  std::size_t issues = 1;  ///< >= 1

  /// Arithmetic operations on one parameter, as the formula is written (a square root counts as one).
  double operations() const noexcept;
  /// Numbers read and written for one parameter: p, g and the state; or what is said to be moved.
  double transfers() const noexcept;
};

/// Throws Error naming the key, the value and the rule.
void validate(const Optimiser& optimiser);

}  // namespace fringe
