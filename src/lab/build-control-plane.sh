#!/usr/bin/env bash
# Builds kube-apiserver, kube-controller-manager and kubelet 1.20.2 from Debian's source package, for drills and tests.
#
#   build-control-plane.sh FOLDER [COMPONENT...]
#
# FOLDER gets those of the binaries that it does not have, each of them whole or not at all. Root on Debian 12; 4 to 9
# minutes on two cores, 3 GB of scratch space. The machine's own package lists stay as they are; compilers are installed
# as packages.
set -euo pipefail

version=1.20.2
folder=$(realpath -m -- "${1:?usage: $0 FOLDER [COMPONENT...]}") # the build changes directory
shift
[ $# -gt 0 ] || set -- kube-apiserver kube-controller-manager kubelet
components=()
for component; do
  [ -x "$folder/$component" ] || components+=("$component")
done

say() { printf 'control plane: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

[ ${#components[@]} -gt 0 ] || { say "$folder has all of it: take away what is to be built anew"; exit 0; }
[ "$(id -u)" = 0 ] || fail "packages have to be installed for the build: run this as root"
command -v apt-get >/dev/null || fail "this builds Debian's source package and needs apt-get; elsewhere set KUBEBUILDER_ASSETS"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch" "$folder/.partial.$$"' EXIT

say "installing the compiler"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >/dev/null || fail "apt-get update failed: is there a network?"
apt-get install -y -qq --no-install-recommends golang-go gcc libc6-dev make rsync jq git dpkg-dev >/dev/null

say "fetching the source package"
mirror=$(awk '/^URIs:/ {print $2; exit}' /etc/apt/sources.list.d/*.sources 2>/dev/null || true)
[ -n "$mirror" ] || mirror=$(awk '$1 == "deb" {for (i = 2; i <= NF; i++) if ($i ~ /^https?:/) {print $i; exit}}' /etc/apt/sources.list)
mkdir -p "$scratch/lists/partial"
echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bookworm main" > "$scratch/sources.list"
sources=(
  -o "Dir::Etc::sourcelist=$scratch/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o "Dir::State::Lists=$scratch/lists" -o APT::Sandbox::User=root
)
apt-get "${sources[@]}" update -qq >/dev/null
(cd "$scratch" && apt-get "${sources[@]}" source -qq --download-only kubernetes >/dev/null) \
  || fail "Debian's mirror has no source package kubernetes for bookworm"

tree=$scratch/gopath/src/k8s.io/kubernetes
mkdir -p "$tree"
tar xzf "$scratch"/kubernetes_*.orig.tar.gz -C "$tree" --strip-components=1
export GOPATH=$scratch/gopath GOCACHE=$scratch/gocache HOME=$scratch GO111MODULE=off FORCE_HOST_GO=y
export KUBE_GIT_VERSION=v$version
unset GOFLAGS
cd "$tree"

say "generating the OpenAPI definitions"
make gen_openapi > "$scratch/generate.log" 2>&1 || { tail -n 20 "$scratch/generate.log" >&2; fail "make gen_openapi failed"; }

flags="-s -w"
for package in k8s.io/kubernetes/vendor/k8s.io/component-base/version k8s.io/kubernetes/vendor/k8s.io/client-go/pkg/version; do
  flags="$flags -X $package.gitVersion=v$version -X $package.gitMajor=1 -X $package.gitMinor=20"
done
mkdir "$scratch/built"
for component in "${components[@]}"; do
  say "building $component"
  cgo=0
  [ "$component" = kubelet ] && cgo=1
  CGO_ENABLED=$cgo go build -ldflags "$flags" -o "$scratch/built/$component" "k8s.io/kubernetes/cmd/$component"
done

# A binary appears as a whole, by a rename within the folder: somebody may be looking for it at this moment.
mkdir -p "$folder/.partial.$$"
cp "$scratch/built/"* "$folder/.partial.$$"
mv "$folder/.partial.$$/"* "$folder"
say "done: $folder has ${components[*]}"
