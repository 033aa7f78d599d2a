import type { Act, Drill, Place, Stage } from '../../contract/drill.ts'
import type { Finding, Json, Verdict } from '../../contract/hazard.ts'
import { type LabContainer, startContainerd } from '../../lab/containerd.ts'
import { startDockerd } from '../../lab/dockerd.ts'
import { hasOldFreezer, holdInNewFreezer, holdInOldFreezer } from '../../lab/freezers.ts'
import { pause } from '../../lab/pause.ts'
import { startOf, stateOf, stopProcess } from '../../lab/processes.ts'

/** From the first look to the last of three: condemned takes over 20 s. */
const roundsApart = 11_000
const rounds = 3

interface Broken extends LabContainer {
  readonly name: string
}

/** A runtime of the drill's own. */
interface Parts {
  readonly name: string
  readonly socket: string
  readonly cgroup: string
  run(name: string): Promise<LabContainer>
  /** What has to be asked for before an inspection hangs: Docker answers from memory until somebody calls stop. */
  ask(container: Broken): void
  stop(): Promise<void>
}

async function startParts({ runtime, signal }: Stage): Promise<Parts> {
  if (runtime === 'docker') {
    const lab = await startDockerd(signal)
    return {
      name: 'dockerd',
      socket: lab.socket,
      cgroup: lab.containerd.cgroup,
      run: (name) => lab.run({ name, labels: { ...labelsOf(name), 'io.kubernetes.docker.type': 'container' } }),
      // It never comes back while the shim is mute, and fails when the daemon is taken down.
      ask: ({ id }) => void lab.stopContainer(id, 1).catch(() => undefined),
      stop: () => lab.stop(),
    }
  }
  const lab = await startContainerd(signal)
  return {
    name: 'containerd',
    socket: lab.socket,
    cgroup: lab.cgroup,
    run: (name) => lab.run({ labels: { ...labelsOf(name), 'io.cri-containerd.kind': 'container' } }),
    ask: () => undefined,
    stop: () => lab.stop(),
  }
}

/** Breaks containers of a real runtime in four ways, finds them, cures what can be cured, and holds back where it must. */
export const drill: Drill = async function* (stage) {
  const began = Date.now()
  const lab = await startParts(stage)
  stage.later(() => lab.stop())
  const all = await runAll(lab)
  yield {
    act: `a ${lab.name} of its own runs five containers`,
    figures: { 'took (s)': secondsSince(began), pids: pidsOf(all) },
  }
  const before = startOf(all.neighbour.pid)

  yield* breakThem(stage, lab, all)
  const place = placeOf(lab)
  yield* lookThreeTimes(stage, place)
  yield* cure(stage, place)
  yield* lookAgain(stage, place, all)
  if (startOf(all.neighbour.pid) !== before) throw new Error('the neighbour is no longer the same process')
  yield {
    act: 'the neighbour is the same process as before; looked: clear',
    figures: { pid: all.neighbour.pid, 'start (ticks)': before },
  }
}

type All = Readonly<Record<'neighbour' | 'stopped' | 'held' | 'zombies' | 'survivor', Broken>>

async function runAll(lab: Parts): Promise<All> {
  const run = async (name: string): Promise<Broken> => ({ ...(await lab.run(name)), name })
  const [neighbour, stopped, held, zombies, survivor] = [
    await run('neighbour'),
    await run('stopped'),
    await run('held'),
    await run('zombies'),
    await run('survivor'),
  ]
  return { neighbour, stopped, held, zombies, survivor }
}

const labelsOf = (name: string): Record<string, string> => ({
  'io.kubernetes.pod.namespace': 'drill',
  'io.kubernetes.pod.name': name,
  'io.kubernetes.pod.uid': `uid-${name}`,
  'io.kubernetes.container.name': 'app',
})

/** The survivor's Pod should have been gone an hour ago. */
const placeOf = (lab: Parts): Place => {
  const deletionTimestamp = new Date(Date.now() - 3_600_000).toISOString()
  return {
    socket: lab.socket,
    pods: [{ metadata: { name: 'survivor', namespace: 'drill', uid: 'uid-survivor', deletionTimestamp } }],
  }
}

async function* breakThem(stage: Stage, lab: Parts, all: All): AsyncIterable<Act> {
  const release = (free: () => void) => stage.later(() => Promise.resolve(free()))
  await stopProcess(all.stopped.shim)
  release(holdInNewFreezer(all.held.shim, `${lab.cgroup}-held`))
  process.kill(all.held.pid, 'SIGKILL')
  await stopProcess(all.zombies.shim)
  process.kill(all.zombies.pid, 'SIGKILL')
  for (const one of [all.stopped, all.held, all.zombies]) lab.ask(one)
  yield {
    act: 'three are broken',
    figures: {
      stopped: 'its shim got SIGSTOP',
      held: 'its shim is held in a cgroup v2 freezer, its process was killed',
      zombies: 'its shim got SIGSTOP, its process was killed',
    },
  }
  if (!hasOldFreezer()) {
    yield { act: 'no survivor: this machine has no cgroup v1 freezer, from which SIGKILL frees nobody', figures: {} }
    return
  }
  release(holdInNewFreezer(all.survivor.shim, `${lab.cgroup}-survivor-shim`))
  release(holdInOldFreezer(all.survivor.pid, `${lab.cgroup}-survivor`))
  lab.ask(all.survivor)
  yield {
    act: 'and one has a process that survives SIGKILL',
    figures: { survivor: 'its process is in a foreign cgroup v1 freezer, its shim in one of v2, its Pod is overdue' },
  }
}

async function* lookThreeTimes(stage: Stage, place: Place): AsyncIterable<Act> {
  for (let round = 1; round <= rounds; round++) {
    const started = Date.now()
    const found = await findings(stage, place)
    yield { act: `looked, round ${round}`, figures: Object.fromEntries(found.map(([name, { fact }]) => [name, fact])) }
    if (round < rounds) await pause(started + roundsApart - Date.now(), stage.signal)
  }
}

async function* cure(stage: Stage, place: Place): AsyncIterable<Act> {
  const cured = await stage.cure(place)
  const figures = Object.fromEntries(
    cured.map(({ target, step, held }) => [
      target.pod ?? target.name,
      held === undefined ? `${step.do}: done` : `${step.do}: held, ${held}`,
    ]),
  )
  yield { act: 'each gets the smallest step of its remedy', figures }
  const expected = { stopped: 'continue-shim: done', held: 'end-shim: done', zombies: 'continue-shim: done' }
  for (const [name, text] of Object.entries(expected)) {
    if (figures[name] !== text) throw new Error(`expected ${name}: ${text}, got ${figures[name] ?? 'nothing'}`)
  }
  // The ladder itself holds back: what waits in the kernel is no reason to end anything.
  if (figures.survivor !== undefined) throw new Error(`the survivor was not left alone: ${figures.survivor}`)
}

async function* lookAgain(stage: Stage, place: Place, all: All): AsyncIterable<Act> {
  const until = Date.now() + 10_000
  const expected = hasOldFreezer() ? ['survivor'] : []
  for (;;) {
    const found = await findings(stage, place)
    const names = found.map(([name]) => name)
    if (names.join() === expected.join()) {
      const figures: Record<string, Json> = Object.fromEntries(found.map(([name, { fact }]) => [name, fact]))
      yield { act: 'looked again: nothing is found of those that were cured', figures }
      break
    }
    if (Date.now() > until) throw new Error(`still found: ${names.join(', ')}`)
    await pause(500, stage.signal)
  }
  if (hasOldFreezer() && startOf(all.survivor.pid) === 'gone')
    throw new Error('the survivor is gone, which it should not be')
  if (hasOldFreezer())
    yield {
      act: 'the shim above the survivor was left alone',
      figures: { shim: all.survivor.shim, state: stateOf(all.survivor.shim) },
    }
}

async function findings(stage: Stage, place: Place): Promise<(readonly [name: string, finding: Finding])[]> {
  const first = (verdict: Verdict): Finding[] => (verdict.verdict === 'found' ? [verdict.findings[0]] : [])
  return (await stage.look(place))
    .flatMap(({ subject, verdict }) => first(verdict).map((finding) => [subject.pod ?? subject.name, finding] as const))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
}

const pidsOf = (all: All): Record<string, Json> =>
  Object.fromEntries(Object.values(all).map(({ name, pid, shim }) => [name, `${pid}, shim ${shim}`]))

const secondsSince = (began: number): number => Math.round((Date.now() - began) / 100) / 10
