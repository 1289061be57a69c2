# Sourced by ./commplan and tools/build_program. Needs $root; plain sh, because it stands in the way of every call.

program=$root/.build/commplan
stamp=$root/.build/commplan.stamp

# stale: whether the program is missing or older than its sources. Change times catch what modification times miss:
# files that were moved here, or unpacked with old dates.
stale() {
  [ ! -x "$program" ] || [ ! -f "$stamp" ] || [ -n "$(
    find "$root/model" "$root/planner" "$root/calibrate" "$root/profiles" "$root/cli" "$root/third_party" \
      "$root/tools" "$root/WORKSPACE" "$root/BUILD" "$root/.bazelrc" -cnewer "$stamp" -print -quit 2>&1
  )" ]
}
