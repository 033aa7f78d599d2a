import { Command, InvalidArgumentError, Option } from 'commander'
import type { Io } from './io.ts'
import { wholeNumber } from './scan-options.ts'

/** The options of `probe` as commander gives them. */
export interface ProbeOptions {
  readonly rate: number
  readonly for: number
  readonly limit: number
  readonly pair?: readonly [number, number]
  readonly count: number
  readonly output: 'terminal' | 'json'
}

/** @throws InvalidArgumentError if it is no two process ids. */
function pairOf(text: string): readonly [number, number] {
  const [, first, second] = /^(\d+),(\d+)$/.exec(text) ?? []
  if (first === undefined || first === second)
    throw new InvalidArgumentError('expected two process ids, such as 4711,4712')
  return [Number(first), Number(second)]
}

/** `roadcrew probe host:port`: how long connects take, and whether SYNs were lost on the way. */
export function probeCommand(io: Io, done: (exitCode: number) => void): Command {
  return new Command('probe')
    .description('connect to a server now and then, and tell lost SYNs by how long it took')
    .argument('<host:port>', 'the server; nothing is sent to it')
    .option('--rate <n>', 'connects a second', wholeNumber, 5)
    .option('--for <seconds>', 'how long', wholeNumber, 60)
    .option('--limit <seconds>', 'how long one connect may take', wholeNumber, 20)
    .option('--pair <pid,pid>', 'let two Pods collide: processes in their network namespaces; needs root', pairOf)
    .option('--count <n>', 'how many connects each of the pair makes twice, 5 ms apart', wholeNumber, 500)
    .addOption(new Option('-o, --output <format>', 'how to write it').choices(['terminal', 'json']).default('terminal'))
    .addHelpText(
      'after',
      `
A SYN that was lost comes again after 1 s, then after 3 s and 7 s in all (since Linux 6.5 after 1, 2, 3, 4, 5, 7, 11 s): connects
that take just that much longer met a loss. None among few says little, so the most that so many connects allow is told. Of a name one
address is tried each time, and to look it up is no part of the time. roadcrew agent --probe does the same all the time.

With --pair both Pods connect at the same instant, first from the same source port, which is how flows race for a translated port,
then from different ones. If more SYNs are lost only from the same port, source address translation (SNAT) is the cause: a server
whose queue is full loses SYNs as well, but from any port.

Examples:
  roadcrew probe db.example.com:5432
  roadcrew probe 10.96.0.1:443 --rate 20 --for 120 -o json
  sudo roadcrew probe 192.0.2.100:8080 --pair 4711,4712

Exit codes:
  0   no connect met such a step
  1   some did
  2   no connect came about
  64  wrong usage`,
    )
    .action(async (target: string, options: ProbeOptions) => {
      const { runProbe } = await import('./probe-run.ts')
      done(await runProbe(target, options, io))
    })
}
