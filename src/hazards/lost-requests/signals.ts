// What becomes of SIGTERM: a shell that keeps it to itself, an nginx for which it means to drop everything. All by names: guesses.
import type { Container } from 'kubernetes-types/core/v1.js'
import type { Version } from '../../contract/hazard.ts'
import { olderThan } from '../../objects/version.ts'

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
const shells = ['sh', 'bash', 'ash', 'dash']

/** What `sh -c` is given; undefined where the container runs something else. `shell`: its name. */
function scriptOf({ command, args }: Container): { readonly shell: string; readonly script: string } | undefined {
  if (!command) return undefined
  const [program, ...rest] = [...command, ...(args ?? [])].map(String)
  const shell = baseName(program ?? '')
  if (command.length === 0 || !shells.includes(shell)) return undefined
  const at = rest.findIndex((arg) => /^-[a-z]*c$/.test(arg))
  const script = at < 0 ? undefined : rest[at + 1]
  return script === undefined ? undefined : { shell, script }
}

/** Images of Debian and Ubuntu, whose sh is dash. */
const debian =
  /(?:^|[:/._-])(?:debian|ubuntu|stretch|buster|bullseye|bookworm|trixie|focal|jammy|noble|slim)(?=[.@:_-]|$)/

/** Without what is quoted or expanded, redirections and comments: only the commands and what joins them. */
const bare = (script: string): string =>
  script
    .replace(/'[^']*'|"(?:\\.|[^"\\])*"|\$\{[^}]*\}|\$\([^)]*\)|`[^`]*`/g, 'x')
    .replace(/\d*[<>]&\d*-?|&>+/g, '>')
    .replace(/(^|\s)#.*$/gm, '')
    .trim()

/**
 * Why a shell stays PID 1 before an application; undefined where it replaces itself with it, passes signals on (trap), or may
 * do either. PID 1 gets no signal that it has no handler for, unless that is SIGKILL (pid_namespaces(7)). Seen on dash 0.5.12,
 * bash 5.2 and busybox 1.35: all stay where the script ends with a pipe, a loop or a wait; with a last plain command bash and
 * busybox become it, dash does not.
 */
export function shellStays(container: Container): string | undefined {
  const run = scriptOf(container)
  if (!run || /\b(?:trap|tini|dumb-init)\b/.test(run.script)) return undefined
  const script = bare(run.script)
  if (script === '' || /(?:^|[;&|\n])\s*exec\s+[^<>\s]/.test(script)) return undefined
  if (/(?:^|[;&\n\s])wait(?:\s+\S+)*$/.test(script) && /[^&>]&(?!&)/.test(script))
    return 'waits for what it started in the background'
  if (/(?:^|[;\s])done$/.test(script)) return 'runs a loop'
  const last =
    script
      .split(/;|\n|&&|\|\|/)
      .at(-1)
      ?.trim() ?? ''
  if (last.includes('|')) return 'runs a pipe'
  const isDash =
    run.shell === 'dash' ||
    (run.shell === 'sh' && debian.test(container.image ?? '') && !/alpine/.test(container.image ?? ''))
  return isDash && /^[\w./-]/.test(last) ? 'runs it as a child, being dash by its image' : undefined
}

const hookText = ({ lifecycle }: Container): string => (lifecycle?.preStop?.exec?.command ?? []).join(' ')

/** Whether a preStop hook itself tells processes to end. */
export const hookKills = (container: Container): boolean => /\bp?kill(?:all)?\b/.test(hookText(container))

/** The release from which on a container may name its signal, where the gate ContainerStopSignals is on (KEP-4960, alpha). */
const stopSignalSince = 33

/** `lifecycle.stopSignal`; kubernetes-types does not know it yet. */
function stopSignal({ lifecycle }: Container, version: Version | undefined): string | undefined {
  const signal: unknown = lifecycle && 'stopSignal' in lifecycle ? lifecycle.stopSignal : undefined
  return typeof signal === 'string' && !olderThan(version, stopSignalSince) ? signal : undefined
}

/** The official image, and mirrors that keep its name. */
const officialNginx =
  /^(?:(?:(?:index\.)?docker\.io\/)?(?:library\/)?|[\w.:-]+\/(?:[\w.-]+\/)*library\/)nginx(?::([\w.-]+))?(?:@|$)/

/**
 * Official images whose STOPSIGNAL is SIGTERM: 1.13.1 and 1.12.1 set it (docker-library/official-images#2992, #3173), 1.19.5
 * went back to SIGQUIT (nginx/docker-nginx#457). The tags of 1.18 were built anew that day, so that they tell nothing.
 */
function stopsBySigterm(tag: string): boolean {
  const [, minor, patch] = /^1\.(\d+)(?:\.(\d+))?(?:-|$)/.exec(tag)?.map(Number) ?? []
  if (minor === undefined || Number.isNaN(minor)) return false
  if (minor === 12 || minor === 13) return patch !== 0
  return (minor > 13 && minor < 18) || (minor === 19 && patch !== undefined && patch <= 4)
}

/** SIGTERM and SIGINT are nginx's fast stop, SIGQUIT the one that lets requests end (nginx.org, Controlling nginx). */
export interface FastStop {
  readonly signal: string
  /** Where the signal stands in the container; undefined: in its image, by its tag. */
  readonly told?: readonly string[]
  /** The hook says quit, and SIGTERM comes as soon as it has ended. */
  readonly quitsFirst?: true
}

/** Whether a container is an nginx that drops its requests when it is stopped; undefined if nothing says so. */
export function fastStop(container: Container, version: Version | undefined): FastStop | undefined {
  const { image = '', command } = container
  const official = officialNginx.exec(image)
  if (!official || (command?.[0] !== undefined && baseName(command[0]) !== 'nginx')) return undefined
  const signal = stopSignal(container, version)
  if (signal !== undefined && signal !== 'SIGTERM' && signal !== 'SIGINT') return undefined
  if (signal === undefined && !stopsBySigterm(official[1] ?? '')) return undefined
  const hook = hookText(container)
  const quits = /-s\s*quit\b|-QUIT\b|SIGQUIT/.test(hook)
  if (quits && /\b(?:sleep|while|until|wait|tail)\b/.test(hook)) return undefined
  return {
    signal: signal ?? 'SIGTERM',
    ...(signal !== undefined && { told: ['lifecycle', 'stopSignal'] }),
    ...(quits && { quitsFirst: true as const }),
  }
}
