import type { Act, Drill, Place, Stage } from '../../contract/drill.ts'
import { verdictText } from '../../contract/verdicts.ts'
import { type SnatNode, startSnatNode } from '../../lab/snat-node.ts'
import { Collisions, courses, grownFrom, latencies, notAddingUp, sideBySide } from './collisions.ts'

/** Of each of the two Pods: one every 2 ms, so that one run takes 10 s, and the lost SYNs 1 s more. */
const connects = { count: 5000, everyMs: 2 }
/** Fewer are no race. */
const leastSlow = 20
/** With what stands around them they end within 40 s. */
const mostTries = 2
/** A port of its own for each connect, apart from those of its tries and of the other rule. */
const firstPorts = { plain: 10_000, random: 40_000 }

/** Lets two Pods collide under a plain rule, then under --random-fully, and asks the detectors after each. */
export const drill: Drill = async function* (stage) {
  const node = await startSnatNode('iptables-nft')
  stage.later(() => Promise.resolve(node.stop()))
  const place = { network: node.pid }
  const before = await node.rules()
  yield {
    act: 'a node, two Pods and a server, each in a network namespace of its own',
    figures: { rule: before },
  }
  yield { act: 'looked', figures: await said(stage, place) }

  const plain = yield* race(node, stage)
  const { slow } = plain
  if (slow <= leastSlow) throw new Error(`only ${slow} connects were slow: no race was made`)
  expectAdded(plain)
  const racing = await said(stage, place)
  yield { act: 'looked', figures: racing }
  expectSaid(racing, ['found: ports-not-random', 'found: lost-syns'])

  const [done] = await stage.cure(place)
  if (!done || done.held !== undefined)
    throw new Error(`the rule was not rewritten: ${done?.held ?? 'no step was offered'}`)
  yield { act: 'the executor rewrote the rule in its place', figures: { before, after: await node.rules() } }
  await stage.look(place) // what was lost under the old rule says nothing of the new one
  const random = yield* cured(node, stage, plain)
  const { insertFailed } = random.grown
  if (random.slow > 0 || insertFailed > 0)
    throw new Error(`under --random-fully ${random.slow} connects were slow, and insert_failed grew by ${insertFailed}`)
  const after = await said(stage, place)
  const runs = [plain, random]
  yield {
    act: `looked: ${Object.values(after).every((one) => one === 'clear') ? 'clear' : 'not clear'}; both rules side by side`,
    figures: after,
    table: sideBySide(runs),
    plots: [latencies(runs), ...courses(runs)],
  }
  expectSaid(after, ['clear', 'clear'])
}

/** A machine that is busy with other things may keep two clients from ever meeting: then they try again. */
async function* race(node: SnatNode, stage: Stage): AsyncGenerator<Act, Collisions> {
  const act = 'the Pods connect from the same port at the same instant, under the plain rule'
  for (let tries = 1; ; tries++) {
    const firstPort = firstPorts.plain + (tries - 1) * connects.count
    const run = yield* collide(node, stage, { name: 'plain rule', act, firstPort, beside: [] })
    yield { act: 'all connects of the plain rule ended', figures: {}, table: sideBySide([run]) }
    if (run.slow > leastSlow || tries === mostTries) return run
  }
}

/** Two random ports of 64,512 may be the same by chance, once in many runs: one SYN that is lost gets a second try. */
async function* cured(node: SnatNode, stage: Stage, plain: Collisions): AsyncGenerator<Act, Collisions> {
  const act = 'the same under --random-fully'
  for (let tries = 1; ; tries++) {
    const firstPort = firstPorts.random + (tries - 1) * connects.count
    const run = yield* collide(node, stage, { name: '--random-fully', act, firstPort, beside: [plain] })
    if (tries === mostTries || run.slow > 1 || run.grown.insertFailed !== 1) return run
  }
}

interface Run {
  readonly name: string
  readonly act: string
  readonly firstPort: number
  /** What is shown beside it. */
  readonly beside: readonly Collisions[]
}

/** Tells the first SYN that was lost as soon as it is known. */
async function* collide(node: SnatNode, stage: Stage, run: Run): AsyncGenerator<Act, Collisions> {
  const collisions = new Collisions(run.name, 2 * connects.count)
  const before = node.counted()
  let tellLost: (sinceMs: number) => void = () => undefined
  const lost = new Promise<number>((resolve) => {
    tellLost = resolve
  })
  const ended = node.collide({ ...connects, firstPort: run.firstPort }, stage.signal, (news, sinceMs) => {
    collisions.add(sinceMs, news, grownFrom(before, node.counted()))
    if (collisions.slow > 0) tellLost(sinceMs)
    stage.progress({ act: run.act, figures: {}, table: sideBySide([...run.beside, collisions]) })
  })
  const first = await Promise.race([lost, ended])
  if (typeof first === 'number') {
    const figures = { 'after (s)': Math.round(first / 100) / 10, insert_failed: collisions.grown.insertFailed }
    yield { act: `${run.name}: the first SYN was lost: its connect is overdue`, figures }
  }
  await ended
  return collisions
}

function expectAdded(run: Collisions): void {
  const wrong = notAddingUp(run.slow, run.grown)
  if (wrong !== undefined) throw new Error(wrong)
}

/** What the detectors say: of the rules, and of the losses. */
async function said(stage: Stage, place: Place): Promise<Act['figures']> {
  const [rules, losses] = await stage.look(place)
  return { rules: verdictText(rules?.verdict), losses: verdictText(losses?.verdict) }
}

function expectSaid(figures: Act['figures'], expected: readonly string[]): void {
  const seen = Object.values(figures).map(String)
  const wrong = expected.find((one, place) => !seen[place]?.startsWith(one))
  if (wrong !== undefined)
    throw new Error(`expected ${expected.join(' and ')}, but the detectors say ${seen.join(' and ')}`)
}
