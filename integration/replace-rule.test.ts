// The remedy on the kernel's own rules: one rule rewritten by the executor's arm, and undone, with all three tools.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import type { Step } from '../src/contract/hazard.ts'
import { undoOf } from '../src/engine/act.ts'
import { execute } from '../src/engine/executor.ts'
import { recordedWorld } from '../src/engine/fixtures/recorded-world.ts'
import { type Look, look, type Memory } from '../src/engine/look.ts'
import { defaultPolicy } from '../src/engine/policy.ts'
import type { Situation } from '../src/engine/situation.ts'
import { subjectKey } from '../src/engine/subjects.ts'
import { hazards } from '../src/hazards/index.ts'
import { command } from '../src/lab/command.ts'
import { makeNamespaces, type Namespaces } from '../src/lab/network-namespaces.ts'
import { nodeNetworkHint } from '../src/lab/node-network.ts'
import { pause } from '../src/lab/pause.ts'
import { startSnatNode } from '../src/lab/snat-node.ts'
import { isRead, networkSeen } from '../src/linux/network.ts'
import { fullyRandom } from '../src/linux/random-ports.ts'
import type { SnatRule } from '../src/linux/snat-rules.ts'
import { readNatRules } from '../src/node/nat-rules.ts'
import { readNetwork } from '../src/node/network.ts'
import { replaceRuleArm } from '../src/node/replace-rule.ts'
import { machineZones } from '../src/node/time-zones.ts'

const hint = nodeNetworkHint(process.env)
if (hint !== undefined) process.stderr.write(`skipped: ${hint}\n`)

const lock = '/run/xtables.lock'

const backEnds = ['iptables-legacy', 'iptables-nft', 'nft'] as const
type BackEnd = (typeof backEnds)[number]

const dump: Readonly<Record<BackEnd, string>> = {
  'iptables-legacy': "iptables-legacy-save -c | grep -v '^#'",
  'iptables-nft': "iptables-nft-save -c | grep -v '^#'",
  nft: 'nft -a list ruleset',
}

describe.skipIf(hint !== undefined)('a rule of a real kernel', () => {
  let namespaces: Namespaces | undefined
  afterEach(() => namespaces?.remove())

  /** A namespace whose rules are set by script, with a process in it. */
  async function node(...commands: readonly string[]) {
    namespaces = await makeNamespaces(['node'])
    const { of, run } = namespaces
    for (const line of commands) await run('node', 'sh', '-c', line)
    const holder = spawn('ip', ['netns', 'exec', of('node'), 'sh', '-c', 'echo on; exec sleep 600'])
    await once(holder.stdout, 'data')
    const within = holder.pid ?? 0
    const limits = { within, toolMs: 10_000 }
    return {
      run: (line: string) => run('node', 'sh', '-c', line),
      arm: replaceRuleArm({ ...limits, lock }),
      async rules(): Promise<readonly SnatRule[]> {
        const seen = await readNatRules(`/proc/${within}/net`, limits)
        return isRead(seen) ? seen.snat : []
      },
    }
  }

  const stepOf = (rule: SnatRule): Step => {
    const { backEnd, family, table, chain, position, text } = rule
    return {
      do: 'replace-rule',
      why: 'a test',
      target: { source: { node: 'n' }, kind: 'Rule', name: text },
      rule: { backEnd, family, table, chain, position },
      before: text,
      after: fullyRandom(rule) ?? '',
    }
  }

  /** Rules of every sort beside the one that is meant, which is the third; it has counted 7 packets. */
  const sets: Readonly<Record<BackEnd, readonly string[]>> = {
    'iptables-legacy': iptables('iptables-legacy'),
    'iptables-nft': iptables('iptables-nft'),
    nft: [
      'nft add table ip own',
      "nft add chain ip own post '{ type nat hook postrouting priority 100; }'",
      'nft add chain ip own other',
      'nft add rule ip own post oifname lo counter return',
      `nft add rule ip own post ip daddr 192.0.2.0/24 counter packets 3 bytes 180 snat to 198.51.100.7 comment '"with a \\ in it"'`,
      `nft add rule ip own post ip saddr 10.244.0.0/24 ip daddr != 10.244.0.0/24 counter packets 7 bytes 420 masquerade random comment '"ours"'`,
      'nft add rule ip own post ip saddr 10.245.0.0/24 meta mark and 0x4000 == 0x4000 jump other',
      'nft add rule ip own other tcp dport { 80, 443 } counter masquerade',
    ],
  }
  it.each(backEnds)('of %s is rewritten and put back, and all others stay byte for byte', async (backEnd) => {
    const { arm, rules, run } = await node(...sets[backEnd])
    const before = await run(dump[backEnd])
    const rule = (await rules()).find(({ packets }) => packets === 7)
    if (!rule) throw new Error(`no rule was met: ${before}`)
    expect(rule).toMatchObject({ backEnd, position: 3, ports: backEnd === 'nft' ? 'random' : 'kept' })
    const step = stepOf(rule)
    expect(await arm.apply(step)).toBe('done')
    const after = await run(dump[backEnd])
    const wanted =
      backEnd === 'nft'
        ? ['masquerade random ', 'masquerade fully-random ']
        : ['MASQUERADE\n', 'MASQUERADE --random-fully\n']
    const line = lines(before).findIndex((one) => one.includes('10.244'))
    const changed = lines(before).with(
      line,
      `${lines(before)[line]}\n`.replace(wanted[0] ?? '', wanted[1] ?? '').replace(/\n$/, ''),
    )
    expect(lines(after)).toEqual(changed)
    expect(after).not.toBe(before)
    const undo = undoOf(step)
    if (!undo) throw new Error('it can not be undone')
    expect(await arm.apply(undo)).toBe('done')
    expect(await run(dump[backEnd])).toBe(before)
  })

  it.each(backEnds)('of %s is left alone once its number names another one', async (backEnd) => {
    const { arm, rules, run } = await node(...sets[backEnd])
    const rule = (await rules()).find(({ packets }) => packets === 7)
    if (!rule) throw new Error('no rule was met')
    await run(
      backEnd === 'nft'
        ? 'nft insert rule ip own post oifname lo counter return'
        : `${backEnd} -t nat -I POSTROUTING -s 10.9.0.0/16 -j RETURN`,
    )
    const before = await run(dump[backEnd])
    expect(await arm.apply(stepOf(rule))).toMatchObject({
      held: expect.stringMatching(/^number 3 of \S+ is another rule by now: /),
    })
    expect(await arm.apply(stepOf({ ...rule, position: 40 }))).toMatchObject({
      held: expect.stringMatching(/no number 40$/),
    })
    expect(await run(dump[backEnd])).toBe(before)
  })

  it('is not undone once somebody else has changed it', async () => {
    const { arm, rules, run } = await node(...sets['iptables-nft'])
    const [, rule] = await rules()
    if (!rule) throw new Error('no rule')
    const step = stepOf(rule)
    expect(await arm.apply(step)).toBe('done')
    await run('iptables-nft -t nat -R POSTROUTING 3 -s 10.244.0.0/24 -j MASQUERADE --random')
    const before = await run(dump['iptables-nft'])
    const undo = undoOf(step)
    expect(undo && (await arm.apply(undo))).toMatchObject({ held: expect.stringContaining('another rule by now') })
    expect(await run(dump['iptables-nft'])).toBe(before)
  })

  it('of iptables-nft is never written by nft', async () => {
    const { arm, rules, run } = await node(...sets['iptables-nft'])
    const [, rule] = await rules()
    if (!rule) throw new Error('no rule')
    const before = await run(dump['iptables-nft'])
    const held = await arm.apply(stepOf({ ...rule, backEnd: 'nft' }))
    expect(held).toMatchObject({ held: "table nat is iptables-nft's: nft must not change it" })
    expect(await run(dump['iptables-nft'])).toBe(before)
  })

  it('that its tool refuses is held, with what the tool says', async () => {
    const { arm, rules, run } = await node(...sets['iptables-legacy'])
    const rule = (await rules()).find(({ packets }) => packets === 7)
    if (!rule) throw new Error('no rule was met')
    const before = await run(dump['iptables-legacy'])
    const step = stepOf(rule)
    if (step.do !== 'replace-rule') throw new Error('another step')
    expect(await arm.apply({ ...step, after: `${step.before} --no-such-flag` })).toMatchObject({
      held: expect.stringContaining('no-such-flag'),
    })
    expect(await run(dump['iptables-legacy'])).toBe(before)
  })

  it('waits for whoever holds the lock, lets nobody in between, and gives up after a while', async () => {
    const { arm, rules } = await node(...sets['iptables-legacy'])
    const rule = (await rules()).find(({ packets }) => packets === 7)
    if (!rule) throw new Error('no rule was met')
    const hold = (seconds: number) => spawn('flock', ['--no-fork', lock, 'sleep', String(seconds)])
    const long = hold(60)
    try {
      await pause(300, new AbortController().signal)
      expect(await arm.apply(stepOf(rule))).toMatchObject({ held: `somebody else holds ${lock} for over 5 s` })
    } finally {
      long.kill()
    }
    const short = hold(1)
    await pause(300, new AbortController().signal)
    expect(await arm.apply(stepOf(rule))).toBe('done')
    short.kill()
  })
})

describe.skipIf(hint !== undefined)('the executor, in the namespace of a drill', () => {
  const restores: (() => unknown)[] = []
  afterEach(async () => {
    for (const restore of restores.splice(0).toReversed()) await restore()
  })

  // The race itself is the drill's: here the counters are said to grow, and only the rules are the kernel's own.
  it.each(backEnds)('rewrites the rule of %s under which packets are lost, and undoes it', async (backEnd) => {
    const node = await startSnatNode(backEnd)
    restores.push(() => node.stop())
    await node.collide({ count: 5, everyMs: 2, firstPort: 10_000 }, new AbortController().signal)
    const rules = () => command('nsenter', ['-t', String(node.pid), '-n', 'sh', '-c', dump[backEnd]])
    const lookAt = await lookerAt(node.pid)
    await lookAt()
    const { judged } = await lookAt()
    const before = await rules()
    const arm = replaceRuleArm({ within: node.pid, toolMs: 10_000, lock })
    const steps: Step[] = []
    const audits = await execute(judged, {
      arms: [{ does: arm.does, apply: (step) => Promise.resolve(steps.push(step)).then(() => arm.apply(step)) }],
      ceiling: 'act',
      situation: () => Promise.resolve(mayAct()),
      again: async (one) =>
        (await lookAt()).judged.filter((now) => subjectKey(now.subject) === subjectKey(one.subject)),
      tried: () => new Set(),
      record: () => Promise.resolve(),
    })
    expect(audits.map(({ outcome, step, because }) => [outcome, step, because])).toEqual([
      ['done', 'random-ports', undefined],
    ])
    const flag =
      backEnd === 'nft' ? ['masquerade', 'masquerade fully-random'] : ['MASQUERADE', 'MASQUERADE --random-fully']
    // iptables-legacy writes the counters of the policies of other chains anew.
    const bare = (text: string) => text.replace(/^(:\S+ \S+) \[\d+:\d+\]$/gm, '$1')
    expect(bare(await rules())).toBe(bare(before).replace(flag[0] ?? '', flag[1] ?? ''))
    const [undo] = steps.map(undoOf)
    expect(undo && (await arm.apply(undo))).toBe('done')
    expect(bare(await rules())).toBe(bare(before))
  })

  /** Looks at the network of a process; with each look 100 more packets are said to have been lost. */
  async function lookerAt(within: number) {
    let [memory, lost]: [Memory, number] = [new Map(), 0]
    return async (): Promise<Look> => {
      lost += 100
      const network = await readNetwork({ proc: '/proc', within, toolMs: 10_000 })
      const statistics = { broken: [], cpus: [{ insert_failed: lost, chaintoolong: 0 }] }
      const seenNow = { ...network, statistics, pods: [], name: 'n' }
      const world = recordedWorld([[networkSeen, [seenNow]]], { source: { node: 'n' } })
      const at = { now: 0, ticks: lost * 1000, zones: machineZones(), memory }
      const seen = await look({
        hazards: hazards.filter(({ id }) => id === 'snat-race'),
        vantages: ['node'],
        world,
        ...at,
      })
      memory = seen.memory
      return seen
    }
  }
})

/** A policy that says act, and nothing against it. */
function mayAct(): Situation {
  const at = <T>(value: T) => ({ value, ticks: 0 })
  const node = { name: 'n', runtimeUpMs: undefined, runtimeAnswers: false, agentUpMs: 1e9, timersLateMs: 0 }
  return {
    now: 0,
    ticks: 0,
    policy: at({ ...defaultPolicy, hazards: { 'snat-race': { mode: 'act' } } }),
    done: at([]),
    pod: undefined,
    node: { ...node, kubeletHealthy: false, containers: 0, condemned: 0, pauseFile: false },
  }
}

const lines = (text: string): readonly string[] => text.split('\n')

function iptables(tool: string): readonly string[] {
  return [
    `${tool} -t nat -N OWN`,
    `${tool} -t nat -A POSTROUTING -o lo -j RETURN`,
    `${tool} -t nat -A POSTROUTING -d 192.0.2.0/24 -m comment --comment 'with a \\ and a "quote" $HOME' -j SNAT --to-source 198.51.100.7 -c 3 180`,
    `${tool} -t nat -A POSTROUTING -s 10.244.0.0/24 ! -d 10.244.0.0/24 -m comment --comment 'ours, -c 4 5' -c 7 420 -j MASQUERADE`,
    `${tool} -t nat -A POSTROUTING -m mark --mark 0x4000/0x4000 -j OWN`,
    `${tool} -t nat -A OWN -p tcp -m multiport --dports 80,443 -j MASQUERADE --to-ports 1024-2000`,
  ]
}
