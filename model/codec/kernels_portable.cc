// The kernels for any processor.
#include "model/codec/kernels.h"

#if defined(__GNUC__)
// Vectors wider than the processor's would be passed differently by other compilers. They are
// passed between inlined functions only.
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

#define COMMPLAN_CODEC_PATH portable
#include "model/codec/kernel_planes.h"

namespace commplan::codec {

const Kernels& PortableKernels() { return portable::kKernels; }

}  // namespace commplan::codec
