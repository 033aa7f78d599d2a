import { expect, it } from 'vitest'
import { lacksShell } from './images.ts'

it.each([
  ['gcr.io/distroless/static-debian12', true],
  ['gcr.io/distroless/java21-debian12:debug-nonroot', false],
  ['gcr.io/distroless/base:debug', false],
  ['envoyproxy/envoy:distroless-v1.31', true],
  ['cgr.dev/chainguard/nginx:latest', true],
  ['cgr.dev/chainguard/nginx:latest-dev', false],
  ['registry.k8s.io/metrics-server/metrics-server:v0.7.1', true],
  ['registry.example.com/distress/app:1', false],
  ['nginx:1.27', false],
  [undefined, false],
])('the image %s is taken to lack a shell: %s', (image, lacks) => expect(lacksShell(image) !== undefined).toBe(lacks))
