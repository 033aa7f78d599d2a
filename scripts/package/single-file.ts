// One file that needs no Node.js, as Node.js describes it (https://nodejs.org/api/single-executable-applications.html): its own program
// with Roadcrew's code and its files in a section of their own.
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ownIndex } from '../../src/own-files.ts'
import type { Bundle } from './bundle.ts'
import { run } from './node-binary.ts'
import type { OwnAssets } from './own-assets.ts'

/** By which Node.js knows that the section is there: a constant of its source (src/node_sea.cc). */
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

interface Parts {
  readonly bundle: Bundle
  readonly assets: OwnAssets
  /** Node.js, which also makes the section. */
  readonly node: string
}

/** @param root the project's folder. @param work the folder of the bundle, for what is in between. @param out the file. @throws Error with what a tool said. */
export function makeSingleFile(root: string, work: string, { bundle, assets, node }: Parts, out: string): void {
  const blob = 'roadcrew.blob'
  const config = 'sea-config.json'
  writeFileSync(join(work, ownIndex), assets.index)
  writeFileSync(
    join(work, config),
    JSON.stringify({
      // Relative, since it is kept in the file: the same input gives the same file.
      main: basename(bundle.program),
      output: blob,
      disableExperimentalSEAWarning: true,
      // V8's compiled code would save 50 ms of a start, and is another one each time: nobody could make the same file from the same source.
      useCodeCache: false,
      assets: {
        [ownIndex]: ownIndex,
        'load-worker.cjs': bundle.thread,
        ...Object.fromEntries(assets.paths.map((path) => [path, join(root, path)])),
      },
    }),
  )
  run(node, ['--experimental-sea-config', config], { cwd: work })
  copyFileSync(node, out)
  chmodSync(out, 0o755)
  const postject = join(root, 'node_modules/postject/dist/cli.js')
  run(process.execPath, [postject, out, 'NODE_SEA_BLOB', join(work, blob), '--sentinel-fuse', fuse])
}
