// Functions compiled once per instruction set; the program picks one as it starts. All give the same bits,
// as products are never fused (-ffp-contract=off). Not for templates, nor for functions that call others
// which are not inlined, and in unnamed namespaces only: of a function that a header declares, clang++ 14
// calls the widest copy on any processor.
#pragma once

#if defined(__x86_64__)
#define FRINGE_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FRINGE_CLONES
#endif
