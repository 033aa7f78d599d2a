// What `roadcrew rails status` shows. Pure.
import { createColors } from 'picocolors'
import type { Entry } from '../agent/budget.ts'
import type { PolicyRead } from '../agent/policy-source.ts'
import type { Hazard } from '../contract/hazard.ts'
import { inWindow, type Mode, modeOf } from '../engine/policy.ts'
import { durationText, timeText } from '../objects/time.ts'
import { aligned, type Cell } from '../report/columns.ts'

export interface Style {
  readonly color: boolean
  readonly columns: number
}

export interface StatusData {
  /** Why the policy is none. */
  readonly wrong?: string
  readonly from?: string
  /** What the pause says; `policy`: the policy itself. */
  readonly paused?: string
  readonly outsideWindows?: true
  /** Those that have steps, with a mode for each. */
  readonly hazards: readonly {
    readonly id: string
    readonly steps: Readonly<Record<string, Mode>>
    readonly nodes?: string
    readonly namespaces?: readonly string[]
  }[]
  readonly limits?: {
    readonly perNodePerHour: number
    readonly perClusterPerHour: number
    readonly coolDownSeconds: number
    readonly healthyPods: boolean
    readonly protectedNamespaces: readonly string[]
  }
  /** Of the last hour, newest first. */
  readonly acts: readonly Omit<Entry, 'subject'>[]
}

const hour = 3_600_000

/** @param now ms UTC. */
export function statusData(
  read: PolicyRead | { readonly wrong: string },
  budget: readonly Entry[],
  hazards: readonly Hazard[],
  now: number,
): StatusData {
  const acts = budget.filter(({ at }) => at > now - hour).map(({ subject: _, ...act }) => act)
  if ('wrong' in read) return { wrong: read.wrong, hazards: [], acts }
  const { policy, from, paused } = read
  const { perNodePerHour, perClusterPerHour, coolDownSeconds, healthyPods, protectedNamespaces } = policy
  const withSteps = hazards.filter(({ node, steps }) => node && Object.keys(steps ?? {}).length > 0)
  return {
    ...(from !== undefined && { from }),
    ...(policy.paused && { paused: paused ?? 'the policy itself' }),
    ...(!inWindow(policy, now) && { outsideWindows: true as const }),
    hazards: withSteps.map(({ id, steps = {} }) => {
      const { nodes, namespaces, ...modes } = policy.hazards[id] ?? {}
      // What they are narrowed to is said beside them.
      const anywhere = { ...policy, hazards: { [id]: modes } }
      return {
        id,
        steps: Object.fromEntries(Object.keys(steps).map((step) => [step, modeOf(anywhere, id, step, 'act')])),
        ...(nodes !== undefined && { nodes }),
        ...(namespaces && { namespaces }),
      }
    }),
    limits: { perNodePerHour, perClusterPerHour, coolDownSeconds, healthyPods, protectedNamespaces },
    acts,
  }
}

export interface StatusView extends StatusData {
  readonly context: string
  readonly namespace: string
}

export function statusText(data: StatusView, { color, columns }: Style): string {
  const { bold, dim, green, red, yellow } = createColors(color)
  const { context, namespace, wrong, from, paused, outsideWindows, hazards, limits, acts } = data
  const state =
    wrong !== undefined
      ? red('no policy: nothing is done')
      : paused !== undefined
        ? yellow(`paused by ${paused}`)
        : outsideWindows
          ? yellow("outside of the policy's windows: nothing is done now")
          : green('not paused')
  const lines = [
    `${bold(context)}: ${state}`,
    dim(from ?? (wrong ? '' : `no policy in ${namespace}: everything is only observed`)),
  ]
  if (wrong !== undefined)
    lines.push(
      '',
      ...wrong
        .replace(': ', ':\n')
        .split(/\n|; (?=[\w.-]+: )/)
        .map((line) => `  ${line.trim()}`),
    )
  const modes = hazards.flatMap(({ id, steps, nodes, namespaces }) =>
    Object.entries(steps).map(([step, mode], place): Cell[] => [
      [place === 0 ? id : ''],
      [step],
      [mode],
      [
        place > 0
          ? ''
          : [nodes && `nodes ${nodes}`, namespaces && `namespaces ${namespaces.join(', ')}`].filter(Boolean).join('; '),
      ],
    ]),
  )
  if (modes.length > 0) lines.push('', bold('MODES'), ...table(modes, columns))
  if (limits) {
    const { perNodePerHour, perClusterPerHour, coolDownSeconds, healthyPods, protectedNamespaces } = limits
    const rows: Cell[][] = [
      [['within an hour'], [`${acts.length} of ${perClusterPerHour} in the cluster, ${perNodePerHour} on one node`]],
      [['the same again'], [`after ${durationText(coolDownSeconds * 1000)}`]],
      [
        ['which Pods'],
        [healthyPods ? 'also those that live, where their budget has room' : 'only past their grace period'],
      ],
      [['never in'], [protectedNamespaces.join(', ') || '(no namespace is protected)']],
    ]
    lines.push('', bold('LIMITS'), ...table(rows, columns))
  }
  const rows = acts.map((act): Cell[] => [[timeText(act.at)], [act.node], [act.outcome ?? 'begun'], [act.text]])
  lines.push(
    '',
    bold('ACTS OF THE LAST HOUR'),
    ...(rows.length > 0 ? table(rows, columns, [20, 10, 6, 20]) : ['  none']),
  )
  return `${lines.filter((line, place) => line !== '' || lines[place - 1] !== '').join('\n')}\n`
}

/** @param least how narrow each column may become. */
const table = (rows: readonly (readonly Cell[])[], columns: number, least: readonly number[] = []): string[] =>
  aligned(
    (rows[0] ?? []).map((_, place) => ({ least: least[place] ?? 8, share: least[place] ?? 1 })),
    rows,
    columns - 2,
  ).map((line) => `  ${line}`)
