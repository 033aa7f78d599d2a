// The steps against lost requests, as data. All but the last change the pod template, so they roll the workload out anew.
import type { Change, Path, Step } from '../../contract/hazard.ts'
import { recordedChanges } from '../../objects/changes.ts'
import { asJson } from '../../objects/json.ts'
import { sleepSince } from '../../objects/pre-stop.ts'
import { olderThan } from '../../objects/version.ts'
import { lacksShell } from './images.ts'
import { type Hook, type Judging, needsOf } from './judging.ts'

export const advise = (why: string): Step => ({ do: 'advise', why })

const edit = ({ item, context }: Judging, why: string, changes: readonly Change[]): Step =>
  item.subject.kind === 'Pod' && !context.admitting
    ? advise(`${why}; a Pod that runs can't be changed, so make it anew with ${changes.map(changeText).join(', ')}`)
    : { do: 'edit', why, target: item.subject, changes: recordedChanges(item.object, changes) }

const changeText = ({ path, after }: Change): string => `${path.join('.')}: ${JSON.stringify(after)}`

const graceChange = ({ template }: Judging, after: number): Change => ({
  path: [...template.path, 'terminationGracePeriodSeconds'],
  before: template.spec.terminationGracePeriodSeconds,
  after,
})

/** Sets the grace period (s). */
export const setGrace = (judging: Judging, seconds: number): Step =>
  edit(judging, `${seconds} s hold the wait and what comes after it`, [graceChange(judging, seconds)])

/** Whether a hook can wait in this container, and how; undefined where nothing that it has can sleep. */
function sleeping({ context }: Judging, { container }: Hook, seconds: number) {
  if (!olderThan(context.version, sleepSince)) return { sleep: { seconds } }
  return lacksShell(container.image) === undefined ? { exec: { command: ['sleep', String(seconds)] } } : undefined
}

/** Gives containers a preStop wait, and the Pod the time for it; an advice where an image has nothing that could wait. */
export function addWait(judging: Judging, hooks: readonly Hook[], seconds: number): Step {
  const handlers = hooks.map((hook) => ({ hook, handler: sleeping(judging, hook, seconds) }))
  if (handlers.some(({ handler }) => handler === undefined)) {
    return advise(
      `the image has nothing that could sleep, and the sleep handler comes with 1.30: let the application itself wait ${seconds} s after SIGTERM`,
    )
  }
  const changes = handlers.map(({ hook, handler }): Change => {
    const path: Path = [...hook.path, 'lifecycle', 'preStop']
    const before = hook.container.lifecycle?.preStop
    return { path, before: before ? asJson(before) : undefined, after: asJson(handler ?? {}) }
  })
  const needed = Math.max(...hooks.map((hook) => needsOf(judging, hook, seconds).sum))
  const why = `it goes on serving for ${seconds} s, until nobody sends to it any more; rolls the workload out anew`
  return edit(judging, why, needed > judging.grace ? [...changes, graceChange(judging, needed)] : changes)
}

/** At most a quarter of the Pods at a time. */
export const fewerAtATime = (judging: Judging, path: Path, before: string | number | undefined): Step =>
  edit(judging, 'most of the Pods go on serving during a rollout', [{ path, before, after: '25%' }])
