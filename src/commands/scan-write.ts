// Writes the reports of a scan. Loaded only once there is one.
import { writeFileSync } from 'node:fs'
import { htmlReport } from '../report/html.ts'
import { jsonReport } from '../report/json.ts'
import { junitReport } from '../report/junit.ts'
import { markdownReport } from '../report/markdown.ts'
import { policyReports } from '../report/policyreport.ts'
import { sarifReport } from '../report/sarif.ts'
import type { Report } from '../report/schema.ts'
import type { Tier } from '../report/tiers.ts'
import type { Io } from './io.ts'
import type { Format, Output } from './scan-output.ts'

export interface Writing {
  readonly outputs: readonly Output[]
  readonly failOn: Tier
  /** As the terminal shows it; `toFile`: without colours. */
  readonly text: (toFile: boolean) => string
}

/**
 * Writes each report to its place, stdout first; what can't be written takes no other away, and is told on stderr.
 * @returns whether all were written.
 */
export function writeReports(report: Report, { outputs, failOn, text }: Writing, io: Io): boolean {
  const texts: Readonly<Record<Format, (toFile: boolean) => string>> = {
    terminal: text,
    json: () => jsonReport(report),
    sarif: () => sarifReport(report, process.cwd()),
    junit: () => junitReport(report, failOn),
    markdown: () => markdownReport(report),
    html: () => htmlReport(report),
    policyreport: () => policyReports(report),
  }
  for (const { format, file } of outputs) if (file === undefined) io.out(texts[format](false))
  const lost = outputs.filter(({ format, file }) => {
    if (file === undefined) return false
    try {
      writeFileSync(file, texts[format](true))
      return false
    } catch (error) {
      io.err(`roadcrew: cannot write "${file}": ${error instanceof Error ? error.message : String(error)}\n`)
      return true
    }
  })
  return lost.length === 0
}
