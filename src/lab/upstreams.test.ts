import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js'
import { describe, expect, it } from 'vitest'
import { upstreamsOf } from './upstreams.ts'

const slice = (service: string, pods: Readonly<Record<string, boolean | undefined>>): EndpointSlice => ({
  addressType: 'IPv4',
  metadata: { name: `${service}-x`, labels: { 'kubernetes.io/service-name': service } },
  ports: [{ port: 8080 }],
  endpoints: Object.entries(pods).map(([name, ready]) => ({
    addresses: [`10.0.0.${name}`],
    conditions: ready === undefined ? {} : { ready },
    targetRef: { kind: 'Pod', name },
  })),
})

const said = (slices: readonly EndpointSlice[]) =>
  Object.fromEntries([...upstreamsOf(slices)].map(([name, all]) => [name, all.map(({ address }) => address)]))

describe('upstreams', () => {
  it('are the ready endpoints of all slices of a Service, in an order that does not change', () =>
    expect(said([slice('shop', { 3: true, 1: true }), slice('edge', { 9: true }), slice('shop', { 2: true })])).toEqual(
      {
        shop: ['10.0.0.1:8080', '10.0.0.2:8080', '10.0.0.3:8080'],
        edge: ['10.0.0.9:8080'],
      },
    ))

  it('take one of which nothing is known for ready, as the API says', () =>
    expect(said([slice('shop', { 1: undefined, 2: false })])).toEqual({ shop: ['10.0.0.1:8080'] }))

  it('are none for a Service without any, which still is one', () =>
    expect(said([{ ...slice('shop', {}), endpoints: null as never }])).toEqual({
      shop: [],
    }))
})
