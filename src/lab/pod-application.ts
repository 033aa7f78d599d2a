// An application in a Pod: the machine's own Node.js in the lab's image, since that has a shell and `sleep`, and no registry is needed.
import { existsSync } from 'node:fs'
import type { Deployment } from 'kubernetes-types/apps/v1.js'
import type { Container, PodSpec, Volume } from 'kubernetes-types/core/v1.js'
import { image } from './busybox.ts'

/** What it is and does. */
export interface PodApplication {
  readonly name: string
  readonly replicas: number
  /** A preStop hook that waits so long, s; none if it is not told. */
  readonly waitSeconds?: number
  /** Until SIGKILL, s; 30 if it is not told, as of any Pod. */
  readonly graceSeconds?: number
  /** How long it takes to answer, ms. */
  readonly answerMs?: number
  /** At SIGTERM it `ends` with whatever it is doing, as many do, or `drains`: no new connections, and what it has is answered. */
  readonly atSigterm?: 'ends' | 'drains'
}

export const podPort = 8080
/** The answer's header that names the Pod. */
export const podHeader = 'x-pod'
/** It notes `listens` and `SIGTERM` there, each with its time, in a file of the Pod's name: the log of a Pod goes with it. */
const notesAt = '/notes'

const source = `
const [answerMs, atSigterm] = process.argv.slice(1)
const pod = process.env.POD
const note = (what) => require('node:fs').appendFileSync('${notesAt}/' + pod, what + ' ' + Date.now() + '\\n')
const server = require('node:http').createServer((question, answer) => {
  question.resume()
  answer.setHeader('${podHeader}', pod)
  question.on('end', () => setTimeout(() => answer.end('served'), question.url === '/ready' ? 0 : Number(answerMs)))
})
server.listen(${podPort}, () => note('listens'))
process.on('SIGTERM', () => {
  note('SIGTERM')
  if (atSigterm === 'drains') server.close(() => process.exit(0))
  else process.exit(0)
})`

/** Folders of the machine with what its Node.js is linked to. */
const libraries = ['/lib', '/lib64', '/usr/lib'].filter((path) => existsSync(path))

/** Its Deployment, on a node that is named since the lab has no scheduler. @param notes a folder of the machine. */
export function deploymentOf(application: PodApplication, node: string, notes: string): Deployment {
  const { name, replicas } = application
  const labels = { app: name }
  return {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name } },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: podSpec(application, node, notes) },
    },
  }
}

function podSpec(application: PodApplication, nodeName: string, notes: string): PodSpec {
  const { name, graceSeconds, waitSeconds, answerMs = 100, atSigterm = 'ends' } = application
  const paths = [process.execPath, ...libraries]
  const volumes: Volume[] = [...paths, notes].map((path, place) => ({ name: `host-${place}`, hostPath: { path } }))
  const container: Container = {
    ...{ name, image, ports: [{ containerPort: podPort }] },
    command: [process.execPath, '-e', source, '--', String(answerMs), atSigterm],
    resources: { requests: { cpu: '50m' } }, // without any it would have the least weight that there is
    env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
    // The kubelet is in the machine's network, from which there is no way to the Pods: what asks them has to run in them.
    readinessProbe: {
      exec: { command: ['wget', '-q', '-O', '-', `http://127.0.0.1:${podPort}/ready`] },
      // Each probe is a process more, and a busy machine takes its time: one that is ready stays so.
      ...{ periodSeconds: 2, timeoutSeconds: 15, failureThreshold: 30 },
    },
    ...(waitSeconds !== undefined && { lifecycle: { preStop: { exec: { command: ['sleep', String(waitSeconds)] } } } }),
    volumeMounts: [
      ...paths.map((mountPath, place) => ({ name: `host-${place}`, mountPath, readOnly: true })),
      { name: `host-${paths.length}`, mountPath: notesAt },
    ],
  }
  return {
    ...{ nodeName, containers: [container], volumes },
    ...(graceSeconds !== undefined && { terminationGracePeriodSeconds: graceSeconds }),
  }
}

/** What a Pod has noted: ms UTC, of those that it came to. */
export function notesIn(text: string): { readonly listens?: number; readonly SIGTERM?: number } {
  const lines = text.split('\n').map((line) => line.split(' '))
  return Object.fromEntries(lines.flatMap(([what = '', at]) => (at === undefined ? [] : [[what, Number(at)]])))
}
