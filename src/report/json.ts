import type { Report } from './schema.ts'

/** The report as JSON text, with a line feed at its end. */
export const jsonReport = (report: Report): string => `${JSON.stringify(report, undefined, 2)}\n`
