// How the learning rate changes over a training.
#pragma once

#include <cstddef>

namespace fringe {

struct Schedule {
  enum class Kind {
    constant,
    cosine,  ///< ½(1 + cos(π·t)): I. Loshchilov, F. Hutter, SGDR, arXiv:1608.03983, eq. 5, one period
    linear,  ///< 1 − t
    step,    ///< factor^k after k·every_epochs epochs
  };
  Kind kind = Kind::cosine;
  /// First steps, in which the rate rises in equal parts to its full value (P. Goyal et al.,
  /// arXiv:1706.02677, section 2.2); t runs from 0 to 1 over the rest.
  std::size_t warmup_steps = 0;
  std::size_t every_epochs = 1;  ///< step: ≥ 1
  double factor = 0.1;           ///< step: in (0, 1]

  /// Share of the full rate that step 0 ≤ step < steps takes.
  double share(std::size_t step, std::size_t steps, std::size_t steps_of_epoch) const;
};

/// Throws Error naming the key, the value and the rule.
void validate(const Schedule& schedule);

}  // namespace fringe
