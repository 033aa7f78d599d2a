// The drill of reloads, as a person runs it: a real nginx whose old workers stay, seen through a real API server.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { removeOrphans } from '../src/lab/lab-folder.ts'
import { nginxHint } from '../src/lab/nginx.ts'
import { drillIn, leftOf, processesOf } from './drill-process.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'

function nginxOrSkip(): boolean {
  const hint = nginxHint(process.env)
  if (hint !== undefined) process.stderr.write(`skipped for want of nginx: ${hint}\n`)
  return hint !== undefined
}

const hazard = 'reload-storm'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roadcrew-storm-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The three figures of a row of the last table. */
const row = (out: string, name: string): readonly number[] =>
  (new RegExp(`^ +${name} +(\\d+) +(\\d+) +(\\d+)$`, 'm').exec(out) ?? []).slice(1).map(Number)

describe.skipIf([controlPlaneOrSkip(), nginxOrSkip()].includes(true))('the drill of reloads', () => {
  it('leaves old workers behind, finds them by metrics, limits them as advised, and is clear with fewer reloads', async () => {
    const { code, out, err } = await drillIn(folder, hazard)
    expect([err, code]).toEqual(['', 0])
    expect(out).toMatch(/looked meanwhile[\s\S]*old-workers-pile-up {2}\d+ old workers/)
    expect(out).toMatch(/worker-shutdown-timeout +240s\n/)
    expect(out).toContain('looked: clear; the three side by side')
    const [endless = 0, limited = 0, gathered = Number.NaN] = row(out, 'old workers, at most')
    expect(endless).toBeGreaterThan(2 * limited)
    expect(gathered).toBeLessThan(limited)
    const [most = 0, , few = Number.NaN] = row(out, 'memory at the end \\(MiB\\)')
    expect(most).toBeGreaterThan(few)
    // What the limit costs.
    const [none, ...cut] = row(out, 'requests cut off')
    expect(none).toBe(0)
    for (const count of cut) expect(count).toBeGreaterThan(0)
    expect(leftOf(folder)).toEqual([])
  }, 300_000)

  it('that is stopped in the storm leaves nothing', async () => {
    const stop = { act: /a control plane of its own/, signal: 'SIGINT', afterMs: 2500 } as const
    const { code, err } = await drillIn(folder, hazard, stop)
    expect([code, leftOf(folder)]).toEqual([130, []])
    expect(err).not.toContain('not restored')
  }, 120_000)

  it('that is killed in the storm takes nginx with it, and the next lab the rest', async () => {
    await drillIn(folder, hazard, { act: /a control plane of its own/, signal: 'SIGKILL', afterMs: 2500 })
    const serving = () => processesOf(folder).filter((command) => !/etcd|kube-/.test(command))
    await expect.poll(serving, { timeout: 30_000 }).toEqual([])
    removeOrphans(folder)
    expect(leftOf(folder)).toEqual([])
  }, 120_000)
})
