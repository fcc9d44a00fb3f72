# Sourced by tools/demo, tools/test and .ci/run: gets what a build needs, and configures build directories.
# shellcheck shell=bash

build_packages=(g++ meson ninja-build pkg-config libpng-dev libdeflate-dev zlib1g-dev libuv1-dev liburing-dev catch2 libcli11-dev libfmt-dev
  nlohmann-json3-dev python3)
# For tests of files that are slow or fail, a file system of our own; for those of what runs on other processors, a compiler and
# an emulator. Without them they are skipped.
test_packages=(libfuse3-dev fuse3 g++-aarch64-linux-gnu qemu-user)
clang_packages=(clang-19 libclang-rt-19-dev llvm-19)
# Not needed by a build, but for all of the benchmarks: what decoders are compared with, and JPEG photographs for the corpus.
bench_packages=(libjpeg-dev libspng-dev liblodepng-dev libstb-dev)

say() { printf '%s\n' "$*" >&2; }

is_debian_12() {
  [ -r /etc/os-release ] && (. /etc/os-release && [ "${ID:-}" = debian ] && [ "${VERSION_ID:-}" = 12 ])
}

missing_packages() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s\n' "$package"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >&2 </dev/null
}

# What of the packages' contents a build can't do without, for machines that are not Debian 12: a list of what is not there.
missing_tools() {
  local tool library
  for tool in g++ meson ninja pkg-config python3; do
    command -v "$tool" >/dev/null || printf '%s\n' "$tool"
  done
  for library in libpng libdeflate zlib libuv liburing catch2 CLI11 fmt nlohmann_json; do
    pkg-config --exists "$library" 2>/dev/null || printf '%s (development files)\n' "$library"
  done
}

# Makes sure that the named Debian packages are there. Says what it installs; where nothing is missing it does and says nothing.
# Elsewhere than on Debian 12 it goes on if the tools are there, and else says what is needed and ends the script with 2.
need_packages() {
  local missing
  if is_debian_12; then
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
      say "These Debian packages are needed, and installing them takes root or sudo: ${missing[*]}"
      exit 2
    fi
    say "Installing from Debian: ${missing[*]}"
    apt_install "${missing[@]}" && return 0
    say "That failed; once more with fresh package lists."
    as_root apt-get update -q >&2 </dev/null || true
    apt_install "${missing[@]}" && return 0
    say "These Debian packages could not be installed: ${missing[*]}"
    exit 2
  fi
  mapfile -t missing < <(missing_tools)
  [ ${#missing[@]} -gt 0 ] || return 0
  say "This installs what it needs on Debian 12 only. Here, please install (Debian's names: $*):"
  say "$(printf '  %s\n' "${missing[@]}")"
  exit 2
}

# configure DIRECTORY [MESON OPTIONS]: once; later calls leave it to ninja to notice changes. But what was installed since may be
# what a test was left out for.
configure() {
  local directory=$1
  shift
  if [ -f "$directory/build.ninja" ]; then
    [ ! /var/lib/dpkg/status -nt "$directory/build.ninja" ] || meson setup --reconfigure "$directory" "$root" >&2
    return 0
  fi
  rm -rf "$directory"
  meson setup "$directory" "$root" "$@" >&2
}

# build DIRECTORY [TARGETS]: says nothing where there is nothing to do.
build() {
  local directory=$1
  shift
  ninja --quiet -C "$directory" "$@" 2>&1 | { grep -v '^ninja: no work to do' || true; } >&2
}
