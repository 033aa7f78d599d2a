// How long a preStop hook keeps a container from being stopped.
import type { LifecycleHandler } from 'kubernetes-types/core/v1.js'
import type { Version } from '../contract/hazard.ts'
import { olderThan } from './version.ts'

/** The release from which on the API server keeps `preStop.sleep` by default (KEP-3960: alpha 1.29, beta 1.30, GA 1.34). */
export const sleepSince = 30

/** What is known of a hook's length; all durations in seconds. */
export type Wait =
  | { readonly is: 'none' }
  /** `atLeast`: other commands come on top. `needs`: the program that it runs in the container. */
  | { readonly is: 'known'; readonly seconds: number; readonly atLeast?: true; readonly needs?: string }
  | { readonly is: 'unknown'; readonly what: string }
  /** The native handler on a release that does not keep it: there is no hook. */
  | { readonly is: 'not-kept'; readonly seconds: number }

const none: Wait = { is: 'none' }

/** What a preStop hook waits for. `version`: of the API server; unknown counts as new. */
export function waitOf(hook: LifecycleHandler | null | undefined, version: Version | undefined): Wait {
  if (!hook) return none
  if (hook.sleep) {
    const seconds = Number(hook.sleep.seconds)
    if (!Number.isFinite(seconds)) return { is: 'unknown', what: 'a sleep of no number of seconds' }
    return olderThan(version, sleepSince) ? { is: 'not-kept', seconds } : { is: 'known', seconds }
  }
  if (hook.exec) return execWait(hook.exec.command ?? [])
  if (hook.httpGet) return { is: 'unknown', what: `calls ${hook.httpGet.path ?? '/'} on port ${hook.httpGet.port}` }
  return none // a tcpSocket hook is accepted and fails at run time (core/v1 LifecycleHandler)
}

const shells = ['sh', 'bash', 'ash', 'dash', 'busybox']
const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

function execWait(command: readonly string[]): Wait {
  const [program = '', ...args] = command.map(String)
  const name = baseName(program)
  if (name === 'sleep') return sleepWait(args, name) ?? { is: 'unknown', what: `runs ${command.join(' ')}` }
  if (shells.includes(name)) {
    const at = args.findIndex((arg) => /^-[a-z]*c$/.test(arg))
    const script = at < 0 ? undefined : args[at + 1]
    if (script !== undefined) return scriptWait(script, name)
    if (name === 'busybox' && args[0] === 'sleep')
      return sleepWait(args.slice(1), name) ?? unknownScript(args.join(' '))
  }
  // Some images bring a waiting command of their own: `gateway sleep --duration=40s`.
  const own = args[0] === 'sleep' ? args.slice(1).map((arg) => arg.replace(/^--?[a-z]+=/, '')) : []
  return (
    (own.length > 0 ? sleepWait(own, undefined) : undefined) ?? {
      is: 'unknown',
      what: `runs ${short(command.join(' '))}`,
    }
  )
}

/** GNU sleep adds up its arguments, and takes s, m, h and d. */
function sleepWait(args: readonly string[], needs: string | undefined): Wait | undefined {
  const parts = args.map(durationSeconds)
  const seconds = parts.reduce<number>((sum, part) => sum + (part ?? Number.NaN), 0)
  return args.length === 0 || Number.isNaN(seconds) ? undefined : { is: 'known', seconds, ...(needs && { needs }) }
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** `5`, `0.5`, `2m`: seconds; undefined for anything else. */
export function durationSeconds(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|[smhd])?$/.exec(text.trim())
  if (!match) return undefined
  return Number(match[1]) * (match[2] === 'ms' ? 0.001 : (unitSeconds[match[2] ?? 's'] ?? 1))
}

/** Where a script decides, repeats or computes, how long it takes can't be read off it. */
const computed = /\b(?:for|while|until|if|case|select|function|wait|trap)\b|\$|`|&\s*(?:$|[^&])/
/** Commands that end at once, so that they add nothing to a wait. */
const instant = /^(?:echo|true|:|touch|kill|rm|date|exit|nginx\s+-s|\S*\/nginx\s+-s|set)\b|^$/

/** A row of commands of which some sleep. */
function scriptWait(script: string, shell: string): Wait {
  const withoutPids = script.replace(/\$\$|\$\(pidof [\w-]+\)/g, '1')
  if (computed.test(withoutPids.replaceAll('&&', ';'))) return unknownScript(script)
  let seconds = 0
  let sleeps = 0
  let others = false
  for (const part of withoutPids.split(/;|&&|\|\||\n/).map((one) => one.trim())) {
    const slept = /^(?:exec\s+)?(?:\S*\/)?sleep\s+([^|<>]+?)(?:\s*\d?>.*)?$/.exec(part)
    const wait = slept?.[1] === undefined ? undefined : sleepWait(slept[1].split(/\s+/), shell)
    if (wait?.is === 'known') {
      seconds += wait.seconds
      sleeps++
    } else if (slept) return unknownScript(script)
    else others ||= !instant.test(part)
  }
  if (sleeps === 0) return unknownScript(script)
  return { is: 'known', seconds, needs: shell, ...(others && { atLeast: true as const }) }
}

const unknownScript = (script: string): Wait => ({ is: 'unknown', what: `runs ${short(script)}` })

const short = (text: string): string => {
  const line = text.trim().replace(/\s+/g, ' ')
  return line.length > 60 ? `${line.slice(0, 57)}...` : line
}
