#include "model/codec/kernels.h"

namespace commplan::codec {

const Kernels& BestKernels() {
  const Kernels* const avx2 = Avx2Kernels();
  return avx2 != nullptr ? *avx2 : PortableKernels();
}

}  // namespace commplan::codec
