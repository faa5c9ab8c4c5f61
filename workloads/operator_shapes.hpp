// What operators do to shapes: the rules of the operator table. Each takes the shapes of the values that it
// reads and throws Error with the rule that they or the attributes break; Graph says for which operator.
#pragma once

#include "workloads/operators.hpp"

namespace fringe::shapes {

using In = std::span<const Shape>;

Shape same(In in, const Attributes& a);
Shape given(In in, const Attributes& a);
Shape dense(In in, const Attributes& a);
Shape conv(In in, const Attributes& a);
Shape conv_transposed(In in, const Attributes& a);
Shape pool(In in, const Attributes& a);
Shape global_pool(In in, const Attributes& a);
Shape matmul(In in, const Attributes& a);
Shape lstm(In in, const Attributes& a);
Shape gru(In in, const Attributes& a);
Shape embedding(In in, const Attributes& a);
Shape cache(In in, const Attributes& a);
Shape add(In in, const Attributes& a);
Shape concat(In in, const Attributes& a);
Shape reshape(In in, const Attributes& a);
Shape transpose(In in, const Attributes& a);
Shape slice(In in, const Attributes& a);

}  // namespace fringe::shapes
