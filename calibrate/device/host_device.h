// One text for the host's compiler and for nvcc: the marks that a function needs to run on a device
// too.
#pragma once

#ifdef __CUDACC__
#define COMMPLAN_HOST_DEVICE __host__ __device__
#else
#define COMMPLAN_HOST_DEVICE
#endif

// Before a loop over a small array that is to stay in registers on a device.
#ifdef __CUDA_ARCH__
#define COMMPLAN_UNROLL _Pragma("unroll")
#else
#define COMMPLAN_UNROLL
#endif
