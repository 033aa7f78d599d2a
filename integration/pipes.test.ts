// What other tools write, through a real pipe.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { reportSchema } from '../src/report/schema.ts'
import { kubectlOrSkip } from './kubectl.ts'

const root = join(import.meta.dirname, '..')
const main = join(root, 'dist/main.js')

/** Runs `writer | roadcrew scan - …` in a shell that fails if either does. */
function piped(writer: string, ...options: readonly string[]) {
  const line = `set -o pipefail; { ${writer}; } | "$NODE" "$MAIN" scan - "$@"`
  const env = { ...process.env, NODE: process.execPath, MAIN: main, KUBECONFIG: '/nonexistent/kubeconfig' }
  const { status, stdout, stderr } = spawnSync('bash', ['-c', line, 'bash', ...options], {
    cwd: root,
    env,
    encoding: 'utf8',
  })
  return { code: status, out: stdout, err: stderr }
}

function findingsOf(writer: string, ...options: readonly string[]) {
  const { code, out, err } = piped(writer, '-o', 'json', ...options)
  expect(err).toBe('')
  const { findings, summary } = reportSchema.parse(JSON.parse(out))
  expect(summary.unread).toBe(0)
  return { code, found: findings.map(({ reason, subject }) => `${subject.namespace ?? ''}/${subject.name} ${reason}`) }
}

const never = 'kubectl create cronjob never --image=registry.example.com/x:1 --schedule="*/5 * * * *" --dry-run=client'

describe.skipIf(kubectlOrSkip())('kubectl | roadcrew scan -', () => {
  it('finds what an overlay of kustomize makes', () => {
    const { code, found } = findingsOf('kubectl kustomize integration/kustomization')
    expect([code, found]).toEqual([1, ['shop/prod-report zero-deadline']])
  })

  it('takes a list, as kubectl get -o yaml writes it', () => {
    const list = `printf 'apiVersion: v1\\nkind: List\\nitems:\\n'; kubectl kustomize integration/kustomization | sed 's/^/  /; 1s/^ /-/'`
    expect(findingsOf(list).found).toEqual(['shop/prod-report zero-deadline'])
  })

  it.each(['yaml', 'json'])('takes one object, as -o %s writes it', (format) => {
    expect(findingsOf(`${never} -o ${format}`, '--kube-version', '1.20').found).toEqual(['/never no-deadline'])
  })

  it('says that it was told nothing where the other failed', () => {
    const { code } = piped('kubectl kustomize no-such-folder 2>/dev/null')
    expect(code).not.toBe(0)
  })
})

describe('helm template | roadcrew scan -', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts/helm.mjs')], { encoding: 'utf8' })
  if (status !== 0) process.stderr.write(`skipped for want of Helm: ${stderr}`)

  it.skipIf(status !== 0)('reads all of the chart', () => {
    const { code, found } = findingsOf(`"${stdout.trim()}" template roadcrew charts/roadcrew --namespace roadcrew`)
    expect([code, found]).toEqual([0, []])
  })
})
