import { expect, it } from 'vitest'
import { imageOf } from './image.ts'

it.each([
  ['registry.k8s.io/kube-proxy:v1.34.1', 'registry.k8s.io/kube-proxy', { major: 1, minor: 34 }],
  ['localhost:5000/flannel/flannel', 'localhost:5000/flannel/flannel', undefined],
  ['localhost:5000/flannel/flannel:v0.10.0-amd64@sha256:ab', 'localhost:5000/flannel/flannel', { major: 0, minor: 10 }],
  ['quay.io/cilium/cilium@sha256:ab', 'quay.io/cilium/cilium', undefined],
  ['cilium:latest', 'cilium', undefined],
])('%s', (reference, repository, version) => expect(imageOf(reference)).toEqual({ repository, version }))
