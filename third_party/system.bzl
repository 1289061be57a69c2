"""Repositories made from what the system installed; nothing is ever downloaded."""

def _first_existing(ctx, candidates):
    for candidate in candidates:
        if ctx.path(candidate).exists:
            return candidate
    return None

def _system_library_impl(ctx):
    root = None
    for prefix in ["/usr", "/usr/local"]:
        if ctx.path(prefix + "/include/" + ctx.attr.header).exists:
            root = prefix
            break
    if root == None:
        fail("%s: the header %s was not found below /usr/include or /usr/local/include. Install the package %s (./commplan and ./test do it by themselves)." %
             (ctx.name, ctx.attr.header, ctx.attr.package))
    for folder in ctx.attr.folders:
        ctx.symlink(root + "/include/" + folder, "include/" + folder)
    linkopts = ctx.attr.linkopts
    if ctx.os.environ.get("COMMPLAN_STATIC", ""):
        # -lfmt becomes -l:libfmt.a; what has no archive (-lpthread) is part of libc.
        linkopts = [
            "-l:lib%s.a" % option[2:] if option.startswith("-l") and option != "-lpthread" else option
            for option in linkopts
        ]
    ctx.file("BUILD", """
cc_library(
    name = "{name}",
    hdrs = glob([{globs}], allow_empty = False),
    includes = ["{include}"],
    linkopts = {linkopts},
    visibility = ["//visibility:public"],
)
""".format(
        name = ctx.attr.target or ctx.name,
        globs = ", ".join(['"include/%s/**"' % f for f in ctx.attr.folders]),
        include = ctx.attr.include,
        linkopts = repr(linkopts),
    ))

system_library = repository_rule(
    doc = "One C++ library from a distribution package: its headers, so that an upgrade rebuilds, and how to link it.",
    implementation = _system_library_impl,
    environ = ["COMMPLAN_STATIC"],
    local = True,
    attrs = {
        "folders": attr.string_list(mandatory = True, doc = "folders below include/ that hold its headers"),
        "header": attr.string(mandatory = True, doc = "a header that tells whether it is installed"),
        "include": attr.string(default = "include", doc = "the -isystem folder"),
        "linkopts": attr.string_list(),
        "package": attr.string(mandatory = True, doc = "the package to install when it is missing"),
        "target": attr.string(doc = "name of the cc_library; the repository's name when empty"),
    },
)

def _preferred_repository_impl(ctx):
    root = _first_existing(ctx, ctx.attr.paths)
    if root == None:
        # Found from the root: the stub's own folder is hidden from Bazel, so that no pattern walks into it.
        root = str(ctx.path(Label("//:WORKSPACE")).dirname) + "/" + ctx.attr.fallback
    for entry in ctx.path(root).readdir():
        ctx.symlink(entry, entry.basename)

preferred_repository = repository_rule(
    doc = "A repository that the distribution ships with its Bazel, or our own stub of it where it does not.",
    implementation = _preferred_repository_impl,
    local = True,
    attrs = {
        "fallback": attr.string(mandatory = True, doc = "the folder of the stub, from the root"),
        "paths": attr.string_list(mandatory = True, doc = "where a distribution may have put it"),
    },
)
