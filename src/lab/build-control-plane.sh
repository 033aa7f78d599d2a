#!/usr/bin/env bash
# Builds kube-apiserver, kube-controller-manager and kubelet 1.20.2 from Debian's source package, for drills and tests.
#
#   build-control-plane.sh FOLDER [COMPONENT...]
#
# FOLDER gets those of the binaries that it does not have, or has of an earlier build (COMPONENT.build), each of them whole
# or not at all. Root on Debian 12; 4 to 9
# minutes on two cores, 3 GB of scratch space. The machine's own package lists stay as they are; compilers are installed
# as packages.
set -euo pipefail

version=1.20.2
folder=$(realpath -m -- "${1:?usage: $0 FOLDER [COMPONENT...]}") # the build changes directory
shift
[ $# -gt 0 ] || set -- kube-apiserver kube-controller-manager kubelet
components=()

# What is built anew where an earlier build is found: raised when a patch below changes it. Also in control-plane.ts.
build_of() { case $1 in kube-apiserver) echo 2 ;; *) echo 1 ;; esac; }
built() { cat "$folder/$1.build" 2>/dev/null || echo 1; }
for component; do
  [ -x "$folder/$component" ] && [ "$(built "$component")" = "$(build_of "$component")" ] || components+=("$component")
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

# Build 2: with a Go of 1.18 or later the vendored reflect2 1.0.1 (reflection for json-iterator) crashes at the first map that it
# walks through, which is the first custom resource: the runtime's reflect.mapiterinit then wants an iterator to fill, where
# it gave one before (reflect2 1.0.2 follows it). Laid out as the runtime has it: src/runtime/map.go, hiter.
reflect2=vendor/github.com/modern-go/reflect2
sed -i -e 's/^func mapiterinit(.*/func mapiterinit(rtype unsafe.Pointer, m unsafe.Pointer, it *hiter)/' \
  -e 's|// rest fields are ignored|pointers [6]unsafe.Pointer; bucket uintptr; flags [4]uint8; rest [2]uintptr|' "$reflect2/unsafe_link.go"
sed -i 's/mapiterinit(type2.rtype,/startedIterator(type2.rtype,/' "$reflect2/unsafe_map.go"
cat > "$reflect2/started_iterator.go" <<'GO'
package reflect2

import "unsafe"

func startedIterator(rtype unsafe.Pointer, m unsafe.Pointer) *hiter {
	it := new(hiter)
	mapiterinit(rtype, m, it)
	return it
}
GO
grep -q 'it \*hiter)' "$reflect2/unsafe_link.go" && grep -q 'pointers \[6\]' "$reflect2/unsafe_link.go" \
  && grep -q startedIterator "$reflect2/unsafe_map.go" || fail "reflect2 is not as it was when its patch was made"

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
for component in "${components[@]}"; do build_of "$component" > "$folder/.partial.$$/$component.build"; done
mv "$folder/.partial.$$/"* "$folder"
say "done: $folder has ${components[*]}"
