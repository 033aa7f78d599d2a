// The page of a scan in a real browser: what its filter shows, that it asks no network, that it stays usable.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { allSorts } from '../src/report/fixtures/all-sorts.ts'
import { htmlReport } from '../src/report/html.ts'
import type { Report, ReportFinding } from '../src/report/schema.ts'
import { chromiumOrSkip, startChromium } from './chromium.ts'

describe.skipIf(chromiumOrSkip())('the page of a scan', () => {
  const folder = mkdtempSync(join(tmpdir(), 'scan-page-'))
  let browser: Browser
  let shown: Page | undefined

  beforeAll(async () => {
    browser = await startChromium()
  })
  afterEach(() => shown?.context().close())
  afterAll(async () => {
    await browser?.close()
    rmSync(folder, { recursive: true })
  })

  /** Opens a report's page, and counts what it says of errors, blocked scripts and requests beside its own. */
  async function opened(report: Report, options: BrowserContextOptions = {}) {
    const file = join(folder, 'page.html')
    writeFileSync(file, htmlReport(report))
    const context = await browser.newContext(options)
    const page = await context.newPage()
    shown = page
    const said: string[] = []
    page.on('console', (message) => said.push(message.text()))
    page.on('pageerror', (error) => said.push(error.message))
    page.on('request', (request) => said.push(request.url().startsWith('file:') ? '' : request.url()))
    await page.goto(pathToFileURL(file).href)
    return { page, said: () => said.filter((text) => text !== '') }
  }

  const of = (first: ReportFinding, more: Partial<ReportFinding>): ReportFinding => ({ ...first, ...more })

  /** Of two clusters, owners and hazards. */
  async function mixed(): Promise<Report> {
    const made = await allSorts()
    const [a, ...others] = made.findings
    if (!a) throw new Error('nothing was found')
    const { subject } = a
    const more = [
      of(a, { id: 'b', cause: 'bbbbbb', hazard: 'lost-lamp', subject: { ...subject, world: 'attic', name: 'candle' } }),
      of(a, { id: 'c', cause: 'bbbbbb', hazard: 'lost-lamp', owner: 'garden', subject: { ...subject, name: 'torch' } }),
    ]
    return { ...made, findings: [a, ...more, ...others] }
  }

  const names = (page: Page): Promise<string[]> =>
    page.$$eval('.finding', (all) =>
      all
        .filter((one) => one.checkVisibility())
        .map((one) => one.querySelector('h3')?.firstChild?.textContent?.trim() ?? ''),
    )

  const causes = (page: Page): Promise<number> => page.locator('.cause:visible').count()

  it('asks no network, runs no script but its own, and shows texts of others as texts', async () => {
    const { page, said } = await opened(await allSorts())
    expect(said()).toEqual([])
    expect(await page.locator('form').isVisible()).toBe(true)
    const nasty = page.getByText('<b>&amp; "it"', { exact: false })
    expect(await nasty.count()).toBeGreaterThan(0)
    expect(await page.locator('.finding b').count()).toBe(0)
    await page.evaluate(
      `document.body.append(Object.assign(document.createElement('script'), { textContent: 'document.title = 1' }))`,
    )
    expect(await page.title()).toBe('Roadcrew: hall, cellar')
    expect(said()).toEqual([expect.stringContaining('Content Security Policy')])
  })

  it('shows what fits the text, the tier, the hazard, the owner and the cluster, and all again', async () => {
    const { page } = await opened(await mixed())
    const all = await causes(page)
    await page.getByRole('button', { name: 'Open all' }).click()
    const every = await names(page)
    const expectShown = async (shownNames: readonly string[]) => expect.poll(() => names(page)).toEqual(shownNames)
    await page.fill('[name=text]', 'CANDLE dark')
    await expectShown(['Lamp ns/candle'])
    expect(await page.evaluate(`document.querySelector('output').value`)).toBe(
      `1 of ${every.length} findings are shown`,
    )
    await page.getByRole('button', { name: 'Show all' }).click()
    await expectShown(every)
    await page.selectOption('[name=hazard]', 'lost-lamp')
    await expectShown(['Lamp ns/candle', 'Lamp ns/torch'])
    await page.selectOption('[name=owner]', 'garden')
    await expectShown(['Lamp ns/torch'])
    await page.selectOption('[name=cluster]', 'attic')
    await expectShown([])
    expect(await page.locator('section[data-of]:visible').count()).toBe(0)
    await page.getByRole('button', { name: 'Show all' }).click()
    await page.selectOption('[name=tier]', 'set-aside')
    await expectShown(['Lamp ns/known', 'Lamp ns/spared', 'Lamp ns/left'])
    await page.getByRole('button', { name: 'Show all' }).click()
    await expect.poll(() => causes(page)).toBe(all)
  })

  it('is a plain list without scripts', async () => {
    const { page } = await opened(await mixed(), { javaScriptEnabled: false })
    expect(await page.locator('form').isVisible()).toBe(false)
    expect(await causes(page)).toBe(5)
    await page.locator('.cause summary').first().click()
    expect(await page.locator('.finding:visible').count()).toBeGreaterThan(0)
  })

  it('opens the cause that its address names', async () => {
    const { page } = await opened(await mixed())
    await page.goto(`${page.url()}#broken-bbbbbb`)
    await expect.poll(() => page.locator('#broken-bbbbbb').getAttribute('open')).toBe('')
  })

  it.each([
    [400, 'light'],
    [400, 'dark'],
    [1600, 'light'],
  ] as const)('at %d px, %s, nothing is wider than the window, and texts stand out', async (width, colorScheme) => {
    const { page } = await opened(await mixed(), { viewport: { width, height: 900 }, colorScheme })
    await page.getByRole('button', { name: 'Open all' }).click()
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
    // Each the sum of red, green and blue.
    const [ink, paper] = await page.evaluate<number[]>(`
      ['color', 'backgroundColor'].map((of) =>
        getComputedStyle(document.body)[of].match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0))`)
    expect(Math.abs((ink ?? 0) - (paper ?? 0))).toBeGreaterThan(400)
  })

  it('is printed with all of it open, and without its form', async () => {
    const { page } = await opened(await mixed())
    await page.emulateMedia({ media: 'print' })
    expect(
      await page.locator('.finding').evaluateAll((all) => all.every((one) => one.getBoundingClientRect().height > 0)),
    ).toBe(true)
    expect(await page.locator('select:visible').count()).toBe(0)
  })

  it('with 5,000 findings opens and filters in seconds, and is of a few MB', async () => {
    const made = await mixed()
    const [a] = made.findings
    if (!a) throw new Error('nothing was found')
    const findings = Array.from({ length: 5_000 }, (_, n) =>
      of(a, {
        id: String(n),
        cause: `c${Math.floor(n / 3)}`,
        fixingPlace: `p${n}`,
        subject: { ...a.subject, name: `lamp-${n}` },
      }),
    )
    const size = htmlReport({ ...made, findings }).length
    expect(size).toBeLessThan(8_000_000)
    let began = performance.now()
    const { page } = await opened({ ...made, findings })
    const openMs = performance.now() - began
    began = performance.now()
    await page.fill('[name=text]', 'lamp-4321')
    await expect.poll(() => causes(page)).toBe(1)
    const filterMs = performance.now() - began
    // Generous: they are 1 to 3 s on two cores that others use too.
    expect(openMs).toBeLessThan(20_000)
    expect(filterMs).toBeLessThan(20_000)
  })
})
