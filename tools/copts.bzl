"""Compiler flags of every target, in one place."""

COPTS = [
    "-Wall",
    "-Wextra",
    "-Wshadow",
    "-Wconversion",
    "-Wsign-conversion",
    "-Wnon-virtual-dtor",
    "-Wold-style-cast",
    "-Werror",
]

# nvcc hands the host side to the compiler above; its own warnings are errors too.
NVCC_COPTS = [
    "-std=c++20",
    "-O3",
    "--threads=2",
    "-Xcompiler=-Wall,-Wextra,-Wshadow,-Wno-unused-parameter,-ffp-contract=off",
    "-Werror=all-warnings",
    "--expt-relaxed-constexpr",
]
