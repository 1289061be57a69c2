# Sourced by ./commplan, ./test and .ci/run: installs what is missing, and calls Bazel the one right way.
# Expects $root, the folder of the checkout. Needs bash and what every Debian system has, no more.

# What the build needs, and a file or command that tells whether it is there.
build_needs='
bazel:bazel-bootstrap
g++:g++
/usr/include/CLI/CLI.hpp:libcli11-dev
/usr/include/eigen3/Eigen/Core:libeigen3-dev
/usr/include/fmt/format.h:libfmt-dev
/usr/include/yaml-cpp/yaml.h:libyaml-cpp-dev
/usr/include/gtest/gtest.h:libgtest-dev
/usr/include/gmock/gmock.h:libgmock-dev
/usr/include/nlohmann/json.hpp:nlohmann-json3-dev
/usr/include/benchmark/benchmark.h:libbenchmark-dev'

# The same for ./test --clang, and for tools/lint.
clang_needs='
clang++:clang'
lint_needs='
clang-format:clang-format
clang-tidy:clang-tidy'

say() { printf 'commplan: %s\n' "$*" >&2; }

# missing_packages NEEDS: prints the packages of those lines whose file or command is absent.
missing_packages() {
  for need in $1; do
    probe=${need%:*}
    case $probe in
      /*) [ -e "$probe" ] || printf ' %s' "${need##*:}" ;;
      *) command -v "$probe" >/dev/null 2>&1 || printf ' %s' "${need##*:}" ;;
    esac
  done
}

# install_missing NEEDS: returns only when everything is there.
install_missing() {
  packages=$(missing_packages "$1")
  [ -n "$packages" ] || return 0
  by_hand="apt-get install --no-install-recommends$packages"
  if ! command -v apt-get >/dev/null 2>&1; then
    say "these packages are missing and there is no apt-get to install them:$packages"
    exit 4
  fi
  sudo=
  if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
      sudo=sudo
    else
      say "these packages are missing and only root can install them:$packages"
      say "run as root: $by_hand"
      exit 4
    fi
  fi
  say "installing$packages"
  # An old package index is the usual reason for a failure, so it is renewed only then.
  # shellcheck disable=SC2086
  { $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages ||
    { $sudo apt-get update -q &&
      $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages; }; } \
    >"$root/.build/install.log" 2>&1 || {
    tail -n 15 "$root/.build/install.log" >&2
    say "the packages could not be installed; the lines above say why. By hand: $by_hand"
    exit 4
  }
  packages=$(missing_packages "$1")
  [ -z "$packages" ] || {
    say "these packages were installed but what they should bring is still missing:$packages"
    exit 4
  }
}

# make_build_folder: everything that the two commands write lands in .build.
make_build_folder() {
  mkdir -p "$root/.build" 2>/dev/null && [ -w "$root/.build" ] || {
    say "cannot write to $root/.build. Make the folder writable, or clone where you may write."
    exit 4
  }
}

# take_lock: one build at a time in a checkout; held until the script ends.
take_lock() {
  exec 9>"$root/.build/lock"
  flock -n 9 || {
    say 'waiting for another build of this checkout'
    flock 9
  }
}

# cache_folder: where Bazel keeps its outputs; it must not be below the checkout.
cache_folder() {
  for folder in "${XDG_CACHE_HOME:-}" "${HOME:-/nonexistent}/.cache" "${TMPDIR:-/tmp}/cache-$(id -u)"; do
    case $folder in
      # -O: below /tmp a stranger may have made the folder first.
      /*) mkdir -p "$folder/commplan" 2>/dev/null && [ -w "$folder/commplan" ] && [ -O "$folder/commplan" ] &&
        printf '%s/commplan' "$folder" && return ;;
    esac
  done
  say 'no folder to build in: set XDG_CACHE_HOME to one that you may write to'
  exit 4
}

# run_bazel COMMAND ARGS...: --batch, so that no server stays behind. Output goes to stderr; returns Bazel's status.
# The system rc stays: Debian keeps there where its Bazel is installed.
run_bazel() {
  local cache
  cache=$(cache_folder) || exit 4
  enter_workspace "$cache"
  (
    cd "$workspace" || exit 4
    set -o pipefail
    "${BAZEL:-bazel}" --nohome_rc --batch --output_user_root="$cache/bazel" "$@" 2>&1 |
      { grep -v -e 'OpenJDK 64-Bit Server VM warning' -e '^WARNING: Running Bazel server needs to be killed' \
        -e '^WARNING: --batch mode is deprecated' -e '^INFO: ' -e '^DEBUG: ' \
        -e '^Target .* up-to-date' -e '^  \.build/bin/' -e '^There were tests whose specified size is too big' -e '^$' || true; } | in_terms_of_checkout >&2
  )
}

# in_terms_of_checkout: messages name the files that the user has, not those of the copy.
in_terms_of_checkout() {
  if [ "$workspace" = "$root" ]; then cat; else sed -u "s|$workspace|${root//&/\\&}|g"; fi
}

# enter_workspace CACHE: sets $workspace, the folder that Bazel sees. It is the checkout, unless a blank in its path
# would stop Bazel: then it is a copy that is brought up to date before each call.
enter_workspace() {
  workspace=$root
  [[ $root =~ [[:space:]] ]] || return 0
  workspace=$1/trees/$(printf %s "$root" | cksum | tr ' ' -)
  rm -rf "$workspace" && mkdir -p "$workspace" &&
    tar -C "$root" --exclude=./.build -cf - . | tar -C "$workspace" -xf - || exit 4
  # What Bazel leaves in the copy is found from the checkout too.
  mkdir -p "$workspace/.build" && ln -sfn "$workspace/.build/bin" "$root/.build/bin" &&
    ln -sfn "$workspace/.build/testlogs" "$root/.build/testlogs"
}
