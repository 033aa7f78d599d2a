import { describe, expect, it } from 'vitest'
import { controllerMetrics } from './figures.ts'
import { flagOf, reloaderOf } from './reloaders.ts'

const template = (image: string, args: readonly string[] = [], name = 'controller') => ({
  spec: {
    containers: [
      { name: 'log', image: 'busybox:1' },
      { name, image, args: [...args] },
    ],
  },
  labels: {},
  annotations: {},
  path: ['spec', 'template', 'spec'],
})

describe('a controller that reloads', () => {
  it.each([
    ['registry.k8s.io/ingress-nginx/controller:v1.13.3@sha256:abc', 'ingress-nginx', false],
    ['quay.io/kubernetes-ingress-controller/nginx-ingress-controller:0.9.0', 'ingress-nginx', true],
    ['quay.io/kubernetes-ingress-controller/nginx-ingress-controller:0.17.1', 'ingress-nginx', true],
    ['quay.io/kubernetes-ingress-controller/nginx-ingress-controller:0.18.0', 'ingress-nginx', false],
    ['registry.example.com/ingress-nginx/controller:latest', 'ingress-nginx', false],
    ['nginx/nginx-ingress:5.2.0', 'nginx-ingress', true],
    ['private-registry.nginx.com/nginx-ic/nginx-plus-ingress:5.2.0', 'nginx-ingress', false],
    ['quay.io/jcmoraisjr/haproxy-ingress:v0.15.0', 'haproxy-ingress', false],
    ['haproxytech/kubernetes-ingress:3.1', 'haproxytech', false],
  ])('%s is %s; takes endpoints by a reload: %s', (image, id, reloads) => {
    const reloader = reloaderOf(template(image), 'web')
    expect([reloader?.id, reloader?.reloadsOnEndpoints, reloader?.path.at(-1)]).toEqual([id, reloads, 1])
  })

  it.each(['kong:3.9', 'traefik:v3.5', 'apache/apisix:3.9', 'envoyproxy/envoy:v1.36', 'nginx:1.29', 'busybox:1'])(
    '%s is none',
    (image) => expect(reloaderOf(template(image), 'web')).toBeUndefined(),
  )

  it('0.12 to 0.17 take endpoints as they are told, 0.18 to 0.20 unless they are told not to', () => {
    const told = (minor: number, flag: string) =>
      reloaderOf(template(`quay.io/kubernetes-ingress-controller/nginx-ingress-controller:0.${minor}.0`, [flag]), 'web')
        ?.reloadsOnEndpoints
    expect(told(11, '--enable-dynamic-configuration')).toBe(true)
    expect(told(12, '--enable-dynamic-configuration')).toBe(false)
    expect(told(17, '--enable-dynamic-configuration=false')).toBe(true)
    expect(told(20, '--enable-dynamic-configuration=false')).toBe(true)
    expect(told(21, '--enable-dynamic-configuration=false')).toBe(false)
  })

  it('gives old workers 10 s before 0.26, and 240 s since', () => {
    const seconds = (image: string) => reloaderOf(template(image), 'web')?.timeout.seconds
    expect(seconds('quay.io/kubernetes-ingress-controller/nginx-ingress-controller:0.25.1')).toBe(10)
    expect(seconds('quay.io/kubernetes-ingress-controller/nginx-ingress-controller:0.26.0')).toBe(240)
    expect(seconds('registry.k8s.io/ingress-nginx/controller:v1.0.0')).toBe(240)
    expect(seconds('nginx/nginx-ingress:5.2.0')).toBeUndefined()
  })

  it('names its ConfigMap by a flag, in its own namespace where it says so', () => {
    const of = (...args: string[]) => reloaderOf(template('nginx/nginx-ingress:5', args), 'edge')?.configMap
    expect(of('-nginx-configmaps=$(POD_NAMESPACE)/nginx-config')).toBe('edge/nginx-config')
    expect(of('--nginx-configmaps', 'other/name')).toBe('other/name')
    expect(of()).toBeUndefined()
  })
})

describe('where its metrics are', () => {
  const at = (image: string, ...args: string[]) =>
    controllerMetrics.metrics?.at({ spec: template(image, args).spec, metadata: { namespace: 'edge' } } as never)

  it.each([
    ['nginx/nginx-ingress:5', [], undefined],
    ['nginx/nginx-ingress:5', ['-enable-prometheus-metrics'], 9113],
    ['nginx/nginx-ingress:5', ['-enable-prometheus-metrics=false'], undefined],
    ['nginx/nginx-ingress:5', ['-enable-prometheus-metrics', '-prometheus-tls-secret=edge/tls'], undefined],
    ['nginx/nginx-ingress:5', ['-enable-prometheus-metrics', '-prometheus-metrics-listen-port=9999'], 9999],
    ['nginx/nginx-ingress:5', ['-enable-prometheus-metrics', '-prometheus-metrics-listen-port=../../secrets'], 9113],
    ['ingress-nginx/controller:v1.13.3', [], 10254],
    ['ingress-nginx/controller:v1.13.3', ['--enable-metrics=false'], undefined],
    ['ingress-nginx/controller:v1.13.3', ['--healthz-port', '10999'], 10999],
    ['haproxytech/kubernetes-ingress:3.1', ['--prometheus'], 6060],
    ['quay.io/jcmoraisjr/haproxy-ingress:v0.15.0', [], 10254],
    ['busybox:1', [], undefined],
  ])('%s %j: %s', (image, args, port) =>
    expect(at(image, ...args)).toEqual(port === undefined ? undefined : { port, path: '/metrics' }),
  )
})

it('a flag is what stands last, with one dash or two', () => {
  const container = { name: 'c', command: ['/bin/x', '--a=1'], args: ['-a=2', '--b', '--c', 'd', '--ab=9'] }
  expect(['a', 'b', 'c', 'd'].map((name) => flagOf(container, name))).toEqual(['2', 'true', 'd', undefined])
})
