// What an object itself says of how its application ends, and how the load balancer in front of it lets go.
import type { Container } from 'kubernetes-types/core/v1.js'
import { durationSeconds } from '../../objects/pre-stop.ts'

/** Words by which applications call a wait before they stop taking requests. */
export const waitsItself =
  /lame.?duck|(?:shut.?down|drain|terminat\w*|pre.?stop).{0,14}(?:delay|wait|sleep)|(?:delay|wait|sleep).{0,14}(?:shut.?down|drain|terminat\w*)|request.?accept.?grace|shutdown-grace-period/i
/** Words by which they call the time that they give to what is in flight. */
export const drainsItself =
  /(?:graceful|shut.?down|drain|terminat\w*|stop).{0,20}(?:timeout|period|duration|seconds|limit)|timeout.{0,10}(?:shut.?down|graceful)|grace.?time.?out/i

/** A name and its value, as environment variables and flags have them. */
interface Setting {
  readonly name: string
  readonly value: string
  /** The place in the container. */
  readonly field: readonly (string | number)[]
}

function settingsOf(container: Container): Setting[] {
  const env = (container.env ?? []).map(({ name, value }, place) => ({
    name,
    value: value ?? '',
    field: ['env', place],
  }))
  const flags = (['command', 'args'] as const).flatMap((field) =>
    (container[field] ?? []).flatMap((arg, place, all): Setting[] => {
      const [name = '', ...rest] = String(arg).split('=')
      if (!name.startsWith('-')) return []
      const next = all[place + 1]
      const value = rest.length > 0 ? rest.join('=') : next !== undefined && !next.startsWith('-') ? next : ''
      return [{ name, value, field: [field, place] }]
    }),
  )
  return [...env, ...flags]
}

const isOff = (value: string): boolean => /^(?:0\w*|false|off|no|)$/i.test(value.trim())

/** What a container is told to do by itself when it ends; durations in seconds. */
export interface OwnDrain {
  readonly name: string
  readonly value: string
  readonly field: readonly (string | number)[]
  readonly seconds: number | undefined
}

const told = (container: Container, pattern: RegExp): OwnDrain | undefined => {
  const setting = settingsOf(container).find(({ name, value }) => pattern.test(name) && !isOff(value))
  return setting && { ...setting, seconds: inSeconds(setting) }
}

/** From so many on a bare number is taken for ms: nobody gives a stop a quarter of an hour and calls it 1000. */
const surelyMs = 1000

/** A bare number is one of ms where its name says so or it is that large, else of seconds. */
const inSeconds = ({ name, value }: Setting): number | undefined => {
  const seconds = durationSeconds(value)
  const bare = /^\d+$/.test(value.trim())
  const inMs = bare && seconds !== undefined && (/ms$|millis/i.test(name) || seconds >= surelyMs)
  return inMs ? seconds / 1000 : seconds
}

/** Evidence that the application itself goes on taking requests for a while after SIGTERM. */
export const ownWait = (container: Container): OwnDrain | undefined => told(container, waitsItself)

/** How long the application gives to requests in flight, where its settings say so in a way that can be read. */
export function ownDrain(container: Container): OwnDrain | undefined {
  const drain = told(container, drainsItself)
  return drain?.seconds === undefined ? undefined : drain
}

/** Annotations in which a load balancer's connection draining stands, in seconds; AWS and Google name it so. */
const connectionDraining: readonly (readonly [string, RegExp])[] = [
  ['alb.ingress.kubernetes.io/target-group-attributes', /deregistration_delay\.timeout_seconds=(\d+)/],
  [
    'service.beta.kubernetes.io/aws-load-balancer-target-group-attributes',
    /deregistration_delay\.timeout_seconds=(\d+)/,
  ],
  ['service.beta.kubernetes.io/aws-load-balancer-connection-draining-timeout', /^(\d+)$/],
]

/** How long the load balancer keeps connections to a Pod that it has let go (s), where annotations say so. */
export function balancerDrain(
  annotations: Readonly<Record<string, string>>,
): { readonly annotation: string; readonly seconds: number } | undefined {
  for (const [annotation, pattern] of connectionDraining) {
    const seconds = pattern.exec(annotations[annotation] ?? '')?.[1]
    if (seconds !== undefined) return { annotation, seconds: Number(seconds) }
  }
  return undefined
}

/** Whether a load balancer outside of the cluster sends straight to Pods, and so learns of each change later. */
export function targetsPods(annotations: Readonly<Record<string, string>>): boolean {
  return (
    annotations['alb.ingress.kubernetes.io/target-type'] === 'ip' ||
    annotations['service.beta.kubernetes.io/aws-load-balancer-nlb-target-type'] === 'ip' ||
    /"ingress"\s*:\s*true|"exposed_ports"/.test(annotations['cloud.google.com/neg'] ?? '') ||
    annotations['kubernetes.io/ingress.class'] === 'azure/application-gateway'
  )
}
