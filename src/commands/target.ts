import { isIPv4, isIPv6 } from 'node:net'
import { InvalidArgumentError } from 'commander'

/** A server that is connected to. */
export interface Target {
  /** As it was written. */
  readonly text: string
  readonly host: string
  readonly port: number
}

export const targetsAre = 'e.g. db.example.com:5432 or [2001:db8::1]:443'

/** RFC 1123, 2.1, and the underscores that DNS has besides; what is all digits and dots is an address or nothing. */
const isName = (host: string): boolean =>
  host.length <= 253 && /^(?!-)[\w-]{1,63}(\.(?!-)[\w-]{1,63})*\.?$/.test(host) && !/^[\d.]+$/.test(host)

/** `host:port` or `[v6]:port`; undefined if it is none. */
export function targetOf(text: string): Target | undefined {
  const [, v6, name, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? []
  if (Number(port) < 1 || Number(port) > 65_535) return undefined
  if (v6 !== undefined) return isIPv6(v6) ? { text, host: v6, port: Number(port) } : undefined
  return name !== undefined && (isIPv4(name) || isName(name)) ? { text, host: name, port: Number(port) } : undefined
}

/** More would be no gentle probe any more: each node of a cluster connects to each of them. */
const mostTargets = 10

/** Another one of the agent's targets. @throws InvalidArgumentError if it is none, there already, or one too many. */
export function anotherTarget(text: string, before: readonly Target[] = []): readonly Target[] {
  const target = targetOf(text)
  if (!target) throw new InvalidArgumentError(`expected ${targetsAre}`)
  if (before.some((one) => one.text === text)) throw new InvalidArgumentError(`${text} is there twice`)
  if (before.length === mostTargets) throw new InvalidArgumentError(`expected at most ${mostTargets} targets`)
  return [...before, target]
}

const mostRate = 10

/** Connects a second to each target. @throws InvalidArgumentError if it is no number, or not gentle. */
export function probeRate(text: string): number {
  const rate = Number(text)
  if (!/^\d+(\.\d+)?$/.test(text) || rate < 0.01 || rate > mostRate)
    throw new InvalidArgumentError(`expected a number from 0.01 to ${mostRate}`)
  return rate
}
