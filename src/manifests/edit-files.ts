// Files that are edited: read once, edited in memory object by object, shown, and written at the end if they are still as they were.
import { readFile, realpath, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Step } from '../contract/hazard.ts'
import type { Arm } from '../contract/world.ts'
import { editObject } from './edit-object.ts'
import { type ObjectRange, objectRanges } from './edit-range.ts'
import { type Writing, writingOf } from './edit-writing.ts'
import { causeOf, type Encoding, encodingOf } from './text.ts'

/** A file whose text is another one than it was. */
export interface EditedFile {
  readonly file: string
  readonly before: string
  readonly after: string
}

interface Open {
  readonly bytes: Buffer
  readonly encoding: Encoding
  /** Whether the file begins with a byte order mark, which the text does not. */
  readonly marked: boolean
  readonly text: string
  readonly rangeOf: ReturnType<typeof objectRanges>
  /** By where they begin. */
  readonly objects: Map<number, { readonly range: ObjectRange; readonly text: string }>
}

const mark = '\uFEFF'

/** Edits to files that are made together. Nothing is written before `write`. */
export class FileEdits {
  readonly #files = new Map<string, Promise<Open>>()
  readonly #read: (file: string) => Promise<Buffer>

  /** @param read gives a file's bytes: other than its own for what can be read only once. */
  constructor(read: (file: string) => Promise<Buffer> = readFile) {
    this.#read = read
  }

  /** Makes edits in the texts of their files. `done`: it stands in the text that `write` writes. */
  get arm(): Arm {
    return {
      does: 'edit',
      apply: async (step: Step) => {
        if (step.do !== 'edit') throw new Error(`an arm for edits was given ${step.do}`)
        return (await this.#edit(step)) ?? 'done'
      },
    }
  }

  async #edit({ target, changes }: Extract<Step, { do: 'edit' }>): Promise<{ held: string } | undefined> {
    const { source } = target
    if (!('file' in source)) return { held: `${target.kind} ${target.name} does not stand in a file` }
    const open = await this.#open(source.file).catch((error: unknown) => ({ held: causeOf(error) }))
    if ('held' in open) return open
    if (open.text.includes(mark)) return { held: 'the file has byte order marks in its middle: save it without' }
    const range = open.rangeOf(source)
    if (!range) return { held: `${target.kind} ${target.name} is not where it was found` }
    // Blanks in front of the first line keep what is within the object in its columns.
    const text =
      open.objects.get(range.from)?.text ?? `${' '.repeat(range.indent)}${open.text.slice(range.from, range.to)}`
    const within = changes.map((change) => ({ ...change, path: [...range.within, ...change.path] }))
    const edited = editObject(text, within, this.#writing(open, range))
    if ('held' in edited) return edited
    open.objects.set(range.from, { range, text: edited.text })
    return undefined
  }

  #writing({ text }: Open, { json, from }: ObjectRange): Writing {
    // Of a long list the beginning shows the hand too; of many documents each may have another one.
    return writingOf(text.slice(json ? 0 : Math.max(0, text.lastIndexOf('\n---', from) + 1)), json)
  }

  #open(file: string): Promise<Open> {
    const open = this.#files.get(file) ?? this.#opened(file)
    this.#files.set(file, open)
    return open
  }

  async #opened(file: string): Promise<Open> {
    const bytes = await this.#read(file)
    const encoding = encodingOf(bytes)
    const whole = new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes)
    const text = whole.startsWith(mark) ? whole.slice(1) : whole
    return { bytes, encoding, marked: text !== whole, text, rangeOf: objectRanges(text), objects: new Map() }
  }

  /** The files that are edited, by name. */
  async edited(): Promise<readonly EditedFile[]> {
    const files = [...this.#files].toSorted(([a], [b]) => (a < b ? -1 : 1))
    const opened = await Promise.allSettled(files.map(async ([file, open]) => [file, await open] as const))
    return opened.flatMap((one) => {
      if (one.status === 'rejected') return []
      const [file, open] = one.value
      const after = textAfter(open)
      return after === open.text ? [] : [{ file, before: open.text, after }]
    })
  }

  /**
   * Writes one file at once, its mode and the links to it kept.
   * @throws Error if it was changed since it was read, or can't be written; it is as it was then.
   */
  async write(file: string): Promise<void> {
    const open = await this.#open(file)
    const path = await realpath(file)
    if (!open.bytes.equals(await readFile(path))) throw new Error('it was changed meanwhile: run it again')
    const part = join(dirname(path), `.roadcrew-${process.pid}.tmp`)
    try {
      await writeFile(part, encoded(`${open.marked ? mark : ''}${textAfter(open)}`, open.encoding), {
        mode: (await stat(path)).mode,
      })
      await rename(part, path)
    } catch (error) {
      await unlink(part).catch(() => undefined)
      throw new Error(causeOf(error), { cause: error })
    }
  }
}

/** The text with its edited objects. */
function textAfter({ text, objects }: Open): string {
  const inOrder = [...objects.values()].toSorted((a, b) => a.range.from - b.range.from)
  let at = 0
  let after = ''
  for (const { range, text: own } of inOrder) {
    after += text.slice(at, range.from) + own.slice(range.indent)
    at = range.to
  }
  return after + text.slice(at)
}

function encoded(text: string, encoding: Encoding): Buffer {
  if (encoding === 'utf-8') return Buffer.from(text)
  const bytes = Buffer.from(text, 'utf16le')
  return encoding === 'utf-16be' ? bytes.swap16() : bytes
}
