// All kernels of one instruction set.
#pragma once

#include "photonics/mesh_kernel_gradient_impl.hpp"
#include "photonics/mesh_kernel_impl.hpp"
#include "photonics/mesh_kernel_outer_impl.hpp"
#include "photonics/mesh_kernel_product_impl.hpp"
#include "photonics/mesh_kernel_reverse_impl.hpp"
#include "photonics/mesh_kernel_ring_impl.hpp"

namespace fringe {
namespace {

template <class Real, unsigned Bytes>
constexpr KernelsOf<Real> kernels{
    propagate<Real, Bytes>, ring<Real, Bytes>,   Simd<Real, Bytes>::lanes / 4,
    product<Real, Bytes>,   record<Real, Bytes>, {reverse<Real, Bytes, false>, reverse<Real, Bytes, true>},
    gradient<Real, Bytes>,  outer<Real, Bytes>};

}  // namespace
}  // namespace fringe
