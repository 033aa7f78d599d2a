// The agent as a DaemonSet would run it on a node of the lab, in mode act.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LabNode } from '../../src/lab/kubelet.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { create } from '../create.ts'

const main = join(import.meta.dirname, '../../dist/main.js')
const namespace = 'roadcrew'

/** An agent that is younger than this holds back, and so it does on a runtime that is (ms). */
export const holdsBackFor = 300_000

/** What tests look at of a line: `audit` is a step, `ended` the end of a finding, and one that is found has `is`. */
export interface Line {
  readonly msg: string
  readonly hazard?: string
  readonly subject?: string
  readonly outcome?: string
  readonly is?: string
}

export interface ActingAgent {
  /** When it was started, ms. */
  readonly since: number
  lines(): readonly Line[]
  /** Where it keeps what was known of what it ended. */
  readonly evidence: string
  /** All it has written, for the message of a test that fails. */
  log(): string
  stop(): Promise<void>
}

/** Writes the policy that lets the agents of this lab end stuck containers. */
export async function allowToAct(lab: Lab): Promise<void> {
  await create(lab, { kind: 'Namespace', metadata: { name: namespace } })
  await lab.send('POST', `/api/v1/namespaces/${namespace}/configmaps`, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'roadcrew-policy' },
    data: { 'policy.yaml': 'hazards:\n  stuck-container: {mode: act}\n' },
  })
}

/** Starts the built agent for a node. It ends with this process at the latest. */
export function startAgent(lab: Lab, node: LabNode): ActingAgent {
  const args = ['agent', '--kubeconfig', lab.kubeconfig, '--node', node.name, '--socket', node.socket]
  args.push('--namespace', namespace, '--listen', '127.0.0.1:0', '--kubelet-healthz', node.healthz)
  const evidence = mkdtempSync(join(tmpdir(), 'roadcrew-evidence-'))
  args.push('--kubelet', node.readOnly, '--evidence', evidence)
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const clean = (): void => {
    child.kill('SIGKILL')
    rmSync(evidence, { recursive: true, force: true })
  }
  process.on('exit', clean)
  let out = ''
  let log = ''
  child.stdout.on('data', (part: Buffer) => {
    out += part.toString()
    log += part.toString()
  })
  child.stderr.on('data', (part: Buffer) => {
    log += part.toString()
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    since: Date.now(),
    log: () => log,
    evidence,
    lines: () =>
      out
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Line),
    async stop() {
      child.kill('SIGTERM')
      await ended
      process.off('exit', clean)
      clean()
    },
  }
}
