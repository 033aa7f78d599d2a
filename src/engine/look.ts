import type { Context, Detector, Hazard, Item, Read, Subject, Verdict, Zones } from '../contract/hazard.ts'
import { list, maybe } from '../contract/reads.ts'
import { unknown } from '../contract/verdicts.ts'
import type { Broken, World } from '../contract/world.ts'
import type { IgnoreMark } from '../objects/ignore-marks.ts'
import { namespaces } from '../objects/kinds.ts'
import { type Origin, ownerOf } from '../objects/origin.ts'
import { type Gathered, gather, type Missing, type Note } from './gather.ts'
import { subjectKey, subjectText } from './subjects.ts'

/** A file of a hazard's folder that looks: what is wished, what is, what a node shows. */
export type Vantage = 'manifest' | 'cluster' | 'node'

export interface LookOptions {
  readonly hazards: readonly Hazard[]
  readonly vantages: readonly Vantage[]
  readonly world: World
  /** ms UTC. */
  readonly now: number
  /** ms, monotonic. */
  readonly ticks: number
  readonly zones: Zones
  /** False: at what time the world was as it shows itself is not known, so status can't be judged. */
  readonly timely?: boolean
  readonly memory?: Memory
  /** By hazard id, as its schema gives them; the defaults of those that are not named. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** The objects are about to be made (see the contract). */
  readonly admitting?: true
  /** Which objects to ask about; the others are still read as context. */
  readonly chosen?: (object: unknown) => boolean
}

/** What verdicts remembered, by detector and subject. */
export type Memory = ReadonlyMap<string, unknown>

/** One answer of one detector about one subject. */
export interface Judged {
  readonly hazard: Hazard
  readonly vantage: Vantage
  readonly subject: Subject
  readonly verdict: Verdict
  readonly origin: Origin
  /** What the subject's annotations ignore. */
  readonly ignore?: IgnoreMark
  /** Of a subject that is made anew all the time: what of its name lasts. */
  readonly lastingName?: string
}

export interface Look {
  readonly world: string
  /** How many objects were read, the context's included. */
  readonly objects: number
  readonly judged: readonly Judged[]
  readonly broken: readonly Broken[]
  /** Kinds that could not be read, or of which there are none here. */
  readonly missing: readonly Missing[]
  readonly memory: Memory
}

interface Question {
  readonly hazard: Hazard
  readonly vantage: Vantage
  readonly detector: Detector
  /** Names the detector in the memory. */
  readonly name: string
}

type Answer = Pick<Judged, 'subject' | 'verdict'>

const namespaceOwners = maybe(
  list(namespaces, (namespace) => ({ owner: ownerOf(namespace), name: namespace.metadata?.name })),
)

/** Asks every detector of the vantages about every subject of its own. Never throws for what it looks at. */
export async function look(options: LookOptions): Promise<Look> {
  const questions = options.hazards.flatMap((hazard) => questionsOf(hazard, options.vantages))
  const of = questions.map(({ detector }) => detector.of)
  const context = questions.flatMap(({ detector }) => Object.values(detector.with))
  const inNamespaces = of.some((read) => read.kinds.some(({ api }) => api?.namespaced))
  const others = inNamespaces ? [...context, namespaceOwners] : context
  const gathered = await gather(options.world, of, others, options.chosen)
  const originOf = origins(gathered)
  const memory = new Map<string, unknown>()
  const judged: Judged[] = []
  for (const question of questions) {
    const { hazard, vantage } = question
    for (const { subject, verdict } of ask(question, gathered, options, memory)) {
      judged.push({
        hazard,
        vantage,
        subject,
        verdict,
        origin: originOf(subject),
        ...marks(gathered.notes.get(subject)),
      })
    }
  }
  const broken = [...gathered.broken, ...gathered.lostContext]
  const asked = new Set([...of, ...context].flatMap((read) => read.kinds).map(({ kind }) => kind))
  // Owners are a courtesy: who may not list namespaces is told so, but has not looked any less.
  const missing = gathered.missing.map((one) => (asked.has(one.kind) || one.how === 'elsewhere' ? one : courtesy(one)))
  return { world: options.world.name, objects: gathered.objects, judged, broken, missing, memory }
}

const courtesy = (missing: Missing): Missing => ({
  ...missing,
  how: 'absent',
  because: `no owners: ${missing.because}`,
})

function questionsOf(hazard: Hazard, vantages: readonly Vantage[]): Question[] {
  return vantages.flatMap((vantage) =>
    (hazard[vantage] ?? []).map((detector, place) => ({
      hazard,
      vantage,
      detector,
      name: `${hazard.id}/${vantage}/${place}`,
    })),
  )
}

const marks = ({ ignore, lastingName }: Partial<Note> = {}): Pick<Judged, 'ignore' | 'lastingName'> => ({
  ...(ignore && { ignore }),
  ...(lastingName !== undefined && { lastingName }),
})

/** The owner is the workload's own, else its namespace's. */
function origins(gathered: Gathered): (subject: Subject) => Origin {
  const read = gathered.value(namespaceOwners)
  const items = ('value' in read ? read.value : []) as readonly Item<{ owner?: string; name?: string }>[]
  const ownerOfNamespace = new Map(items.map(({ object }) => [object.name, object.owner]))
  return (subject) => {
    const own = gathered.notes.get(subject)?.origin ?? {}
    const owner = own.owner ?? ownerOfNamespace.get(subject.namespace)
    return { ...own, ...(owner && { owner }) }
  }
}

function* ask(
  question: Question,
  gathered: Gathered,
  options: LookOptions,
  memory: Map<string, unknown>,
): Iterable<Answer> {
  const { items, lost, missing } = gathered.subjects(question.detector.of)
  const unread = missing.find(({ how }) => how === 'unread')
  if (unread) {
    keepMemory(question.name, options.memory, memory)
    yield { subject: everyOne(question, options.world), verdict: unknown(unread.because) }
  }
  for (const { subject, because } of lost) yield { subject, verdict: unknown(`it can't be used: ${because}`) }
  if (question.vantage === 'cluster' && options.timely === false) {
    for (const { subject } of items) {
      if (gathered.notes.get(subject)?.hasStatus) yield { subject, verdict: unknown(untimely) }
    }
    return
  }
  const judgeItem = judgeOf(question, gathered, options)
  for (const item of items) {
    const key = `${question.name} ${subjectKey(item.subject)}`
    const before = options.memory?.get(key)
    const verdict = judgeItem(item, before)
    // What could not be judged this time keeps what it remembered: an unreadable round changes nothing.
    const remember = verdict.verdict === 'unknown' && !('remember' in verdict) ? before : verdict.remember
    if (remember !== undefined) memory.set(key, remember)
    yield { subject: item.subject, verdict }
  }
}

const untimely = 'it carries a status, and at which time to judge that is not known; say so with --as-of'

function judgeOf(
  { detector, hazard }: Question,
  gathered: Gathered,
  options: LookOptions,
): (item: Item<unknown>, before: unknown) => Verdict {
  const view = viewOf(detector, gathered)
  if ('unread' in view) return () => unknown(view.unread)
  const { now, ticks, zones, world, admitting } = options
  const settings = options.settings?.[hazard.id] ?? hazard.settings.parse({})
  const release = world.version && { version: world.version }
  const context: Context = { now, ticks, zones, settings, ...release, ...(admitting && { admitting }) }
  return (item, before) => {
    try {
      return detector.judge(item, view.view, before === undefined ? context : { ...context, before })
    } catch (error) {
      const because = error instanceof Error ? error.message : String(error)
      return unknown(`judging ${subjectText(item.subject)} failed: ${because}`)
    }
  }
}

function viewOf(
  detector: Detector,
  gathered: Gathered,
): { readonly view: Readonly<Record<string, unknown>> } | { readonly unread: string } {
  const view: Record<string, unknown> = {}
  for (const [name, read] of Object.entries<Read<unknown>>(detector.with)) {
    const value = gathered.value(read)
    if ('value' in value) view[name] = value.value
    else if (read.optional) view[name] = value
    else return value
  }
  return { view }
}

/** Stands for all subjects of a kind that could not be read. */
const everyOne = ({ detector, vantage }: Question, world: World): Subject => ({
  source: vantage === 'node' ? { node: world.name } : { cluster: world.name },
  kind: detector.of.kinds.map(({ kind }) => kind).join(' or '),
  name: '*',
})

function keepMemory(name: string, before: Memory | undefined, memory: Map<string, unknown>): void {
  for (const [key, value] of before ?? []) if (key.startsWith(`${name} `)) memory.set(key, value)
}
