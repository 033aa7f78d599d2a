import { describe, expect, it } from 'vitest'
import { kubeProxyConfigOf } from './kube-proxy-config.ts'

const head = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n'

describe('a KubeProxyConfiguration', () => {
  it('is read as kubeadm writes it, nulls and all', () => {
    const text = `${head}bindAddress: 0.0.0.0
clusterCIDR: 10.244.0.0/16
conntrack: {maxPerCore: null, min: 65536, tcpCloseWaitTimeout: 1h0m0s, tcpEstablishedTimeout: null, tcpBeLiberal: true}
detectLocalMode: ""
featureGates: {SupportIPVSProxyMode: true}
iptables: {localhostNodePorts: null, masqueradeAll: true, masqueradeBit: null, minSyncPeriod: 0s, syncPeriod: 0s}
ipvs:
  excludeCIDRs: [10.1.0.0/16]
  minSyncPeriod: 1.5s
  scheduler: lc
  strictARP: true
  syncPeriod: 30s
  tcpFinTimeout: 2m
  tcpTimeout: 15m
  udpTimeout: 300ms
mode: ipvs
nodePortAddresses: [192.168.0.0/16, primary]
`
    const kubeconfig = 'apiVersion: v1\nkind: Config\n'
    expect(kubeProxyConfigOf({ data: { 'kubeconfig.conf': kubeconfig, 'config.conf': text } })).toEqual({
      field: ['data', 'config.conf'],
      mode: 'ipvs',
      clusterCIDR: '10.244.0.0/16',
      detectLocalMode: '',
      nodePortAddresses: ['192.168.0.0/16', 'primary'],
      featureGates: { SupportIPVSProxyMode: true },
      iptables: { masqueradeAll: true, localhostNodePorts: undefined, syncPeriod: 0, minSyncPeriod: 0 },
      ipvs: {
        scheduler: 'lc',
        strictARP: true,
        excludeCIDRs: ['10.1.0.0/16'],
        syncPeriod: 30_000,
        minSyncPeriod: 1_500,
        tcpTimeout: 900_000,
        tcpFinTimeout: 120_000,
        udpTimeout: 300,
      },
      nftables: { masqueradeAll: false },
      conntrack: {
        maxPerCore: undefined,
        min: 65_536,
        tcpEstablishedTimeout: undefined,
        tcpCloseWaitTimeout: 3_600_000,
        tcpBeLiberal: true,
        udpTimeout: undefined,
        udpStreamTimeout: undefined,
      },
    })
  })

  it('may be JSON, and stand under any key', () => {
    const text = '{"kind":"KubeProxyConfiguration","apiVersion":"kubeproxy.config.k8s.io/v1alpha1","mode":"nftables"}'
    expect(kubeProxyConfigOf({ data: { config: text } })).toMatchObject({ field: ['data', 'config'], mode: 'nftables' })
  })

  it('is not there where no value is one', () => {
    expect(kubeProxyConfigOf({})).toBeUndefined()
    expect(kubeProxyConfigOf({ data: { 'config.conf': 'mode: ipvs' } })).toBeUndefined()
  })

  it.each([
    [`${head}ipvs: {strictARP`, /^config\.conf: not valid YAML: .*line 3/],
    [`${head}ipvs: {strictARP: "true"}`, /^config\.conf: ipvs\.strictARP has to be true or false, not "true"$/],
    [`${head}ipvs: [rr]`, /^config\.conf: ipvs has to be a map$/],
    [`${head}ipvs: {tcpTimeout: 900}`, /ipvs\.tcpTimeout has to be a duration such as 30s, not 900/],
    [`${head}ipvs: {tcpTimeout: 15 min}`, /ipvs\.tcpTimeout: time: unknown unit " min"/],
    [`${head}nodePortAddresses: 10.0.0.0/8`, /nodePortAddresses has to be a list of strings/],
    [head.replace('v1alpha1', 'v2'), /KubeProxyConfiguration in kubeproxy\.config\.k8s\.io\/v2 is not known/],
    [`${head}mode: *nowhere`, /not valid YAML: .*alias/i],
    [`${head}---\nkind: Other`, /not valid YAML: .*documents/],
  ])('that is broken is unread, with the reason: %j', (text, because) => {
    expect(kubeProxyConfigOf({ data: { 'config.conf': text } })).toEqual({ unread: expect.stringMatching(because) })
  })
})
