import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Whether a command of this name can be run from `PATH`. */
export const isInPath = (name: string, { PATH = '' }: Readonly<Record<string, string | undefined>>): boolean =>
  PATH.split(delimiter).some((folder) => runs(join(folder, name)))

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
