// The macros that let a function compile for the host and for CUDA devices alike.
#pragma once

#if defined(__CUDACC__)
#define FRINGE_HD __host__ __device__
#else
#define FRINGE_HD
#endif

/// A function that must be inlined, so that its code is that of the instruction set it is called for.
#define FRINGE_INLINE [[gnu::always_inline]] FRINGE_HD inline
/// The same for a lambda, behind its parameters.
#define FRINGE_INLINE_LAMBDA __attribute__((always_inline))
