// The code of Roadcrew and of all packages that it needs as two CommonJS files: the program, and the thread that sends loads.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'

export interface Bundle {
  /** Where the program is. */
  readonly program: string
  /** Where the code of the thread is. */
  readonly thread: string
  /** The files of which something went in, relative to the project's folder, with slashes. */
  readonly inputs: readonly string[]
}

/**
 * @param root the project's folder. @param into a folder that is there.
 * @throws Error with what esbuild says, of errors and of warnings: each of these was a fault so far.
 */
export async function bundle(root: string, into: string): Promise<Bundle> {
  const program = join(into, 'roadcrew.cjs')
  const thread = join(into, 'load-worker.cjs')
  const inputs = [
    ...(await bundleOne(root, 'scripts/package/single-file-entry.ts', program)),
    ...(await bundleOne(root, 'src/rollout/load-worker.ts', thread)),
  ]
  return { program, thread, inputs: [...new Set(inputs)].toSorted() }
}

async function bundleOne(root: string, entry: string, outfile: string): Promise<string[]> {
  const { metafile, warnings } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    // Less to read at each start; names stay, for whoever reads a stack trace.
    minifyWhitespace: true,
    minifySyntax: true,
    // The licences of all packages go beside the file, whole (licences.ts).
    legalComments: 'none',
    metafile: true,
    logLevel: 'silent',
    plugins: [visibleRequires, kubeconfigAlone],
    // Of a module in the one file: what asks for it (packages do as they are loaded) gets a place without any package beside it.
    define: { 'import.meta.url': 'ownUrl' },
    banner: { js: "const ownUrl = require('node:url').pathToFileURL(process.execPath).href" },
    external: ['tsx/esm/api'],
  })
  if (warnings.length > 0)
    throw new Error(warnings.map(({ text, location }) => `${location?.file}: ${text}`).join('\n'))
  return Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  )
}

/** `createRequire(import.meta.url)('x')` is how a module of ours reads a package's file when it first needs it. esbuild knows `require('x')`. */
const visibleRequires: Plugin = {
  name: 'visible-requires',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll('createRequire(import.meta.url)(', 'require('),
      loader: 'ts',
    }))
  },
}

/**
 * Of the client library only the kubeconfig is used, and a lazy import brings all its 17 MB of models. So it is taken from its own file,
 * and what that does not use is left out: no file of that package does more than to define.
 */
const kubeconfigAlone: Plugin = {
  name: 'kubeconfig-alone',
  setup({ onResolve, resolve }) {
    const name = '@kubernetes/client-node'
    onResolve({ filter: new RegExp(`^${name}$`) }, ({ kind, resolveDir }) =>
      resolve(`${name}/dist/config.js`, { kind, resolveDir }),
    )
    onResolve({ filter: /^\.{1,2}\// }, ({ path, importer, resolveDir }) =>
      importer.replaceAll('\\', '/').includes(`/${name}/`)
        ? { path: join(resolveDir, path), sideEffects: false }
        : undefined,
    )
  },
}
