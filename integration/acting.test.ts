// The agent acts on a real containerd by what a real API server says of its Pods, and leaves what it has to leave.
import type { Event, Node, Pod } from 'kubernetes-types/core/v1.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Acting } from '../src/acting/acting.ts'
import { noteOutcome, readBudget, takePlace } from '../src/acting/budget.ts'
import { ClusterFacts } from '../src/acting/cluster-facts.ts'
import { agentOf, Events } from '../src/acting/events.ts'
import { emptyReport, type NodeReport, readReport, readReports, writeReport } from '../src/acting/shadow-store.ts'
import { podAndNode, StepRecord } from '../src/acting/step-record.ts'
import { Conditions } from '../src/agent/conditions.ts'
import { lookAround, nodeWorld, type Round } from '../src/agent/round.ts'
import { clear, found, read, unknown } from '../src/contract/verdicts.ts'
import { stepText } from '../src/engine/act.ts'
import type { Audit } from '../src/engine/executor.ts'
import { type Judged, type Look, look, type Memory } from '../src/engine/look.ts'
import { stepName } from '../src/engine/rails.ts'
import { subjectKey } from '../src/engine/subjects.ts'
import { hazards } from '../src/hazards/index.ts'
import { type Client, connect } from '../src/kubernetes/client.ts'
import { loadKubeconfig } from '../src/kubernetes/kubeconfig.ts'
import { clusterWorld } from '../src/kubernetes/world.ts'
import { type LabContainer, type LabContainerd, startContainerd } from '../src/lab/containerd.ts'
import { holdInNewFreezer } from '../src/lab/freezers.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { startOf, stateOf, stopProcess } from '../src/lab/processes.ts'
import { nodeHands } from '../src/node/hands.ts'
import { continueShimArm, endShimArm } from '../src/node/shim-arms.ts'
import { machineZones } from '../src/node/time-zones.ts'
import { containerdRuntime } from '../src/runtimes/containerd.ts'
import type { Runtime } from '../src/runtimes/runtime.ts'
import { create } from './create.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'
import { runtimesOrSkip } from './require-runtimes.ts'

const roots = { proc: '/proc', cgroup: '/sys/fs/cgroup' }
const limits = { callMs: 5000, inspectMs: 2000 }
const node = 'node-1'
const space = 'roadcrew'
const own = hazards.filter((hazard) => hazard.node)

describe.skipIf(controlPlaneOrSkip() || runtimesOrSkip())('an agent that may act', () => {
  let plane: Lab
  let containerd: LabContainerd
  let client: Client
  let runtime: Runtime
  const releases: (() => void)[] = []

  beforeAll(async () => {
    plane = await startLab(new AbortController().signal)
    containerd = await startContainerd()
    runtime = containerdRuntime(containerd.socket)
    const config = await loadKubeconfig({ path: plane.kubeconfig, env: {}, home: '/' })
    client = connect(config.target('lab'), { env: {} })
    for (const name of [space, 'ads']) await create(plane, { kind: 'Namespace', metadata: { name } })
    // Without its node the controllers would clear its Pods away.
    await create(plane, { kind: 'Node', metadata: { name: node } })
    const data = { 'policy.yaml': 'hazards:\n  stuck-container: {mode: act}\n' }
    await create(plane, { kind: 'ConfigMap', metadata: { name: 'roadcrew-policy', namespace: space }, data } as never)
  })

  afterAll(async () => {
    for (const release of releases) release()
    await runtime?.close()
    await client?.close()
    await containerd?.stop()
    await plane?.stop()
  })

  /** A Pod on the node whose object stays until its finalizer goes, with a real container for it. */
  async function podWithContainer(name: string, more: object = {}): Promise<{ container: LabContainer; uid: string }> {
    const spec = {
      nodeName: node,
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'app', image: 'registry.example.com/app:1' }],
    }
    const metadata = { name, namespace: 'ads', finalizers: ['example.com/hold'], ...more }
    const { uid = '' } = ((await create(plane, { kind: 'Pod', metadata, spec } as never)) as Pod).metadata ?? {}
    const labels = {
      'io.kubernetes.pod.namespace': 'ads',
      'io.kubernetes.pod.name': name,
      'io.kubernetes.pod.uid': uid,
      'io.kubernetes.container.name': 'app',
    }
    return { container: await containerd.run({ labels }), uid }
  }

  const remove = (name: string) => plane.send('DELETE', `/api/v1/namespaces/ads/pods/${name}`)

  /** All that the agent is made of, on this lab; a node and an agent that are long up are said to it. */
  function agent() {
    let memory: Memory = new Map()
    let round: Round | undefined
    let place = ''
    const audits: Audit[] = []
    const untouched: unknown[] = []
    let report: NodeReport = emptyReport(node, Date.now())
    const clock = { now: Date.now, ticks: () => performance.now() }
    const facts = new ClusterFacts({ client, namespace: space, node, hazards, ...clock, unreadable: () => {} })
    const events = new Events({ client, source: agentOf(node), dropped: () => {} })
    const podOf = ({ subject }: Judged) =>
      round && !('unread' in round.containers)
        ? round.containers.find((one) => subjectKey(one.subject) === subjectKey(subject))?.object.pod
        : undefined
    const record = new StepRecord(
      {
        regards: (judged) => podAndNode(podOf(judged), node),
        audit: (audit) => void audits.push(audit),
        followed: (_, __, neighbours) => void untouched.push(neighbours),
        tell: (...all) => events.add(...all),
        noteOutcome: (outcome) => noteOutcome(client, space, place, outcome),
        keep: (next) => {
          report = next
          return writeReport(client, space, next, Date.now())
        },
      },
      report,
    )
    const lookOnce = async (): Promise<Look> => {
      round = await lookAround({ runtime, roots, limits, node })
      const api = await clusterWorld(client, { fieldSelectors: { Pod: `spec.nodeName=${node}` } })
      const world = nodeWorld(node, round, api)
      const common = { now: Date.now(), ticks: performance.now(), zones: machineZones(), memory }
      return look({ hazards: own, vantages: ['node'], world, ...common })
    }
    const long = 3_600_000
    const hands = nodeHands(roots)
    const acting = new Acting({
      facts,
      arms: [continueShimArm(hands), endShimArm(hands)],
      ceiling: 'act',
      ...clock,
      node: () =>
        Promise.resolve({
          name: node,
          runtimeUpMs: long,
          runtimeAnswers: true,
          agentUpMs: long,
          timersLateMs: 0,
          kubeletHealthy: true,
          containers: 40,
          condemned: 1,
          pauseFile: false,
        }),
      podOf,
      again: async (judged) =>
        (await lookOnce()).judged.filter((one) => subjectKey(one.subject) === subjectKey(judged.subject)),
      reserve: async (judged, step) => {
        const entry = { node, at: Date.now(), subject: subjectKey(judged.subject), step: stepName(step) }
        const taken = await takePlace(
          client,
          space,
          { ...entry, text: stepText(step) },
          { most: 20, withinMs: 3_600_000 },
        )
        if ('full' in taken) return taken.full
        place = taken.place
        return undefined
      },
      record: (audit, judged) => record.add(audit, judged),
    })
    const goRound = async (): Promise<void> => {
      const seen = await lookOnce()
      memory = seen.memory
      await acting.round(seen)
      await record.look(seen.judged, Date.now())
      await events.flush()
    }
    return {
      audits,
      untouched,
      report: () => report,
      /** Rounds until the audits say that much, a minute at most: it takes 20 s to condemn. */
      async until(count: number): Promise<void> {
        for (const end = Date.now() + 90_000; audits.length < count; ) {
          if (Date.now() > end) throw new Error(`no ${count} audits, but ${JSON.stringify(audits)}`)
          await goRound()
          await new Promise((resolve) => setTimeout(resolve, 1000))
        }
      },
      goRound,
    }
  }

  it('ends what should be gone, leaves the living alone and says so to the log, the Pod, the node and the budget', async () => {
    const [broken, alive, spared, neighbour] = await Promise.all([
      podWithContainer('broken', {
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'bidder', uid: 'u', controller: true }],
      }),
      podWithContainer('alive'),
      podWithContainer('spared', { annotations: { 'roadcrew.dev/spare': 'true' } }),
      podWithContainer('neighbour'),
    ])
    await remove('broken')
    await remove('spared')
    const before = startOf(neighbour.container.pid)
    for (const { container } of [broken, alive, spared]) {
      releases.push(holdInNewFreezer(container.shim, `${containerd.cgroup}-${container.id.slice(0, 8)}`))
      process.kill(container.pid, 'SIGKILL') // a second fact: only zombies are left
    }
    const one = agent()
    await one.until(3)
    const said = one.audits.map(({ subject, outcome, rail }) => [subject, outcome, rail]).toSorted()
    expect(said).toEqual([
      ['Container ads/alive/app', 'held', 'bare-pod'],
      ['Container ads/broken/app', 'done', undefined],
      ['Container ads/spared/app', 'held', 'spared'],
    ])
    expect(one.audits.find(({ outcome }) => outcome === 'done')?.ends).toBe(
      '1 container of ads/broken; its owner ReplicaSet bidder',
    )
    expect(stateOf(broken.container.shim)).toMatch(/^(?:gone|Z|X)$/)
    for (const { container } of [alive, spared]) expect(startOf(container.shim)).not.toBe('gone')
    expect(startOf(neighbour.container.pid)).toBe(before)
    await expect
      .poll(() => one.goRound().then(() => one.report().counts), { timeout: 30_000, interval: 1000 })
      .toEqual({
        'stuck-container end-shim': { cured: 1 },
      })
    expect(one.untouched).toEqual([{ well: 1, gone: 0 }])
    expect(await readReport(client, space, node)).toEqual({ ...one.report() })
    expect(await readReports(client, space)).toHaveLength(1)
    expect(await readBudget(client, space)).toMatchObject([{ node, step: 'end-shim', outcome: 'done' }])
    const told = async (path: string) =>
      (await plane.list<Event>(path)).filter(({ source }) => source?.component === 'roadcrew')
    const texts = (await told('/api/v1/namespaces/ads/events')).map((event) => [
      event.reason,
      event.involvedObject.name,
      event.involvedObject.uid,
    ])
    expect(texts.toSorted()).toEqual([
      ['RoadcrewActed', 'broken', broken.uid],
      ['RoadcrewHeld', 'alive', alive.uid],
      ['RoadcrewHeld', 'spared', spared.uid],
    ])
    expect(
      (await told('/api/v1/namespaces/default/events')).map(({ involvedObject: { kind, name } }) => [kind, name]),
    ).toEqual(Array.from({ length: 3 }, () => ['Node', node]))
    // What is held is not told every round.
    const count = one.audits.length
    await one.goRound()
    expect(one.audits).toHaveLength(count)
  })

  it('lets a stopped shim of a Pod that lives go on', async () => {
    const { container } = await podWithContainer('stopped')
    await stopProcess(container.shim)
    const one = agent()
    await one.until(3) // the two of before are held back again
    expect(one.audits.find(({ subject }) => subject.includes('stopped'))).toMatchObject({
      step: 'continue-shim',
      outcome: 'done',
    })
    expect(startOf(container.pid)).not.toBe('gone')
  })

  it('gives each place of the budget to one agent only, and all of them again after an hour', async () => {
    const other = 'budget'
    await create(plane, { kind: 'Namespace', metadata: { name: other } })
    const at = Date.now()
    const take = (time: number, name: number) =>
      takePlace(
        client,
        other,
        { at: time, node: `node-${name}`, subject: 's', step: 'end-shim', text: 't' },
        { most: 5, withinMs: 3_600_000 },
      )
    const rush = await Promise.all(Array.from({ length: 12 }, (_, name) => take(at, name)))
    const places = rush.flatMap((one) => ('place' in one ? [one.place] : []))
    expect(new Set(places).size).toBe(places.length)
    // Who lost every race may ask again.
    for (let name = 12; name < 20; name++) await take(at, name)
    expect(await readBudget(client, other)).toHaveLength(5)
    expect(await take(at + 3_599_000, 20)).toEqual({ full: 'all 5 places of this hour are taken' })
    expect(await take(at + 3_600_000, 21)).toMatchObject({ place: expect.stringMatching(/^roadcrew-act-[0-4]$/) })
    expect(
      await takePlace(
        client,
        'no/where',
        { at, node: 'n', subject: 's', step: 'x', text: 't' },
        { most: 5, withinMs: 3_600_000 },
      ),
    ).toMatchObject({
      full: expect.stringContaining('can not be read or written'),
    })
  })

  it('sets conditions of the node while something is wrong, keeps what it can not judge, and takes them back', async () => {
    const conditions = new Conditions(client, node)
    const [hazard] = own.filter(({ condition }) => condition)
    if (!hazard) throw new Error('no hazard has a condition')
    const subject = { source: { node }, kind: 'Container', namespace: 'ads', pod: 'bidder', name: 'app' }
    const seen = (verdict: Judged['verdict']): Judged => ({ hazard, vantage: 'node', subject, verdict, origin: {} })
    const finding = {
      reason: 'shim-stopped',
      state: 'occurring',
      fact: 'f',
      evidence: [read('a', 1, 'b')],
      remedy: [],
    } as const
    const all = async () =>
      ((await plane.send('GET', `/api/v1/nodes/${node}`)) as Node).status?.conditions?.filter(({ type }) =>
        type.startsWith('Roadcrew'),
      ) ?? []
    await conditions.round([seen(found({ ...finding, severity: 'medium' }))], Date.now())
    expect(await all()).toEqual([])
    await conditions.round([seen(found(finding))], Date.now())
    const [set] = await all()
    expect(set).toMatchObject({
      type: hazard.condition,
      status: 'True',
      reason: 'ShimStopped',
      message: 'Container ads/bidder/app',
    })
    await conditions.round([seen(unknown('nobody knows'))], Date.now())
    await conditions.round([seen(found(finding))], Date.now() + 60_000)
    expect(await all()).toEqual([set])
    const others = ((await plane.send('GET', `/api/v1/nodes/${node}`)) as Node).status?.conditions?.length ?? 0
    await conditions.round([seen(clear)], Date.now())
    expect(await all()).toEqual([])
    expect(((await plane.send('GET', `/api/v1/nodes/${node}`)) as Node).status?.conditions ?? []).toHaveLength(
      others - 1,
    )
    // One that an agent left which was killed is taken back by the next.
    await conditions.round([seen(found(finding))], Date.now())
    await new Conditions(client, node).round([seen(clear)], Date.now())
    expect(await all()).toEqual([])
  })

  it('holds everything back while it is paused', async () => {
    const { container } = await podWithContainer('late')
    await remove('late')
    releases.push(holdInNewFreezer(container.shim, `${containerd.cgroup}-late`))
    const note = (value: string | null) =>
      plane.send('PATCH', `/api/v1/namespaces/${space}/configmaps/roadcrew-policy`, {
        metadata: { annotations: { 'roadcrew.dev/paused': value } },
      })
    await note('by somebody, for a look')
    const one = agent()
    const about = () =>
      one.audits.filter(({ subject }) => subject.includes('late')).map(({ outcome, rail }) => [outcome, rail])
    await expect
      .poll(() => one.goRound().then(() => about()), { timeout: 60_000, interval: 1000 })
      .toEqual([['held', 'paused']])
    expect(startOf(container.shim)).not.toBe('gone')
    await note(null)
    await expect
      .poll(() => one.goRound().then(() => about()), { timeout: 60_000, interval: 1000 })
      .toEqual([
        ['held', 'paused'],
        ['done', undefined],
      ])
  })
})
