// What an object that is about to be made should be like. Pure but for reading the world that it is given. The same detectors and
// remedies as of a scan: edits of reasons that are fit for it are made on Pods; on all else it only warns, since what stands in Git
// would take the change back.
import type { Finding, Hazard, Item, Kind, Step, Subject, Version, Zones } from '../contract/hazard.ts'
import type { World } from '../contract/world.ts'
import { type Judged, type LookOptions, look } from '../engine/look.ts'
import type { Mode } from '../engine/policy.ts'
import { spareAnnotation } from '../engine/rails.ts'
import { settle, smallestEdit } from '../engine/settle.ts'
import { subjectKey } from '../engine/subjects.ts'
import { type Operation, operationsOf } from '../objects/json-patch.ts'

/** An object as the API server sends it for review. */
export interface Request {
  readonly kind: string
  readonly namespace: string
  /** What it begins with, if the API server is to make one up. */
  readonly name: string
  /** Nothing comes of it. */
  readonly dryRun?: true
  readonly object: unknown
}

export interface ReviewOptions {
  readonly hazards: readonly Hazard[]
  /** Services, routes and all else of its namespace that it is judged among. */
  readonly world: World
  /** The oldest of the API server and of all kubelets: both have to know what is written. */
  readonly version?: Version
  readonly settings?: Readonly<Record<string, unknown>>
  readonly zones: Zones
  /** ms UTC, and ms on a clock that only goes forward. */
  readonly now: number
  readonly ticks: number
  /** What may be done against a hazard in this namespace. */
  readonly mode: (hazard: string) => Mode
}

export interface Reviewed {
  readonly patch: readonly Operation[]
  /** One line each, for whoever sent it. */
  readonly warnings: readonly string[]
}

const nothing: Reviewed = { patch: [], warnings: [] }
/** More would hide the rest of what kubectl prints. */
const mostWarnings = 5
/** The API server cuts what is longer, in bytes (apiserver pkg/warning). */
const longest = 250

/** @throws Error if edits do not come to rest. */
export async function review(request: Request, options: ReviewOptions): Promise<Reviewed> {
  if (isSpared(request.object)) return nothing
  const hazards = options.hazards.filter(({ id }) => options.mode(id) !== 'observe')
  if (hazards.length === 0) return nothing
  const { now, ticks, zones, settings } = options
  const { subject, world } = underReview(request, options)
  const looking: LookOptions = {
    ...{ hazards, now, ticks, zones, vantages: ['manifest'], admitting: true },
    world,
    ...(settings && { settings }),
  }
  if (request.kind !== 'Pod') return { patch: [], warnings: await warningsOf(looking, subject) }
  const fits = ({ reason }: Finding, { id, reasons }: Hazard): boolean =>
    reasons[reason]?.admit === true && options.mode(id) === 'act'
  const choose = (finding: Finding, { hazard }: Judged): Step | undefined => {
    const edit = fits(finding, hazard) ? smallestEdit(finding) : undefined
    return edit?.do === 'edit' && isSame(edit.target, subject) ? edit : undefined
  }
  const { edits, left } = await settle(looking, choose)
  const told = left.flatMap(({ hazard, verdict, subject: about }) =>
    verdict.verdict === 'found' && isSame(about, subject)
      ? verdict.findings.filter(({ reason }) => hazard.reasons[reason]?.admit).map((one) => warningOf(hazard, one))
      : [],
  )
  return {
    patch: edits.flatMap(({ step }) => step.changes.flatMap(operationsOf)),
    warnings: told.slice(0, mostWarnings),
  }
}

/** Sure to hurt, or what would be changed in its Pods: not every advice, which a scan is for. */
async function warningsOf(looking: LookOptions, subject: Subject): Promise<readonly string[]> {
  const { judged } = await look(looking)
  const told = judged.flatMap(({ hazard, verdict, subject: about }) =>
    verdict.verdict === 'found' && isSame(about, subject)
      ? verdict.findings
          .filter(({ reason, certain }) => certain || hazard.reasons[reason]?.admit)
          .map((finding) => warningOf(hazard, finding))
      : [],
  )
  return told.slice(0, mostWarnings)
}

const warningOf = ({ id }: Hazard, { fact, remedy }: Finding): string => {
  const text = `roadcrew ${id}: ${fact}${remedy[0] ? `; ${remedy[0].why}` : ''}`
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`
}

/** Others of its kind may be held too, to judge it among them. */
const isSame = (a: Subject, b: Subject): boolean => subjectKey(a) === subjectKey(b)

/** Whether its owner wants it to be left alone. */
export const isSpared = (object: unknown): boolean => {
  const { metadata } = (object ?? {}) as { metadata?: { annotations?: Readonly<Record<string, string>> | null } }
  return metadata?.annotations?.[spareAnnotation] !== undefined
}

/** The object under review, among what is around it. Who owns a Pod is left aside: it is judged for itself. */
function underReview(
  { kind, namespace, name, object }: Request,
  { world, version }: ReviewOptions,
): { readonly subject: Subject; readonly world: World } {
  const { metadata } = object as { metadata?: object }
  const { ownerReferences: _, ...own } = { ...metadata, namespace } as Record<string, unknown>
  const subject = { source: { cluster: world.name }, kind, namespace, name }
  const item: Item<unknown> = { subject, object: { ...(object as object), metadata: own } }
  const among: World = {
    name: world.name,
    ...(version && { version }),
    async *read(kinds: readonly Kind<unknown>[]) {
      for (const of of kinds.filter((one) => one.kind === kind)) yield { of, items: [item] }
      const others = kinds.filter((one) => one.kind !== kind)
      if (others.length > 0) yield* world.read(others)
    },
  }
  return { subject, world: among }
}
