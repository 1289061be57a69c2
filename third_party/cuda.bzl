"""Finds the CUDA toolkit and NCCL's header, and compiles CUDA sources with nvcc."""

# What a GPU target is compiled for; the newest one also as PTX, which later devices compile at load.
_ARCHITECTURES = ["80", "86", "89", "90", "100", "120"]

def _find_nvcc(ctx):
    tried = ["PATH"]
    home = ctx.os.environ.get("CUDA_HOME", "")
    candidates = [home + "/bin/nvcc"] if home else []
    on_path = ctx.which("nvcc")
    if on_path:
        return str(on_path), tried
    for candidate in candidates + ["/usr/local/cuda/bin/nvcc", "/opt/cuda/bin/nvcc"]:
        tried.append(candidate)
        if ctx.path(candidate).exists:
            return candidate, tried
    return None, tried

def _known_architectures(ctx, nvcc):
    listing = ctx.execute([nvcc, "--list-gpu-arch"])
    if listing.return_code != 0:
        return _ARCHITECTURES
    known = [line.strip().replace("compute_", "") for line in listing.stdout.split("\n")]
    return [a for a in _ARCHITECTURES if a in known]

def _toolkit_version(ctx, nvcc):
    for word in ctx.execute([nvcc, "--version"]).stdout.replace(",", " ").split(" "):
        if word.startswith("V") and "." in word:
            return word[1:].split("\n")[0]
    return "unknown"

_BUILD_INFO = """
# What --version says of the GPU backends.
cc_library(
    name = "build_info",
    hdrs = ["build_info/cuda_build_info.h"],
    includes = ["build_info"],
    visibility = ["//visibility:public"],
)
"""

def _write_build_info(ctx, cuda, nccl):
    ctx.file("build_info/cuda_build_info.h", """#define COMMPLAN_CUDA_BUILT_WITH "%s"
#define COMMPLAN_NCCL_BUILT_WITH "%s"
""" % (cuda, nccl))

def _cuda_repository_impl(ctx):
    nvcc, tried = _find_nvcc(ctx)
    root = ""
    header = ""
    missing = ""
    if nvcc:
        nvcc = str(ctx.path(nvcc).realpath)
        root = str(ctx.path(nvcc).dirname.dirname)
        for candidate in [root + "/include/cuda_runtime.h", root + "/targets/x86_64-linux/include/cuda_runtime.h"]:
            if ctx.path(candidate).exists:
                header = candidate
                break
        if not header:
            missing = "nvcc was found at %s, but cuda_runtime.h is not below %s/include" % (nvcc, root)
    else:
        missing = "nvcc was not found (tried %s)" % ", ".join(tried)
    if missing:
        ctx.file("defs.bzl", "CUDA = struct(found = False, nccl = False, missing = %s, nvcc = \"\", version = \"\", architectures = [])\n" % repr(missing))
        _write_build_info(ctx, "not built in: " + missing, "not built in: it needs CUDA")
        ctx.file("BUILD", _BUILD_INFO)
        return

    include = str(ctx.path(header).dirname)
    nccl = [p for p in [include + "/nccl.h", "/usr/include/nccl.h"] if ctx.path(p).exists]
    libraries = [p for p in [root + "/lib64", root + "/lib", root + "/targets/x86_64-linux/lib", "/usr/lib/x86_64-linux-gnu"] if ctx.path(p + "/libcudart_static.a").exists]
    if not libraries:
        fail("CUDA: nvcc was found at %s, but libcudart_static.a is not in %s/lib64" % (nvcc, root))
    ctx.symlink(include, "include")
    ctx.symlink(libraries[0] + "/libcudart_static.a", "lib/libcudart_static.a")
    if nccl:
        ctx.symlink(nccl[0], "nccl/nccl.h")
    ctx.file("defs.bzl", "CUDA = struct(found = True, nccl = %s, missing = \"\", nvcc = %s, version = %s, architectures = %s)\n" %
                         (bool(nccl), repr(nvcc), repr(_toolkit_version(ctx, nvcc)), repr(_known_architectures(ctx, nvcc))))
    architectures = " ".join(["sm_" + a for a in _known_architectures(ctx, nvcc)])
    _write_build_info(
        ctx,
        "toolkit %s for %s" % (_toolkit_version(ctx, nvcc), architectures),
        "header found, library loaded at run time" if nccl else "not built in: nccl.h was not found beside the CUDA headers or in /usr/include",
    )
    ctx.file("BUILD", _BUILD_INFO + """
cc_library(
    name = "headers",
    hdrs = glob(["include/**"], exclude = ["include/nccl*/**", "include/cudnn*"]),
    includes = ["include"],
    visibility = ["//visibility:public"],
)

# Static, so that a built program runs on a machine that has a driver and no toolkit.
cc_library(
    name = "cudart",
    srcs = ["lib/libcudart_static.a"],
    linkopts = ["-ldl", "-lrt", "-lpthread"],
    visibility = ["//visibility:public"],
    deps = [":headers"],
)

# The header alone: libnccl is loaded at run time.
cc_library(
    name = "nccl_header",
    hdrs = glob(["nccl/nccl.h"]),
    includes = ["nccl"],
    visibility = ["//visibility:public"],
    deps = [":headers"],
)
""")

cuda_repository = repository_rule(
    doc = "The CUDA toolkit of this machine, or a note of what was missing; nothing fails where there is none.",
    implementation = _cuda_repository_impl,
    local = True,
    environ = ["PATH", "CUDA_HOME"],
)

def _nvcc_objects_impl(ctx):
    contexts = [dep[CcInfo].compilation_context for dep in ctx.attr.deps]
    headers = depset(ctx.files.hdrs, transitive = [c.headers for c in contexts])
    flags = []
    for context in contexts:
        flags += ["-I" + path for path in context.quote_includes.to_list()]
        flags += ["-I" + path for path in context.includes.to_list()]
        flags += ["-isystem=" + path for path in context.system_includes.to_list()]
    for arch in ctx.attr.architectures:
        flags.append("-gencode=arch=compute_{a},code=sm_{a}".format(a = arch))
    newest = ctx.attr.architectures[-1]
    flags.append("-gencode=arch=compute_{a},code=compute_{a}".format(a = newest))
    objects = []
    for source in ctx.files.srcs:
        output = ctx.actions.declare_file("_nvcc/%s/%s.o" % (ctx.label.name, source.basename))
        ctx.actions.run(
            executable = ctx.attr.nvcc,
            arguments = ["-I."] + flags + ctx.attr.copts + ["-c", source.path, "-o", output.path],
            inputs = depset([source], transitive = [headers]),
            outputs = [output],
            mnemonic = "NvccCompile",
            progress_message = "Compiling %s with nvcc" % source.short_path,
            use_default_shell_env = True,
        )
        objects.append(output)
    return [DefaultInfo(files = depset(objects))]

nvcc_objects = rule(
    doc = "Object files that nvcc made of CUDA sources, for every architecture of the list.",
    implementation = _nvcc_objects_impl,
    attrs = {
        "architectures": attr.string_list(mandatory = True),
        "copts": attr.string_list(),
        "deps": attr.label_list(providers = [CcInfo]),
        "hdrs": attr.label_list(allow_files = [".h", ".cuh"]),
        "nvcc": attr.string(mandatory = True),
        "srcs": attr.label_list(allow_files = [".cu"]),
    },
)
