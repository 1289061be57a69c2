#include "calibrate/device/cuda/cublas_library.h"

#include "calibrate/device/shared_library.h"

namespace commplan::device {

Result<CublasLibrary> LoadCublas() {
  constexpr const char* kHint = "install libcublas, or set COMMPLAN_CUBLAS to the library's file";
  ASSIGN_OR_RETURN(const SharedLibrary library,
                   OpenLibrary({.what = "cuBLAS",
                                .variable = "COMMPLAN_CUBLAS",
                                .names = {"libcublas.so.13", "libcublas.so.12", "libcublas.so"},
                                .hint = kHint}));
  CublasLibrary cublas;
  cublas.path = library.name;
  Symbols symbols(library.handle);
  int (*property)(int, int*) = nullptr;
  symbols.Call("cublasGetProperty", property);
  symbols.Call("cublasCreate_v2", cublas.create);
  symbols.Call("cublasDestroy_v2", cublas.destroy);
  symbols.Call("cublasSetStream_v2", cublas.set_stream);
  symbols.Call("cublasGetStatusString", cublas.status_text);
  symbols.Call("cublasGemmEx", cublas.gemm);
  if (!symbols.missing().empty()) {
    return DeviceError(library.name + " was loaded but has no " + symbols.missing(), kHint);
  }
  for (const libraryPropertyType part : {MAJOR_VERSION, MINOR_VERSION, PATCH_LEVEL}) {
    int number = 0;
    (void)property(part, &number);
    if (!cublas.version.empty()) cublas.version.append(".");
    cublas.version.append(std::to_string(number));
  }
  return cublas;
}

}  // namespace commplan::device
