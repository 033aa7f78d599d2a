// Workers that a reload left behind: how many, by what the controller's metrics count.
import type { Container } from 'kubernetes-types/core/v1.js'
import type { Figures } from './figures.ts'
import type { Judging } from './judging.ts'

export interface Workers {
  readonly old: number
  readonly current: number
  /** Not counted as such, but what is left of all processes. */
  readonly guess?: true
  readonly text: string
}

/**
 * ingress-nginx counts every process of its container (its matcher compares nginx with nginx: internal/ingress/metric/collectors/process.go):
 * dumb-init, the controller, nginx's master, and up to two that keep its cache.
 */
const others = 5

/** Undefined where it is not told, or how many workers are meant to be there is not known. */
export function workersOf(judging: Judging, { workers, processes }: Figures): Workers | undefined {
  if (workers) return { ...workers, text: `${workers.old} old, ${workers.current} of the current configuration` }
  const current = meant(judging)
  if (processes === undefined || current === undefined) return undefined
  const old = Math.max(0, processes - others - current)
  return {
    old,
    current,
    guess: true,
    text: `${processes} processes, of which ${current} workers and ${others} others are meant to be there`,
  }
}

/** `worker-processes` of the ConfigMap; `auto` is the CPUs that the container may use (rounded up), which says its limit. */
function meant({ configMap, reloader: { container } }: Judging): number | undefined {
  const told = Number(configMap?.object.data['worker-processes'])
  if (Number.isInteger(told) && told > 0) return told
  const cpus = cpusOf(limitOf(container, 'cpu'))
  return cpus === undefined ? undefined : Math.max(1, Math.ceil(cpus))
}

const limitOf = ({ resources }: Container, of: string): string | undefined => {
  const limit: unknown = resources?.limits?.[of]
  return limit === undefined ? undefined : String(limit)
}

function cpusOf(text: string | undefined): number | undefined {
  const [, number, milli] = /^(\d+(?:\.\d+)?)(m?)$/.exec(text ?? '') ?? []
  return number === undefined ? undefined : Number(number) / (milli ? 1000 : 1)
}

const sizes: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
}

/** The container's memory limit in bytes. */
export function memoryLimit({ reloader: { container } }: Judging): number | undefined {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)(k|M|G|Ki|Mi|Gi)?$/.exec(limitOf(container, 'memory') ?? '') ?? []
  return number === undefined ? undefined : Number(number) * (sizes[unit] ?? Number.NaN)
}
