import { Command, InvalidArgumentError, Option } from 'commander'
import { parseDuration } from '../objects/duration.ts'
import type { Io } from './io.ts'
import { wholeNumber } from './scan-options.ts'

/** The options of `rollout` as commander gives them; times in ms. */
export interface RolloutOptions {
  readonly url?: string
  readonly watchOnly?: true
  readonly restart?: true
  readonly yes?: true
  readonly times: number
  readonly for: number
  readonly rate: number
  readonly http: '1.1' | '2' | 'both'
  readonly timeout: number
  readonly slow: number
  readonly maxLost: number
  readonly podHeader?: string
  readonly connectTo?: string
  readonly ca?: string
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
  readonly output: 'terminal' | 'json'
  readonly html?: string
  readonly writeWait?: string
}

/** @throws InvalidArgumentError for what is no time that a measurement could take. */
function duration(text: string): number {
  try {
    const ms = Number(parseDuration(text) / 1_000_000n)
    if (ms >= 1 && ms <= 86_400_000) return ms
  } catch {
    // told below, with what is expected
  }
  throw new InvalidArgumentError('expected a duration from 1ms to 24h, such as 90s or 2m')
}

function atLeastNone(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected a whole number')
  return Number(text)
}

const mostRate = 2000

function rateOf(text: string): number {
  const rate = wholeNumber(text)
  if (rate > mostRate) throw new InvalidArgumentError(`expected at most ${mostRate}: one process keeps no more in time`)
  return rate
}

const withLoad = (command: Command): Command =>
  command
    .option('--url <url>', 'what is asked, by GET; nothing else is')
    .option('--rate <n>', 'requests a second, whatever the answers do: half over a connection each', rateOf, 100)
    .addOption(new Option('--http <version>', 'what is spoken').choices(['1.1', '2', 'both']).default('1.1'))
    .option('--timeout <duration>', 'no whole answer within it is none', duration, 10_000)
    .option('--slow <duration>', 'an answer that takes longer is told of', duration, 1_000)
    .option('--pod-header <name>', 'a header of the answers in which the Pod stands that gave it')
    .option('--connect-to <address>', 'where it connects, whatever the name in the URL resolves to')
    .option('--ca <file>', 'who signed the certificate of the URL, in PEM')

const withWhat = (command: Command): Command =>
  command
    .option('--restart', 'roll it out anew, as kubectl rollout restart does; asks before')
    .option('--yes', 'restart it without asking')
    .option('--times <n>', 'restart it so often, one after the other', wholeNumber, 1)
    .option('--watch-only', 'send nothing: only tell what happens to Pods, endpoints and routes')
    .option('--for <duration>', 'how long at most; with --restart it ends once each is complete', duration, 120_000)
    .option('--max-lost <n>', 'exit with 1 if more are lost', atLeastNone, 0)
    .option('--kubeconfig <file>', 'instead of $KUBECONFIG and ~/.kube/config')
    .option('--context <name>', 'a context of the kubeconfig')
    .option('-n, --namespace <name>', "the workload's (default: that of the context)")

/** `roadcrew rollout deploy/shop --url …`: which requests a rollout loses, and whose fault that is. */
export function rolloutCommand(io: Io, done: (exitCode: number) => void): Command {
  return withWhat(
    withLoad(
      new Command('rollout')
        .description(
          'send requests while a workload is rolled out: which are lost, why, and the wait that it takes to lose none',
        )
        .argument('<kind/name>', 'a Deployment, StatefulSet or DaemonSet, such as deploy/shop'),
    ),
  )
    .addOption(new Option('-o, --output <format>', 'how to write it').choices(['terminal', 'json']).default('terminal'))
    .option('--html <file>', 'write it as a page with the timeline too')
    .option('--write-wait <policy.yaml>', 'write the measured wait into a policy, which scan and the webhook then use')
    .addHelpText(
      'after',
      `
Requests are sent at a constant rate, however long answers take: who waits for an answer before asking again asks least while it hurts
most. Beside them Pods, EndpointSlices, routes and Events are watched, and each lost or slow request is blamed on what happened then.
The time from the deletion of a Pod to the last request that still came to it is the preStop wait that this cluster needs. It takes 20
deletions to say so, such as --times 7 with three replicas; without --pod-header only what was sent in vain shows it.

Examples:
  roadcrew rollout deploy/shop --url https://shop.example.com/health --restart
  roadcrew rollout deploy/shop -n shop --url https://shop.example.com/ --restart --yes --times 7 --html rollout.html
  roadcrew rollout deploy/shop --url http://10.96.14.3/ --for 5m --rate 500     while somebody else deploys
  roadcrew rollout sts/db -n shop --watch-only --for 10m

Exit codes:
  0   no more than --max-lost were lost
  1   more were
  2   it could not be measured, or was not complete in time
  64  wrong usage`,
    )
    .action(async (what: string, options: RolloutOptions) => {
      const { runRollout } = await import('./rollout-run.ts')
      done(await runRollout(what, options, io))
    })
}
