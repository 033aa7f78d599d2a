import { execFile } from 'node:child_process'

/** Longer than any of the lab's commands takes (an image of 2 MB, a container's start), ms. */
const patience = 60_000

/** Runs a command to its end. @returns its output. @throws Error with what it wrote to stderr, also if it takes over 60 s. */
export const command = (name: string, args: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(name, args, { timeout: patience, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${name} ${args.join(' ')}: ${stderr.trim() || error.message}`))
      else resolve(stdout)
    })
  })
