// Reading manifests, and finding the lines of findings, beside what the YAML library takes to parse the same text at once.
import { parseAllDocuments } from 'yaml'
import { parseDocuments } from '../src/manifests/parse.ts'
import { placesIn } from '../src/manifests/place.ts'
import { type BenchRow, less } from './table.ts'

const cronJob = (place: number): string => `apiVersion: batch/v1
kind: CronJob
metadata:
  name: job-${place}
  namespace: ns-${place % 100}
  labels: {app: job-${place}, team: team-${place % 30}}
spec:
  schedule: "*/5 * * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: task
              image: registry.example.com/task:${place}
              args: ["--one", "--two", "--three"]
              resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 128Mi}}
`

const textOf = (count: number): string => Array.from({ length: count }, (_, place) => cronJob(place)).join('---\n')

function timed(run: () => number, expected: number): number {
  const began = performance.now()
  if (run() !== expected) throw new Error('not everything was read')
  return performance.now() - began
}

const read = (text: string): number => [...parseDocuments(text, 'f.yaml')].length

const place = (text: string, count: number): number => {
  const placeOf = placesIn(text)
  let lines = 0
  for (let document = 0; document < count; document++)
    lines += placeOf({ document }, ['spec', 'schedule']).line > 0 ? 1 : 0
  return lines
}

/** 1,000 documents and ten times that. */
export function manifestsBench(): BenchRow[] {
  read(textOf(200)) // compiles
  return [1_000, 10_000].flatMap((count) => {
    const text = textOf(count)
    const size = `${count.toLocaleString('en')} documents, ${(text.length / 1e6).toFixed(1)} MB`
    const library = timed(() => parseAllDocuments(text).length, count)
    return [
      less(
        `read ${size}`,
        timed(() => read(text), count),
        'yaml, all at once',
        library,
        'ms',
      ),
      less(
        `a place in each of ${size}`,
        timed(() => place(text, count), count),
        'yaml, all at once',
        library,
        'ms',
      ),
    ]
  })
}
