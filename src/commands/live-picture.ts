import type { Io } from './io.ts'

/** Some lines on stderr that are written over again and again; nothing where nobody sits at a terminal. */
export interface LivePicture {
  readonly show: (text: string) => void
  /** Takes it away, so that other lines can be written; it comes again with the next `show`. */
  readonly clear: () => void
}

/** What draws it is loaded only for a terminal. */
export async function openLivePicture({ errIsTerminal, outIsTerminal }: Io): Promise<LivePicture> {
  if (!errIsTerminal || !outIsTerminal) return { show: () => {}, clear: () => {} }
  const { default: ora } = await import('ora')
  const spinner = ora({ stream: process.stderr, discardStdin: false })
  return {
    show: (text) => {
      spinner.text = text
      if (!spinner.isSpinning) spinner.start()
    },
    clear: () => void spinner.stop(),
  }
}
