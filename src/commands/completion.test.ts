import { spawnSync } from 'node:child_process'
import { Argument, Command, Option } from 'commander'
import { describe, expect, it } from 'vitest'
import { completionScript, shells } from './completion-script.ts'
import { completionTable } from './completion-table.ts'

const all = new Command('roadcrew')
  .addCommand(
    new Command('scan')
      .description("what's there")
      .argument('[paths...]')
      .addOption(new Option('-o, --output <format>').choices(['terminal', 'json']))
      .option('--only <hazards>')
      .option('--top <n>')
      .option('--kubeconfig <file>')
      .option('--advice'),
  )
  .addCommand(new Command('explain').argument('[hazard]'))
  .addCommand(
    new Command('cron')
      .addCommand(new Command('next'))
      .addCommand(new Command('list').addArgument(new Argument('<x>').choices(['y']))),
  )
const table = completionTable(all, ['frozen-job', 'frozen-node', 'lost-mail'])
const script = (shell: (typeof shells)[number]): string => completionScript(shell, table)

function ran(command: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  expect(stderr).toBe('')
  return stdout
}

/** What bash offers for the last of the words, as it splits them. */
function offered(...words: readonly string[]): string[] {
  const ask = `${script('bash')}
compopt() { COMPREPLY+=("($*)"); }
COMP_WORDS=(roadcrew "$@"); COMP_CWORD=$#; _roadcrew; printf '%s\\n' "\${COMPREPLY[@]}"`
  return ran('bash', ['--norc', '-c', ask, 'bash', ...words])
    .split('\n')
    .filter((line) => line !== '')
}

describe('completion in bash', () => {
  it.each([
    [[''], ['scan', 'explain', 'cron', 'help']],
    [['s'], ['scan']],
    [
      ['cron', ''],
      ['next', 'list', 'help'],
    ],
    [['cron', 'list', ''], ['y']],
    [
      ['explain', 'fro'],
      ['frozen-job', 'frozen-node'],
    ],
    [['explain', 'frozen-job', ''], []],
    [
      ['scan', '--o'],
      ['--output', '--only'],
    ],
    [
      ['scan', '-o', ''],
      ['terminal', 'json'],
    ],
    [['scan', '--output', '=', 'j'], ['json']],
    [
      ['scan', '--output', '='],
      ['terminal', 'json'],
    ],
    [['scan', '--only', 'lost-mail,frozen-n'], ['lost-mail,frozen-node']],
    [['scan', '--top', '3', '-o', 'j'], ['json']],
    [['scan', '--advice', '--only', 'l'], ['lost-mail']],
    [['scan', '--top', ''], []],
    [['scan', 'a', 'b', ''], ['(-o default)']],
    [['scan', '--kubeconfig', 'a'], ['(-o default)']],
    [
      ['scan', '--nonsense', '-'],
      ['--output', '-o', '--only', '--top', '--kubeconfig', '--advice', '--help', '-h'],
    ],
  ])('%j: %j', (words, expected) => expect(offered(...words).toSorted()).toEqual(expected.toSorted()))
})

describe('completion of kubectl roadcrew', () => {
  const asked = (...words: readonly string[]) =>
    ran('sh', ['-c', script('kubectl'), 'kubectl_complete-roadcrew', ...words])

  it('says what fits, and that files do not', () => expect(asked('explain', 'l')).toBe('lost-mail\t\n:4\n'))
  it('knows --option=value as one word', () =>
    expect(asked('scan', '--only=lost-mail,frozen-n')).toBe('--only=lost-mail,frozen-node\t\n:4\n'))
  it('leaves files to the shell', () => expect(asked('scan', 'x')).toBe(':0\n'))
  it('says what a command does', () => expect(asked('sc')).toBe('scan\twhat’s there\n:4\n'))
})

describe('the scripts', () => {
  it.each(shells)('%s: hold the program and the table as they are, in quotes that nothing in them ends', (shell) => {
    const [, program = '', between, data = ''] = /awk '([^']*)'(.)'([^']*)'/s.exec(script(shell)) ?? []
    expect(between).toBe(' ')
    expect(program).not.toMatch(/\\\\/)
    expect(program).toMatch(/}$/)
    expect(data).not.toContain('\\')
    expect(data.split('\n')).toHaveLength(table.length)
  })
})
