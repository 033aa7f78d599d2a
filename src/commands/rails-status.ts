// What `roadcrew rails status` knows: this is what `-o json` writes and what docs/rails-status.schema.json describes. Pure.
import { z } from 'zod'
import type { Entry } from '../acting/budget.ts'
import type { PolicyRead } from '../acting/policy-source.ts'
import type { Hazard } from '../contract/hazard.ts'
import { inWindow, modeOf, modes, nextWindow, type Policy } from '../engine/policy.ts'
import { timeText } from '../objects/time.ts'

const time = z.string().describe('RFC 3339, UTC')
const mode = z.enum(modes)
const count = z.number().int().nonnegative()

const paused = z.object({
  by: z
    .enum(['note', 'policy'])
    .describe('note: roadcrew rails resume lifts it; policy: whoever keeps policy.yaml does'),
  note: z.string().optional().describe('Who, since when and why, as it stands there'),
})

const hazard = z.object({
  id: z.string(),
  mode: mode.describe('Of steps that the policy does not name'),
  steps: z.record(z.string(), mode),
  nodes: z.string().optional().describe('A label selector: on other nodes it is observed'),
  namespaces: z.array(z.string()).optional().describe('In others it is observed'),
})

const windows = z.object({
  open: z.boolean().describe('Whether now is in one of them'),
  next: time.describe('When the next one begins'),
  each: z.array(z.object({ days: z.string(), from: z.string(), to: z.string().describe('Excluded') })).describe('UTC'),
})

const limits = z.object({
  perNodePerHour: count,
  perClusterPerHour: count,
  statusPerMinute: count,
  runsPerMinute: count,
  coolDownSeconds: count,
  healthyPods: z.boolean().describe('Whether Pods may be ended that are not past their grace period'),
  protectedNamespaces: z.array(z.string()),
})

const act = z.object({
  at: time,
  node: z.string(),
  step: z.string(),
  text: z.string().describe('What to whom'),
  outcome: z.string().optional().describe('Absent while it is being done, or if whoever did it never said'),
})

export const statusSchema = z
  .object({
    schemaVersion: z.literal(1),
    context: z.string(),
    namespace: z.string().describe("Roadcrew's own"),
    from: z.string().optional().describe('Where the policy stands; absent: there is none, everything is observed'),
    wrong: z.array(z.string()).optional().describe('Why it is no policy: nothing is done'),
    paused: paused.optional(),
    hazards: z.array(hazard).describe('Those that an agent has steps for'),
    windows: windows.optional().describe('Absent: at any time'),
    limits: limits.optional().describe('Absent if the policy is wrong'),
    used: z
      .object({ cluster: count, nodes: z.record(z.string(), count) })
      .describe('Acts within the last hour, but for statuses and runs, which have rates of their own'),
    acts: z.array(act).describe('Of the last hour, newest first'),
  })
  .describe('What roadcrew rails status -o json writes')

export type StatusData = z.infer<typeof statusSchema>

export interface StatusInput {
  readonly context: string
  readonly namespace: string
  readonly read: PolicyRead | { readonly wrong: string; readonly paused?: string }
  readonly budget: readonly Entry[]
  readonly hazards: readonly Pick<Hazard, 'id' | 'node' | 'steps'>[]
  /** ms UTC. */
  readonly now: number
}

const hour = 3_600_000

export function statusData({ context, namespace, read, budget, hazards, now }: StatusInput): StatusData {
  const acts = budget.filter(({ at }) => at > now - hour)
  const nodes: Record<string, number> = {}
  const counted = acts.filter(({ budget }) => budget === undefined)
  for (const { node } of counted) nodes[node] = (nodes[node] ?? 0) + 1
  const common = {
    schemaVersion: 1 as const,
    context,
    namespace,
    used: { cluster: counted.length, nodes },
    acts: acts.map(({ subject: _, budget: __, at, ...act }) => ({ at: timeText(at), ...act })),
  }
  if ('wrong' in read) {
    const { wrong, paused: note } = read
    const [from = '', ...lines] = wrong.split(/: (.*)/s).filter((part) => part !== '')
    return {
      ...common,
      from,
      wrong: lines.flatMap((line) => line.split(/; (?=[\w.-]+: )/)),
      ...(note !== undefined && { paused: { by: 'note' as const, note } }),
      hazards: [],
    }
  }
  const { policy, from, paused: note } = read
  const {
    perNodePerHour,
    perClusterPerHour,
    statusPerMinute,
    runsPerMinute,
    coolDownSeconds,
    healthyPods,
    protectedNamespaces,
  } = policy
  const next = nextWindow(policy, now)
  return {
    ...common,
    ...(from !== undefined && { from }),
    ...(policy.paused && { paused: note === undefined ? { by: 'policy' } : { by: 'note', note } }),
    hazards: hazards
      .filter(({ node, steps }) => node && Object.keys(steps ?? {}).length > 0)
      .map((one) => modesOf(policy, one)),
    ...(next !== undefined && {
      windows: { open: inWindow(policy, now), next: timeText(next), each: windowsOf(policy) },
    }),
    limits: {
      perNodePerHour,
      perClusterPerHour,
      statusPerMinute,
      runsPerMinute,
      coolDownSeconds,
      healthyPods,
      protectedNamespaces: [...protectedNamespaces],
    },
  }
}

/** What they are narrowed to is said beside them. */
function modesOf(policy: Policy, { id, steps = {} }: Pick<Hazard, 'id' | 'steps'>): z.infer<typeof hazard> {
  const { nodes, namespaces, ...own } = policy.hazards[id] ?? {}
  const anywhere = { ...policy, hazards: { [id]: own } }
  return {
    id,
    mode: modeOf(anywhere, id, undefined, 'act'),
    steps: Object.fromEntries(Object.keys(steps).map((step) => [step, modeOf(anywhere, id, step, 'act')])),
    ...(nodes !== undefined && { nodes }),
    ...(namespaces && { namespaces: [...namespaces] }),
  }
}

const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const
const day = 24 * 60

/** The windows as people write them: days with the same hours together. */
function windowsOf({ windows: all }: Policy): z.infer<typeof windows>['each'] {
  const byHours = new Map<string, number[]>()
  for (const { from, to } of all) {
    const hours = `${clock(from % day)} ${to % day === 0 ? '24:00' : clock(to % day)}`
    byHours.set(hours, [...(byHours.get(hours) ?? []), Math.floor(from / day)])
  }
  return [...byHours].map(([hours, on]) => {
    const [from = '', to = ''] = hours.split(' ')
    return { days: daysText(on), from, to }
  })
}

const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`

/** `Mon-Fri`, `Tue,Thu`: three or more in a row as a range. */
function daysText(on: readonly number[]): string {
  const runs: number[][] = []
  for (const one of [...new Set(on)].toSorted((a, b) => a - b)) {
    const run = runs.at(-1)
    if (run && run.at(-1) === one - 1) run.push(one)
    else runs.push([one])
  }
  const name = (one: number | undefined): string => days[one ?? 0] ?? ''
  return runs.flatMap((run) => (run.length > 2 ? [`${name(run[0])}-${name(run.at(-1))}`] : run.map(name))).join(',')
}
