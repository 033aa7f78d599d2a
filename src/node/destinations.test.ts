import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { NatRules } from '../linux/network.ts'
import { readDestinations } from './destinations.ts'

const entry = (port: number): string =>
  `ipv4     2 tcp      6 9 ESTABLISHED src=10.244.0.2 dst=198.51.100.7 sport=40000 dport=443 src=198.51.100.7 dst=192.0.2.1 sport=443 dport=${port} [ASSURED] mark=0 use=1\n`
const both = [{ protocol: 'tcp', to: '198.51.100.7:443', from: '192.0.2.1', flows: 2, ports: { min: 2000, max: 2001 } }]
const nothing: NatRules = { snat: [], backEnds: [], unread: [] }
const large = { count: 60_000, max: 262_144 }

describe('how many flows go to each destination, of a fake conntrack', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'roadcrew-destinations-'))
    for (const name of ['bin', 'net']) mkdirSync(join(folder, name))
    vi.stubEnv('PATH', join(folder, 'bin'))
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true })
  })
  const fake = (script: string): void => {
    const path = join(folder, 'bin/conntrack')
    writeFileSync(path, `#!/bin/sh\n${script}\n`)
    chmodSync(path, 0o755)
  }
  const file = (text: string): void => writeFileSync(join(folder, 'net/nf_conntrack'), text)
  const read = (table = large, rules = nothing, toolMs = 5000) =>
    readDestinations(join(folder, 'net'), { toolMs }, rules, table)

  it('is what it prints, also without an end of line', async () => {
    fake(`printf '${entry(2000)}${entry(2001).trim()}'; echo 'conntrack v1.4.7: 2 flow entries have been shown.' >&2`)
    expect(await read()).toEqual({ busiest: both })
  })

  it('is read from the file where there is no conntrack, or it fails', async () => {
    file(entry(2000) + entry(2001))
    expect(await read()).toEqual({ busiest: both })
    fake(`printf '${entry(2000)}'; echo 'Operation failed' >&2; exit 1`)
    expect(await read()).toEqual({ busiest: both })
  })

  it('is not known where neither can be read', async () => {
    fake('echo "conntrack v1.4.7 (conntrack-tools): Operation failed: Operation not permitted" >&2; exit 1')
    expect(await read()).toEqual({
      because: expect.stringMatching(/^conntrack -L: .*not permitted; ".*nf_conntrack": ENOENT/),
    })
  })

  it('is not waited for without end', async () => {
    fake(`printf '${entry(2000)}'; exec /bin/sleep 30`)
    expect(await read(large, nothing, 300)).toEqual({ because: expect.stringContaining('within 0.3 s') })
  })

  it('is not asked for in a table too small for one to run out', async () => {
    fake(`printf '${entry(2000)}${entry(2001)}'`)
    expect(await read({ count: 58_060, max: 262_144 })).toEqual({ busiest: [] })
    expect(await read({ count: 58_061, max: 262_144 })).toEqual({ busiest: both })
    const text = '-A POSTROUTING -p tcp -j MASQUERADE --to-ports 1024-1123'
    const rule = { backEnd: 'iptables-nft', family: 'ip', table: 'nat', chain: 'POSTROUTING', position: 1 } as const
    const narrow = { ...nothing, snat: [{ ...rule, target: 'MASQUERADE', ports: 'kept', text } as const] }
    expect(await read({ count: 89, max: 262_144 }, narrow)).toEqual({ busiest: [] })
    expect(await read({ count: 90, max: 262_144 }, narrow)).toEqual({ busiest: both })
  })
})
