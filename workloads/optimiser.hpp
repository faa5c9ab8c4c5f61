// How a step changes parameters p with the gradient g of the mean loss over a batch.
#pragma once

#include <cstddef>

namespace fringe {

struct Optimiser {
  enum class Kind {
    sgd,    ///< v = momentum·v + g; p −= rate·v (heavy ball: B. Polyak, USSR Comput. Math. 4(5), 1964)
    adam,   ///< D. Kingma, J. Ba, "Adam", ICLR 2015, arXiv:1412.6980, algorithm 1
    adamw,  ///< Adam with decoupled decay: I. Loshchilov, F. Hutter, ICLR 2019, arXiv:1711.05101, algorithm 2
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
  /// SGD: p −= rate·(g + momentum·v) with the new v, Nesterov's look ahead in the form of Y. Bengio et al.,
  /// ICASSP 2013, arXiv:1212.0901.
  bool nesterov = false;
  /// λ ≥ 0. SGD adds λ·p to g (L2); AdamW takes p −= rate·λ·p beside its step, with the scheduled rate; Adam
  /// takes none. Weights and embedding tables decay; biases, norms and learned values don't.
  float weight_decay = 0;
  /// Where the gradients of all parameters together have a larger Euclidean norm, they are scaled to this
  /// one (R. Pascanu et al., ICML 2013, arXiv:1211.5063, algorithm 1); 0: never.
  float clip_norm = 0;

  bool is_adam() const noexcept { return kind != Kind::sgd; }
  /// Arithmetic operations on one parameter, as the formula is written (a square root counts as one).
  double operations() const noexcept;
  /// Numbers read and written for one parameter: p, g and the state; or what is said to be moved.
  double transfers() const noexcept;
};

/// Throws Error naming the key, the value and the rule.
void validate(const Optimiser& optimiser);

}  // namespace fringe
