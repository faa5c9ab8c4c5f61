// The one macro that lets a function compile for the host and for CUDA devices alike.
#pragma once

#if defined(__CUDACC__)
#define FRINGE_HD __host__ __device__
#else
#define FRINGE_HD
#endif
