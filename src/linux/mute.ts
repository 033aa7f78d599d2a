// Containers of Pods that do not answer: whom to blame for what waits for them.
import type { Item } from '../contract/hazard.ts'
import type { ContainerSeen } from './container.ts'

export interface Mute {
  readonly id: string
  /** `ads/bidder-7/app`; of a sandbox `ads/bidder-7`. */
  readonly name: string
  readonly sandbox: boolean
  /** The Pod's uid: who asks for a Pod waits for the first of its containers that does not answer. */
  readonly pod: string
  /** `containerd-shim-runc-v2 4711 (T)` */
  readonly shims: readonly string[]
}

/** What of a container is of use for that; undefined if it answers, or is none of the kubelet's. */
export function muteContainer({ id, pod, sandbox, inspection, shims }: ContainerSeen): Mute | undefined {
  if (!pod || inspection.answer !== 'nothing') return undefined
  return {
    id,
    name: `${pod.namespace}/${pod.name}${pod.container === undefined ? '' : `/${pod.container}`}`,
    sandbox,
    pod: pod.uid,
    shims: shims.map(({ self, program }) => `${program} ${self.pid} (${self.state})`),
  }
}

/** In the order of their names, without sandboxes that are mute for the same shim as a container of their Pod. */
export function blamed(all: readonly Item<Mute>[]): readonly Mute[] {
  const mute = all.map(({ object }) => object)
  const named = new Set(mute.filter(({ sandbox }) => !sandbox).map(({ pod }) => pod))
  return mute.filter(({ sandbox, pod }) => !sandbox || !named.has(pod)).toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** As many as a sentence can bear. */
const mostNamed = 5

/** `a/b/c, d/e/f and 3 more` */
export function namesText(names: readonly string[]): string {
  const more = names.length - mostNamed
  return `${names.slice(0, mostNamed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
