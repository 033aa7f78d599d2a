// The licences of all that the one file holds, as they ask to be handed on with it.
import type { BundledPackage } from './bundled-packages.ts'

const line = '-'.repeat(100)

/** The terms of a package that names the MIT licence and has no text of it. */
const mit = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the
"Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to
the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR
ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH
THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`

/**
 * @param node the version of Node.js and the text of its licence.
 * @returns THIRD-PARTY-LICENSES. @throws Error for a package without a text that is not under MIT: find its text first.
 */
export function licencesText(
  packages: readonly BundledPackage[],
  node: { readonly version: string; readonly text: string },
): string {
  const parts = packages.map((one) => `${one.name} ${one.version} (${one.license})\n\n${textOf(one)}`)
  const intro = `roadcrew-linux-x64 is Roadcrew (Apache-2.0, see LICENSE) with Node.js and these ${packages.length} packages in one file.`
  return `${[intro, ...parts, `Node.js ${node.version}\n\n${node.text.trim()}`].join(`\n\n${line}\n`)}\n`
}

function textOf({ name, license, texts, author }: BundledPackage): string {
  if (texts.length > 0) return texts.join('\n\n')
  if (license !== 'MIT')
    throw new Error(`${name} has no text of its licence, ${license}: add it to scripts/package/licences.ts`)
  return `(The package holds no text of its licence. Its package.json names MIT${author === undefined ? '' : ` and as its author ${author}`}.)\n\n${mit}`
}
