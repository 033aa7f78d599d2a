// What all pages are: one file that asks no network for anything.
import { createHash } from 'node:crypto'
import { escaped } from './escaped.ts'

interface Page {
  readonly title: string
  readonly style: string
  /** What `main` holds, as HTML. */
  readonly body: string
  /** JavaScript; without it the page has none, and none may run. */
  readonly script?: string
}

/** @returns the whole page, as HTML. */
export function page({ title, style, body, script }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${escaped(policyFor(script))}">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${body}
</main>
${script === undefined ? '' : `<script>${script}</script>\n`}</body>
</html>
`
}

/** Texts on the page are others': should one ever be taken for a script, it does not run. */
function policyFor(script: string | undefined): string {
  const own =
    script === undefined ? '' : `; script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`
  return `default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'${own}`
}
