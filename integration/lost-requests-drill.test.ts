// The drill of lost requests, as a person runs it: real processes behind a real nginx, under load.
import { mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { removeOrphans } from '../src/lab/lab-folder.ts'
import { nginxHint } from '../src/lab/nginx.ts'
import { rolloutNodeHint } from '../src/lab/rollout-node.ts'
import { drillIn, leftOf, processesOf } from './drill-process.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'

function nginxOrSkip(): boolean {
  const hint = nginxHint(process.env)
  if (hint !== undefined) process.stderr.write(`skipped for want of nginx: ${hint}\n`)
  return hint !== undefined
}

const hazard = 'lost-requests'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roadcrew-loss-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The acts by their first lines, each with the rows of its table: a name, then figures. */
function actsOf(out: string) {
  return out.split(/^ *[\d.]+ s {3}(?=\S)/m).map((text) => {
    const [act = '', ...lines] = text.split('\n')
    const rows = lines.flatMap((line) => {
      const match = /^ {11}(\S.*?) {2,}(\d+(?: +\d+)+)$/.exec(line)
      return match ? [[match[1] ?? '', (match[2] ?? '').trim().split(/ +/).map(Number)] as const] : []
    })
    return { act, text, rows: new Map(rows) }
  })
}

type Rows = ReadonlyMap<string, readonly number[]>
/** Of each row whose name begins so. */
const lostIn = (rows: Rows, start: string): number[] =>
  [...rows].flatMap(([name, [, lost = -1]]) => (name.startsWith(start) ? [lost] : []))

const rowsOfRollout = ['GET', 'POST', 'GET, no retries', 'POST, no retries', 'GET, kept connections']

/** Where a real node can be started; else the drill says why it was not. */
function expectRolloutsOnKubelet(act: (start: string) => { readonly text: string; readonly rows: Rows }): void {
  const hint = rolloutNodeHint(process.env, homedir())
  if (hint !== undefined) {
    expect(act('rollouts on a real kubelet are left out').text).toContain(hint.slice(0, 20))
    return
  }
  expect(act('a real node is up').text).toContain('no-wait  no preStop wait')
  for (const start of ['kubelet, no wait: ', 'kubelet, the advised edit: ']) {
    const { rows } = act(start)
    expect([...rows.keys()]).toEqual(rowsOfRollout)
    expect(lostIn(rows, 'GET, no retries')[0]).toBeGreaterThan(0)
  }
  expect(act('the edit itself was rolled out').text).toContain('"sleep","5"')
  const { rows, text } = act('kubelet, wait of 5 s, as advised: 0 of ')
  expect([...rows.keys()]).toEqual(rowsOfRollout)
  for (const waited of /SIGTERM after \(s\) +(.*)/.exec(text)?.[1]?.split(', ') ?? ['0'])
    expect(Number(waited)).toBeGreaterThanOrEqual(4.5)
  const ends = act('looked: clear; how each Pod ended').text.split('\n').slice(2, -1)
  expect(ends.filter((line) => /: cart-\S+ +\d{4}-\S+Z( +[\d.]+){3}$/.test(line))).toHaveLength(6)
}

describe.skipIf([controlPlaneOrSkip(), nginxOrSkip()].includes(true))('the drill of lost requests', () => {
  it('loses requests without a wait and with a short one, and none with the advised one', async () => {
    const { code, out, err } = await drillIn(folder, hazard)
    expect([err, code]).toEqual(['', 0])
    const acts = actsOf(out)
    const act = (start: string) =>
      acts.find((one) => one.act.startsWith(start)) ?? { act: '', text: '', rows: new Map() }

    expect(act('looked at a Deployment').text).toContain('no-wait  no preStop wait')
    for (const start of ['no wait: ', 'wait of 0.5 s: ']) {
      const { rows } = act(start)
      expect([...rows.keys()].slice(0, 5)).toEqual(rowsOfRollout.map((name) => `all replaced: ${name}`))
      const lost = lostIn(rows, 'all replaced')
      expect(lost).toHaveLength(5)
      for (const count of lost) expect(count).toBeGreaterThan(0)
      // A retry hides what it can: of one that is left a GET always finds the other.
      expect(lostIn(rows, 'one of two: GET').slice(0, 2)).toEqual([0, expect.any(Number)])
      expect(lostIn(rows, 'one of two: GET, no retries')[0]).toBeGreaterThan(0)
    }
    expect(act('edited as advised; the API server took it').text).toContain('"sleep","5"')
    const advised = act('wait of 5 s, as advised: 0 of ')
    expect(advised.rows.size).toBe(10)
    for (const [sent, lost, ...others] of advised.rows.values()) {
      expect(sent).toBeGreaterThan(100)
      // Only a kept connection that the reload closes may be among them.
      expect(others.slice(0, 2)).toEqual([0, 0])
      expect(lost).toBeLessThanOrEqual(others[2] ?? 0)
    }
    expect(act('looked: clear').text).toMatch(/lost, all replaced +\d+ of \d+ +\d+ of \d+ +0 of \d+\n/)

    const { rows } = act('ingress controllers stopped')
    expect([...rows.keys()]).toHaveLength(10)
    for (const [name, short, long] of [
      ['SIGTERM at once', true, true],
      ['SIGQUIT at once', true, true],
      ['wait, SIGTERM', false, true],
      ['wait, SIGQUIT, short grace', false, true],
      ['wait, SIGQUIT, long grace', false, false],
    ] as const) {
      expect([name, ...lostIn(rows, `${name}: `).map((lost) => lost > 0)]).toEqual([name, short, long])
    }
    expect(act('looked at an ingress controller').text).toContain('controller-cut-off')
    expect(act('edited as advised: it is cut off no more').text).toContain('terminationGracePeriodSeconds  245')
    expectRolloutsOnKubelet(act)
    expect(leftOf(folder)).toEqual([])
  }, 600_000)

  it.each([0, 2500])(
    'that is stopped while it starts what serves, or %i ms later, leaves nothing',
    async (afterMs) => {
      const { code, err } = await drillIn(folder, hazard, { act: /looked at a Deployment/, signal: 'SIGINT', afterMs })
      expect([code, leftOf(folder)]).toEqual([130, []])
      expect(err).not.toContain('not restored')
    },
    120_000,
  )

  it('that is killed under load takes nginx and the applications with it, and the next lab the rest', async () => {
    await drillIn(folder, hazard, { act: /no wait: /, signal: 'SIGKILL', afterMs: 2500 })
    const serving = () => processesOf(folder).filter((command) => !/etcd|kube-/.test(command))
    await expect.poll(serving, { timeout: 30_000 }).toEqual([])
    removeOrphans(folder)
    expect(leftOf(folder)).toEqual([])
  }, 120_000)
})
