// `npm run demo` on a fresh clone: installs, builds, and shows what a scan of three clusters finds.
import { spawnSync } from 'node:child_process'
import { installAndBuild, root } from './install.mjs'

installAndBuild()
process.stderr.write('\n')
const { status } = spawnSync(process.execPath, ['dist/main.js', 'demo'], { cwd: root, stdio: 'inherit' })
process.exitCode = status ?? 1
