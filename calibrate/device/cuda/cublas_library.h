// cuBLAS, loaded at run time: the program is built and starts without it. What stands here is the
// part of its binary interface that we call, the same in versions 11 to 13.
#pragma once

#include <cuda_runtime_api.h>
#include <library_types.h>

#include <string>

#include "model/base/result.h"

namespace commplan::device {

struct CublasLibrary {
  using Handle = struct cublasContext*;  // a pointer to what only the library knows

  // Its enumerators, as far as we use them. A test compares them with the header where it is.
  static constexpr int kSuccess = 0;
  static constexpr int kPlain = 0, kTransposed = 1;
  static constexpr int kComputeFp32 = 68;
  static constexpr int kDefaultAlgorithm = -1;

  std::string path;     // the name that was loaded
  std::string version;  // "13.0.2"

  int (*create)(Handle*) = nullptr;
  int (*destroy)(Handle) = nullptr;
  int (*set_stream)(Handle, cudaStream_t) = nullptr;
  const char* (*status_text)(int) = nullptr;
  // Column-major C = alpha op(A) op(B) + beta C.
  int (*gemm)(Handle, int op_a, int op_b, int m, int n, int k, const void* alpha, const void* a,
              cudaDataType a_type, int lda, const void* b, cudaDataType b_type, int ldb,
              const void* beta, void* c, cudaDataType c_type, int ldc, int compute,
              int algorithm) = nullptr;
};

// Tries $COMMPLAN_CUBLAS (a file), then the usual names.
Result<CublasLibrary> LoadCublas();

}  // namespace commplan::device
