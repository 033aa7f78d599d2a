// The browser that pages are looked at with.
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const found = places.find((place) => place !== undefined && existsSync(place))

/** True, with the reason on stderr, where there is none: for describe.skipIf. */
export function chromiumOrSkip(): boolean {
  if (found !== undefined) return false
  process.stderr.write('skipped for want of a browser (Debian: chromium; elsewhere $CHROMIUM names one)\n')
  return true
}

/** @throws Error if it does not start. */
export const startChromium = (): Promise<Browser> =>
  // Its sandbox does not start for root, as which tests run in containers; the pages are ours.
  chromium.launch({ ...(found !== undefined && { executablePath: found }), args: ['--no-sandbox'] })
