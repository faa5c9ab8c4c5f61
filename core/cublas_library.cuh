// cuBLAS as the project's CUDA sources use it: seven functions, taken from the library at run time. Included
// by those sources alone.
//
// Linking it would load half a gigabyte at the start of every program, also of those that never multiply, and
// a machine that has a driver and no toolkit could start none of them. Types and numbers come from the
// header, so that a call has the compiler's checks; a library of another major version is not taken.
#pragma once

#include <cublas_v2.h>
#include <dlfcn.h>

#include <string>

#include "core/error.hpp"

namespace fringe::cublas {

/// The functions in use, loaded when the first product is made.
class Library {
 public:
  static const Library& get() {
    static const Library library;
    return library;
  }
  decltype(&cublasCreate) create;
  decltype(&cublasDestroy) destroy;
  decltype(&cublasSetMathMode) set_math_mode;
  decltype(&cublasSetStream) set_stream;
  decltype(&cublasGemmEx_64) gemm;
  decltype(&cublasSgemmStridedBatched_64) gemm_batched;
  decltype(&cublasGetStatusString) status_text;

 private:
  Library() {
    const std::string file = "libcublas.so." + std::to_string(CUBLAS_VER_MAJOR);
    void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) library = dlopen(("/usr/local/cuda/lib64/" + file).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) throw Error("cublas: " + file + " is not among this machine's libraries");
    load(library, create, "cublasCreate_v2");
    load(library, destroy, "cublasDestroy_v2");
    load(library, set_math_mode, "cublasSetMathMode");
    load(library, set_stream, "cublasSetStream_v2");
    load(library, gemm, "cublasGemmEx_64");
    load(library, gemm_batched, "cublasSgemmStridedBatched_64");
    load(library, status_text, "cublasGetStatusString");
  }
  template <class Function>
  static void load(void* library, Function& function, const char* name) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    if (!function) throw Error(std::string("cublas: the library has no ") + name);
  }
};

inline void check(cublasStatus_t status, const char* what) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw Error(std::string("cublas: ") + what + ": " + Library::get().status_text(status));
}

}  // namespace fringe::cublas
