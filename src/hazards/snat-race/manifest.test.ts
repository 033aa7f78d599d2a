import type { DaemonSet } from 'kubernetes-types/apps/v1.js'
import type { ConfigMap } from 'kubernetes-types/core/v1.js'
import { describe, expect, it } from 'vitest'
import type { Step, Subject, Verdict } from '../../contract/hazard.ts'
import { type Recorded, recordedWorld } from '../../engine/fixtures/recorded-world.ts'
import { look } from '../../engine/look.ts'
import { machineZones } from '../../node/time-zones.ts'
import { configMaps, daemonSets, felixConfigurations } from '../../objects/kinds.ts'
import { hazards } from '../index.ts'

const own = hazards.filter(({ id }) => id === 'snat-race')

interface Agent {
  readonly image: string
  readonly name?: string
  readonly args?: string[]
  readonly env?: Record<string, string>
  readonly namespace?: string
}

const daemonSet = ({ image, name = 'agent', args = [], env = {}, namespace = 'kube-system' }: Agent): DaemonSet => ({
  metadata: { name: 'agent', namespace },
  spec: {
    selector: {},
    template: {
      spec: {
        containers: [{ name, image, args, env: Object.entries(env).map(([key, value]) => ({ name: key, value })) }],
      },
    },
  },
})

const configMap = (name: string, data: Record<string, string>): ConfigMap => ({
  metadata: { name, namespace: 'kube-system' },
  data,
})

async function verdictOf(
  agent: Agent | DaemonSet,
  others: Recorded = [],
  source?: Subject['source'],
): Promise<Verdict> {
  const of = 'image' in agent ? daemonSet(agent) : agent
  const world = recordedWorld([[daemonSets, [of]], ...others], source ? { source } : {})
  const at = { now: 1_800_000_000_000, ticks: 0, zones: machineZones() }
  const { judged } = await look({ hazards: own, vantages: ['manifest'], world, ...at })
  return judged[0]?.verdict ?? { verdict: 'absent' }
}

const because = (verdict: Verdict) => (verdict.verdict === 'unknown' ? verdict.because : verdict.verdict)
const fact = (verdict: Verdict) => (verdict.verdict === 'found' ? verdict.findings[0].fact : verdict.verdict)
const steps = (verdict: Verdict): readonly Step[] => (verdict.verdict === 'found' ? verdict.findings[0].remedy : [])
const forbidden = (of: typeof configMaps | typeof felixConfigurations): Recorded => [
  [of, [{ of, unread: 'forbidden' }]],
]

const cilium: Agent = { image: 'quay.io/cilium/cilium:v1.16.5', name: 'cilium-agent' }
const ciliumConfig = (data: Record<string, string>): Recorded => [[configMaps, [configMap('cilium-config', data)]]]

describe('Cilium', () => {
  it('is edited in its ConfigMap, at the key, with the price', async () => {
    const found = await verdictOf(cilium, ciliumConfig({ 'enable-ipv4-masquerade': 'true' }))
    expect(found).toMatchObject({
      findings: [
        {
          state: 'exposed',
          evidence: [
            { value: 'not set', at: { subject: { kind: 'ConfigMap' }, field: ['data', 'iptables-random-fully'] } },
            { at: { subject: { kind: 'DaemonSet' } } },
          ],
        },
      ],
    })
    const [step] = steps(found)
    expect(step).toMatchObject({
      do: 'edit',
      target: { kind: 'ConfigMap', name: 'cilium-config' },
      changes: [{ path: ['data', 'iptables-random-fully'], before: undefined, after: 'true' }],
    })
    expect(step?.why).toContain('iptablesRandomFully')
    expect(step?.why).toContain('flannel#2273')
    expect(step?.why).toContain('rollout restart')
  })

  it.each([
    [{ 'enable-ipv4-masquerade': 'false' }, 'absent'],
    [{ masquerade: 'false' }, 'absent'],
    [{ 'enable-ipv4-masquerade': 'false', 'enable-ipv6': 'true' }, 'found'],
    [{ 'enable-bpf-masquerade': 'true' }, 'clear'],
    [{ 'iptables-random-fully': 'true' }, 'clear'],
    [{}, 'found'],
  ])('with %j: %s', async (data, verdict) => {
    expect((await verdictOf(cilium, ciliumConfig(data))).verdict).toBe(verdict)
  })

  it('a flag of the agent overrides the ConfigMap, and is not edited there', async () => {
    const config = ciliumConfig({ 'iptables-random-fully': 'true' })
    expect(steps(await verdictOf({ ...cilium, args: ['--iptables-random-fully=false'] }, config))).toMatchObject([
      { do: 'advise' },
    ])
  })

  it('is unknown where the ConfigMap was not read or is not there, and no question of files without it', async () => {
    expect(because(await verdictOf(cilium, forbidden(configMaps)))).toBe('ConfigMaps were not read: forbidden')
    expect(because(await verdictOf(cilium))).toBe('there is no ConfigMap kube-system/cilium-config')
    const elsewhere = { ...cilium, namespace: 'cilium' }
    expect(because(await verdictOf(elsewhere, ciliumConfig({})))).toBe(
      'ConfigMap cilium/cilium-config was not read: only -n cilium reads it',
    )
    const file = { file: 'cilium.yaml', document: 0 }
    expect((await verdictOf(cilium, [], file)).verdict).toBe('absent')
    const none: Recorded = [[configMaps, [{ of: configMaps, elsewhere: 'no ConfigMap' }]]]
    expect((await verdictOf(cilium, none)).verdict).toBe('absent')
  })
})

describe('Calico', () => {
  const calico: Agent = { image: 'docker.io/calico/node:v3.28.1' }
  const felix = (featureDetectOverride: string): Recorded => [
    [felixConfigurations, [{ metadata: { name: 'default' }, spec: { featureDetectOverride } } as { metadata: object }]],
  ]

  it('is told by its FelixConfiguration, which keeps the other features when it is edited', async () => {
    const found = await verdictOf(calico, felix('MASQFullyRandom=false,RestoreSupportsLock=true'))
    expect(fact(found)).toContain('MASQFullyRandom=false')
    const path = ['spec', 'featureDetectOverride']
    const change = { path, before: 'MASQFullyRandom=false,RestoreSupportsLock=true', after: 'RestoreSupportsLock=true' }
    expect(steps(found)).toMatchObject([{ do: 'edit', target: { kind: 'FelixConfiguration' }, changes: [change] }])
    expect(steps(await verdictOf(calico, felix('MASQFullyRandom=false')))).toMatchObject([
      { changes: [{ after: undefined }] },
    ])
    expect((await verdictOf(calico, felix('MASQFullyRandom=true'))).verdict).toBe('clear')
  })

  it('by its environment first, and by nothing if it is in etcd', async () => {
    const env = { FELIX_FEATUREDETECTOVERRIDE: 'RestoreSupportsLock=false' }
    expect((await verdictOf({ ...calico, env }, felix('MASQFullyRandom=false'))).verdict).toBe('clear')
    expect(because(await verdictOf({ ...calico, env: { DATASTORE_TYPE: 'etcdv3' } }))).toContain('in etcd')
    expect(because(await verdictOf(calico, forbidden(felixConfigurations)))).toContain('forbidden')
    expect((await verdictOf(calico)).verdict).toBe('clear')
  })
})

describe('Antrea', () => {
  const antrea: Agent = { image: 'antrea/antrea-agent-ubuntu:v2.2.0', name: 'antrea-agent' }
  const config = (text: string): Recorded => [[configMaps, [configMap('antrea-config', { 'antrea-agent.conf': text })]]]

  it.each([
    ['#snatFullyRandomPorts: true', 'found'],
    ['snatFullyRandomPorts: false', 'found'],
    ['snatFullyRandomPorts: true', 'clear'],
    ['noSNAT: true', 'absent'],
    ['trafficEncapMode: networkPolicyOnly', 'absent'],
    ['snatFullyRandomPorts: [', 'unknown'],
  ])('with %j: %s', async (text, verdict) => {
    expect((await verdictOf(antrea, config(text))).verdict).toBe(verdict)
  })

  it('is advised, since its setting is a line of a commented text', async () => {
    expect(steps(await verdictOf(antrea, config('')))).toMatchObject([{ do: 'advise' }])
    expect(because(await verdictOf(antrea, config('snatFullyRandomPorts: [')))).toMatch(
      /antrea-agent\.conf: not valid YAML/,
    )
  })
})

describe('what stands in the DaemonSet', () => {
  const aws = 'x.dkr.ecr.eu-west-1.amazonaws.com/amazon-k8s-cni'

  it('is edited in its own word', async () => {
    const env = { A: '1', AWS_VPC_K8S_CNI_RANDOMIZESNAT: 'hashrandom' }
    expect(steps(await verdictOf({ image: `${aws}:v1.19.0`, env }))).toMatchObject([
      {
        do: 'edit',
        changes: [
          {
            path: ['spec', 'template', 'spec', 'containers', 0, 'env', 1, 'value'],
            before: 'hashrandom',
            after: 'prng',
          },
        ],
      },
    ])
    const args = ['--ip-masq', '--ip-masq-fully-random-disable']
    expect(steps(await verdictOf({ image: 'flannel/flannel:v0.27.4', args }))).toMatchObject([
      {
        changes: [
          {
            path: ['spec', 'template', 'spec', 'containers', 0, 'args', 1],
            before: '--ip-masq-fully-random-disable',
            after: '--ip-masq-fully-random-disable=false',
          },
        ],
      },
    ])
  })

  it('is unknown where it comes from another object, or the image names no version', async () => {
    const of = daemonSet({ image: `${aws}:v1.19.0` })
    const [container] = of.spec?.template.spec?.containers ?? []
    if (!container) throw new Error('no container')
    container.env = [{ name: 'AWS_VPC_K8S_CNI_RANDOMIZESNAT', valueFrom: { configMapKeyRef: { key: 'a', name: 'b' } } }]
    expect(because(await verdictOf(of))).toContain('AWS_VPC_K8S_CNI_RANDOMIZESNAT comes from another object')
    expect(because(await verdictOf({ image: `${aws}@sha256:ab` }))).toContain('which its image')
    expect(because(await verdictOf({ image: 'cloudnativelabs/kube-router:v1.0.1' }))).toContain('kube-router 1.0')
  })
})

describe('kube-proxy', () => {
  const head = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n'
  const proxy = (image: string): DaemonSet => {
    const of = daemonSet({ image, name: 'kube-proxy' })
    if (of.spec?.template.spec) of.spec.template.spec.volumes = [{ name: 'c', configMap: { name: 'kube-proxy' } }]
    return of
  }
  const config = (text: string): Recorded => [[configMaps, [configMap('kube-proxy', { 'config.conf': head + text })]]]

  it('is judged by its version, else by its mode', async () => {
    expect((await verdictOf(proxy('registry.k8s.io/kube-proxy:v1.16.0'))).verdict).toBe('clear')
    expect((await verdictOf(proxy('registry.k8s.io/kube-proxy:latest'), config('mode: iptables'))).verdict).toBe(
      'unknown',
    )
    expect((await verdictOf(proxy('registry.k8s.io/kube-proxy:latest'), config('mode: nftables'))).verdict).toBe(
      'clear',
    )
  })

  it('of old says so if all traffic to Services meets its rule', async () => {
    const old = proxy('k8s.gcr.io/kube-proxy:v1.15.3')
    expect(fact(await verdictOf(old, config('iptables: {masqueradeAll: true}')))).toContain('masqueradeAll')
    expect(fact(await verdictOf(old, config('mode: [')))).toBe('kube-proxy 1.15 keeps source ports')
  })
})
