// What it costs to read a node's network: the counters of 64 CPUs, and 50,000 rules beside the tool that prints them. Needs root.
import { spawnSync } from 'node:child_process'
import { makeNamespaces } from '../src/lab/network-namespaces.ts'
import { parseConntrackStatistics } from '../src/linux/conntrack.ts'
import { parseIptables } from '../src/linux/iptables-rules.ts'
import { type BenchRow, less } from './table.ts'

const rules = 50_000
const cpus = 64

const header =
  'entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete search_restart'

/** The best of some tries, ms. */
function best(work: () => void): number {
  const times = Array.from({ length: 7 }, () => {
    const began = performance.now()
    work()
    return performance.now() - began
  })
  return Math.min(...times)
}

/** As kube-proxy writes them, for many Services. */
const ruleLines = (): string[] =>
  Array.from(
    { length: rules },
    (_, n) =>
      `-A KUBE-SERVICES -d 10.96.${n >> 8}.${n & 255}/32 -p tcp -m comment --comment "shop/cart-${n}:http cluster IP, SNAT" -m tcp --dport 80 -j ACCEPT`,
  )

export async function networkBench(): Promise<BenchRow[]> {
  const row = Array.from({ length: 17 }, (_, n) => (n * 7919).toString(16).padStart(8, '0')).join(' ')
  const counters = `${header}\n${`${row}\n`.repeat(cpus)}`
  const namespaces = await makeNamespaces(['bench'])
  try {
    const inside = (command: string, input?: string) =>
      spawnSync('ip', ['netns', 'exec', namespaces.of('bench'), 'sh', '-c', command], { input, maxBuffer: 2 ** 28 })
    inside('iptables-nft-restore', `*nat\n:KUBE-SERVICES - [0:0]\n${ruleLines().join('\n')}\nCOMMIT\n`)
    const text = inside('iptables-nft-save -t nat -c').stdout.toString()
    const read = parseIptables(text, 'iptables-nft')
    if (read.rules !== rules) throw new Error(`${read.rules} rules were read, not ${rules}`)
    const save = best(() => inside('iptables-nft-save -t nat -c > /dev/null'))
    return [
      less(
        `parse ${rules.toLocaleString('en')} rules`,
        best(() => parseIptables(text, 'iptables-nft')),
        'iptables-save',
        save,
        'ms',
      ),
      less(
        `parse the counters of ${cpus} CPUs`,
        best(() => parseConntrackStatistics(counters)),
        'goal',
        2,
        'ms',
      ),
    ]
  } finally {
    namespaces.remove()
  }
}
