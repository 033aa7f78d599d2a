import { Command, Option } from 'commander'
import { type Mode, modes } from '../engine/policy.ts'
import { type Io, UsageError } from './io.ts'
import { wholeNumber } from './scan-options.ts'
import { anotherTarget, probeRate, type Target } from './target.ts'

/** The options of `agent` as commander gives them. */
export interface AgentOptions {
  readonly once?: true
  readonly output: 'terminal' | 'json'
  readonly socket?: string
  readonly actor?: string
  readonly hostRoot: string
  readonly kubeconfig?: string
  readonly node?: string
  readonly rounds: number
  readonly every?: number
  readonly inspectLimit: number
  readonly listen: string
  readonly kubelet?: string
  readonly kubeletHealthz: string
  readonly kubeletToken?: string
  readonly mode: Mode
  readonly policy?: string
  readonly namespace?: string
  readonly pauseFile: string
  readonly conditions?: true
  readonly evidence: string
  readonly config?: string
  readonly network?: true
  readonly probe: readonly Target[]
  readonly probeRate: number
}

/** `roadcrew agent`: which containers of this node can't be inspected, and what else is wrong with them. */
export function agentCommand(io: Io, done: (exitCode: number) => void): Command {
  return new Command('agent')
    .description("look at this node's runtime and containers, and act where the policy says so")
    .option('--once', 'look a few times and end; without it, until it is stopped')
    .addOption(
      new Option('-o, --output <format>', 'how to write the report').choices(['terminal', 'json']).default('terminal'),
    )
    .option('--socket <path>', "the runtime's socket (default: the usual places are searched)")
    .option('--actor <path>', 'the socket of an actor that is asked instead of the runtime, and takes the steps')
    .option('--host-root <path>', "where the node's root is mounted", '/')
    .option(
      '--kubeconfig <file>',
      'of the API server that knows which Pods should be gone (default: that of the Pod it runs in)',
    )
    .option('--node <name>', 'what the API server calls this node (default: $NODE_NAME, else the host name)')
    .option('--rounds <n>', 'how often it is looked, at most; once is enough if all is well', wholeNumber, 4)
    .option('--every <seconds>', 'from the start of one round to the next (default: 15; with --once 8)', wholeNumber)
    .option('--inspect-limit <seconds>', 'how long one inspection may take', wholeNumber, 5)
    .option('--listen <host:port>', 'where /metrics and /healthz are served', '127.0.0.1:9842')
    .option(
      '--kubelet <url>',
      'where the kubelet serves its metrics, such as https://127.0.0.1:10250 (default: they are not asked for)',
    )
    .option(
      '--kubelet-healthz <url>',
      'where the kubelet says that it lives; "none": it is not asked',
      'http://127.0.0.1:10248/healthz',
    )
    .option('--kubelet-token <file>', "the bearer token for --kubelet (default: the service account's)")
    .addOption(
      new Option('--mode <mode>', 'the most that it may do, whatever the policy says').choices(modes).default('act'),
    )
    .option('--policy <file>', 'what it may do (default: the ConfigMap roadcrew-policy; without one it only observes)')
    .option('--namespace <name>', "where Roadcrew's policy and its budget are (default: $POD_NAMESPACE, else roadcrew)")
    .option('--conditions', 'set conditions of the node while something is wrong with it')
    .option('--pause-file <path>', 'while this file is there nothing is done', '/run/roadcrew/pause')
    .option(
      '--evidence <folder>',
      'where is kept what was known before something was ended',
      '/var/log/roadcrew/evidence',
    )
    .option('--network', 'read conntrack counters, NAT rules and IPVS too; needs root and the tools of the node')
    .addOption(
      new Option(
        '--probe <host:port>',
        'connect to this server now and then, to see lost SYNs; many times for up to 10; not with --once',
      )
        .argParser(anotherTarget)
        .default([], 'none'),
    )
    .option('--probe-rate <n>', 'connects a second to each of them, from 0.01 to 10', probeRate, 1)
    .option(
      '--config <file>',
      'YAML: the options by their names without dashes, and the settings of hazards; flags win',
    )
    .addHelpText(
      'after',
      `
A first failed inspection makes a container suspicious. It is condemned after three of them over 20 s, and only if something
else is wrong with it too; with fewer or quicker rounds nothing is condemned.

With an API server and a policy that says advise or act, the agent takes the smallest step that cures a condemned container, if
no rail holds it back; every step is an audit line, a metric and an Event. --once never changes anything.

Examples:
  sudo roadcrew agent --once                       the runtime of this machine
  sudo roadcrew agent --once --rounds 1            a quick look
  sudo roadcrew agent --once --kubelet https://127.0.0.1:10250 --kubelet-token token    the kubelet's figures as well
  sudo roadcrew agent                              round by round: changes as JSON lines, the rest on /metrics
  sudo roadcrew agent --kubeconfig node.conf       the same, and it acts as far as the cluster's policy lets it
  sudo roadcrew agent --kubeconfig node.conf --mode observe
  sudo roadcrew agent --network --probe db.example.com:5432
  sudo roadcrew agent --once -o json --socket /run/containerd/containerd.sock

--probe goes out from the network that the agent is in. From the node's own, as with hostNetwork, most rules that translate the
sources of Pods are not met: lost SYNs are seen, but not the race for a port. Every node probes: mind what the server bears.

A config file:
  every: 10
  probe: ["db.example.com:5432"]
  conditions: true
  hazards: {<id>: {<setting>: <value>}}       docs/settings.schema.json lists them

Exit codes of --once:
  0   every container answers
  1   some do not, or something else is wrong with them
  2   could not look everywhere; the report says where
  64  wrong usage`,
    )
    .action(async (_: AgentOptions, command: Command) => {
      const { hazards } = await import('../hazards/index.ts')
      const { configured } = await import('./agent-config.ts')
      const { options, settings } = configured(
        command,
        hazards.filter(({ node }) => node),
      )
      if (options.once && command.getOptionValueSource('probe') === 'cli')
        throw new UsageError('--probe is for an agent that goes on; once and by hand: roadcrew probe host:port')
      if (!options.once) {
        const { agentLoop } = await import('./agent-loop.ts')
        await agentLoop(options, settings, io)
        return
      }
      const { agentOnce } = await import('./agent-once.ts')
      const { text, exitCode } = await agentOnce(options, settings, io)
      io.out(text)
      done(exitCode)
    })
}
