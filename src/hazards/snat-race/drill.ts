import type { Act, Drill, Json, Place, Stage, Step } from '../../contract/hazard.ts'
import { verdictText } from '../../contract/verdicts.ts'
import { type SnatNode, startSnatNode } from '../../lab/snat-node.ts'

/** Of each of the two Pods: one every 2 ms, so that one run takes 10 s, and the lost SYNs 1 s more. */
const connects = { count: 5000, everyMs: 2 }
/** A SYN that was lost comes again after 1 s (RFC 6298); nothing else here takes so long. */
const slowFrom = 900
/** Fewer are no race. */
const leastSlow = 20
const mostTries = 4

/** Lets two Pods collide under a plain rule, then under --random-fully, and asks the detectors after each. */
export const drill: Drill = async function* (stage) {
  const node = await startSnatNode('iptables-nft')
  stage.later(() => Promise.resolve(node.stop()))
  const place = { network: node.pid }
  yield {
    act: 'a node, two Pods and a server, each in a network namespace of its own',
    figures: { rule: node.rule.join(' ') },
  }
  yield { act: 'looked', figures: await said(stage, place) }

  const plain = await race(node, stage)
  yield {
    act: 'the Pods connected from the same port at the same instant, under the plain rule',
    figures: plain.figures,
  }
  if (plain.slow <= leastSlow) throw new Error(`only ${plain.slow} connects were slow: no race was made`)
  const racing = await said(stage, place)
  yield { act: 'looked', figures: racing }
  expectSaid(racing, ['found: ports-not-random', 'found: lost-syns'])

  const [cured] = await stage.cure(place)
  if (!cured || cured.held !== undefined)
    throw new Error(`the rule was not rewritten: ${cured?.held ?? 'no step was offered'}`)
  const { before, after } = rewritten(cured.step)
  yield { act: 'the executor rewrote the rule in its place', figures: { before, after } }
  await stage.look(place) // what was lost under the old rule says nothing of the new one
  const random = await collide(node, stage, 40_000)
  yield { act: 'the same under --random-fully', figures: random.figures }
  if (random.slow > 0) throw new Error(`${random.slow} connects were slow under --random-fully`)
  expectSaid(await said(stage, place), ['clear', 'clear'])
  yield { act: 'looked: clear', figures: { plain: sideBySide(plain), 'random-fully': sideBySide(random) } }
}

function rewritten(step: Step): { readonly before: string; readonly after: string } {
  if (step.do !== 'replace-rule') throw new Error(`the smallest step was to ${step.do}, not to rewrite the rule`)
  return step
}

/** A machine that is busy with other things may keep two clients from ever meeting: then they try again. */
async function race(node: SnatNode, stage: Stage): Promise<Collided> {
  for (let tries = 1; ; tries++) {
    const collided = await collide(node, stage, 10_000 + tries * connects.count)
    if (collided.slow > leastSlow || tries === mostTries) return collided
  }
}

interface Collided {
  readonly slow: number
  readonly worstMs: number
  readonly figures: Act['figures']
}

async function collide(node: SnatNode, stage: Stage, firstPort: number): Promise<Collided> {
  const { times, failures } = await node.collide({ ...connects, firstPort }, stage.signal)
  const failed = [...failures.values()].reduce((sum, count) => sum + count, 0)
  const slow = times.filter((ms) => ms >= slowFrom).length
  const worstMs = Math.round(Math.max(...times))
  return {
    slow,
    worstMs,
    figures: {
      connects: times.length + failed,
      'slow (lost SYNs)': slow,
      failed,
      'worst (ms)': worstMs,
      ...histogram(times),
    },
  }
}

const sideBySide = ({ slow, worstMs }: Collided): Json => `${slow} slow, worst ${worstMs} ms`

const limits = [1, 5, 20, 100, 900, 2500, Number.POSITIVE_INFINITY]

/** How many took how long, with a bar by the logarithm: the few that hurt are what is looked for. */
function histogram(times: readonly number[]): Act['figures'] {
  const counts = limits.map((limit, place) => times.filter((ms) => ms < limit && ms >= (limits[place - 1] ?? 0)).length)
  return Object.fromEntries(
    counts.map((count, place) => {
      const limit = limits[place] ?? 0
      const name = limit === Number.POSITIVE_INFINITY ? `≥ ${limits[place - 1]} ms` : `< ${limit} ms`
      return [name, `${'█'.repeat(count > 0 ? 1 + Math.round(4 * Math.log10(count)) : 0)} ${count}`.trim()]
    }),
  )
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
