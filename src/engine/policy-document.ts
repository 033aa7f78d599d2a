// The policy as people write it, fit for Git: a document with a published schema (docs/policy.schema.json).
import { z } from 'zod'
import type { Hazard } from '../contract/hazard.ts'
import { labelSelector } from '../objects/label-selector.ts'
import { defaultPolicy, modes, type Policy, type Window } from './policy.ts'
import { settingsFrom } from './policy-settings.ts'

const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const
const dayMinutes = 24 * 60

const mode = z
  .enum(modes)
  .describe('observe: only find; advise: record what would have been done and follow it up; act: do it')

const selector = z
  .string()
  .refine(isSelector, 'is no label selector; expected e.g. pool=batch,tier in (web, api)')
  .describe('A label selector; on other nodes the hazard is observed')

const hazardPolicy = z.strictObject({
  mode: mode.optional(),
  steps: z.record(z.string(), mode).optional().describe('A mode for a step by its name, over that of the hazard'),
  nodes: selector.optional(),
  namespaces: z.array(z.string()).optional().describe('In other namespaces the hazard is observed'),
  settings: z
    .record(z.string(), z.unknown())
    .optional()
    .describe(
      'Of the hazard itself (settings.schema.json), for scans and the webhook; the agent has a file of its own',
    ),
})

const clock = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'is no time of day; expected e.g. 09:30')

const window = z.strictObject({
  days: z
    .string()
    .refine((text) => daysOf(text) !== undefined, 'are no days; expected e.g. Mon-Fri or Sat,Sun')
    .default('Mon-Sun'),
  from: clock.describe('UTC, included'),
  to: clock.describe('UTC, excluded; before `from`: on the next day'),
})

const whole = (value: number, most: number, text: string) =>
  z.number().int().min(0).max(most).default(value).describe(text)

/** The schema; `parse({})` observes everything. */
export const policyDocument = z.strictObject({
  hazards: z.record(z.string(), hazardPolicy).default({}).describe('By the id of a hazard; others are observed'),
  windows: z.array(window).default([]).describe('When may be acted; none: at any time'),
  protectedNamespaces: z
    .array(z.string())
    .default([...defaultPolicy.protectedNamespaces])
    .describe('In these nothing is ever done'),
  healthyPods: z
    .boolean()
    .default(defaultPolicy.healthyPods)
    .describe(
      'Whether Pods may be ended that are not past their grace period, where their PodDisruptionBudget has room',
    ),
  perNodePerHour: whole(defaultPolicy.perNodePerHour, 60, 'How much may be done on one node within an hour'),
  perClusterPerHour: whole(defaultPolicy.perClusterPerHour, 500, 'How much may be done in the cluster within an hour'),
  statusPerMinute: whole(
    defaultPolicy.statusPerMinute,
    600,
    'How many statuses of objects may be corrected in the cluster within a minute; not counted in perClusterPerHour',
  ),
  runsPerMinute: whole(
    defaultPolicy.runsPerMinute,
    600,
    'How many missed runs may be started in the cluster within a minute; not counted in perClusterPerHour',
  ),
  coolDownSeconds: whole(
    defaultPolicy.coolDownSeconds,
    3600,
    'How long the same step is not taken again for the same subject',
  ),
  paused: z.boolean().default(defaultPolicy.paused).describe('Nothing is done while it is true'),
})

/** What a policy's reader has to know of a hazard. */
export type Known = Pick<Hazard, 'id' | 'steps' | 'settings'>

/**
 * Reads a policy. Whatever is wrong makes all of it no policy: half of one may lack the half that holds back.
 * @param document what the YAML said; null for an empty one.
 * @param hazards the catalogue: a misspelt id or step would otherwise be observed in silence.
 * @returns the policy, or one line for each thing that is wrong: field, what is there, what was expected.
 */
export function policyOf(
  document: unknown,
  hazards: readonly Known[],
): { readonly policy: Policy } | { readonly wrong: readonly string[] } {
  const parsed = policyDocument.safeParse(document ?? {})
  if (!parsed.success) return { wrong: parsed.error.issues.map(issueText) }
  const wrong = Object.entries(parsed.data.hazards).flatMap(([id, { steps = {}, settings }]) => {
    const known = hazards.find((one) => one.id === id)
    if (!known)
      return [`hazards.${id}: there is no such hazard; expected one of ${hazards.map((one) => one.id).join(', ')}`]
    const names = Object.keys(known.steps ?? {})
    const stray = Object.keys(steps)
      .filter((name) => !names.includes(name))
      .map((name) => `hazards.${id}.steps.${name}: it has no such step; expected ${names.join(', ') || 'none'}`)
    const checked = settings && settingsFrom(known, settings)
    return checked && 'wrong' in checked ? [...stray, `hazards.${id}.settings${checked.wrong}`] : stray
  })
  if (wrong.length > 0) return { wrong }
  return { policy: { ...parsed.data, windows: parsed.data.windows.flatMap(windowsOf) } as Policy }
}

const issueText = ({ path, message }: { path: readonly PropertyKey[]; message: string }): string =>
  `${path.map(String).join('.') || 'the policy'}: ${message}`

function isSelector(text: string): boolean {
  try {
    labelSelector(text)
    return text.trim() !== ''
  } catch {
    return false
  }
}

/** `Mon-Fri`, `Sat,Sun`, `Fri-Mon`: positions from Monday; undefined if it is none of that. */
function daysOf(text: string): readonly number[] | undefined {
  const found = text.split(',').map((part) => {
    const [first, last = first, ...more] = part
      .split('-')
      .map((name) => (days as readonly string[]).indexOf(name.trim()))
    if (first === undefined || last === undefined || first < 0 || last < 0 || more.length > 0) return undefined
    return Array.from({ length: ((last - first + 7) % 7) + 1 }, (_, at) => (first + at) % 7)
  })
  return found.every((some) => some !== undefined) ? found.flat() : undefined
}

const minutesOf = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))

/** One for each day, as minutes of the week; over Sunday night it goes on with Monday. */
function windowsOf({ days: text, from, to }: z.infer<typeof window>): Window[] {
  const [begin, end] = [minutesOf(from), minutesOf(to)]
  const length = end > begin ? end - begin : end - begin + dayMinutes
  return (daysOf(text) ?? []).map((day) => {
    const start = day * dayMinutes + begin
    // A window that fills the week's last minute ends with it: `to` is excluded, and 0 would be Monday's first.
    const stop = start + length
    return { from: start, to: stop > 7 * dayMinutes ? stop - 7 * dayMinutes : stop }
  })
}
