// One program completes in every shell: awk, which each machine with a shell has, reads the table and the words so far. Starting Roadcrew
// at each Tab would take half a second.
import type { Row, Words } from './completion-table.ts'

export const shells = ['bash', 'zsh', 'fish', 'kubectl'] as const
export type Shell = (typeof shells)[number]

/** Where only files fit, this is the one line that the program writes. */
const filesFit = ':files'

/**
 * Arguments: the table, the words after `roadcrew`, and the one at the cursor, which may be empty. Writes what fits, a line for each, with
 * a tab and what it is. It has no single quote and no double backslash, so that it is the same text in the quotes of every shell.
 */
const program = `
function words_of(name,   i) {
  for (i = 1; i <= rows; i++) if (command[i] == at && kind[i] == "option" && name_of[i] == name) return words[i]
  return ""
}
function is_command(name,   i) {
  for (i = 1; i <= rows; i++) if (command[i] == at && kind[i] == "command" && name_of[i] == name) return 1
  return 0
}
function offer(word, text) {
  if (index(word, part) == 1) print before word "\\t" text
}
function offer_words(what,   of, n, i, comma) {
  if (what == "files") { print "${filesFit}"; return }
  if (what ~ /^list /) {
    for (comma = length(part); comma > 0 && substr(part, comma, 1) != ","; comma--);
    before = before substr(part, 1, comma)
    part = substr(part, comma + 1)
  }
  n = split(what, of, " ")
  for (i = 2; i <= n; i++) offer(of[i], "")
}
function offer_rows(what,   i) {
  for (i = 1; i <= rows; i++) if (command[i] == at && kind[i] == what) offer(name_of[i], text[i])
}
function offer_argument(   i) {
  for (i = 1; i <= rows; i++) {
    if (command[i] != at || kind[i] != "argument") continue
    if (name_of[i] == place "" || (name_of[i] ~ /[+]$/ && place >= name_of[i] + 0)) offer_words(words[i])
  }
}
BEGIN {
  rows = split(ARGV[1], row, "\\n")
  for (i = 1; i <= rows; i++) {
    split(row[i], field, "\\t")
    command[i] = field[1]; kind[i] = field[2]; name_of[i] = field[3]; words[i] = field[4]; text[i] = field[5]
  }
  at = "roadcrew"; place = 1; awaited = ""
  for (n = 2; n < ARGC - 1; n++) {
    word = ARGV[n]
    if (word == "=") continue # bash takes --option=value for three words
    if (awaited != "") awaited = ""
    else if (word ~ /^-./) awaited = words_of(word)
    else if (is_command(word)) { at = at " " word; place = 1 }
    else place++
  }
  part = ARGV[ARGC - 1]; before = ""
  if (part == "=") part = ""
  if (awaited == "" && part ~ /^--.*=/) {
    before = substr(part, 1, index(part, "="))
    awaited = words_of(substr(before, 1, length(before) - 1))
    part = substr(part, length(before) + 1)
    if (awaited == "") exit
  }
  if (awaited != "") offer_words(awaited)
  else if (part ~ /^-/) offer_rows("option")
  else { offer_rows("command"); offer_argument() }
}`

/** The script that a shell reads, or, for kubectl, the program `kubectl_complete-roadcrew`, which it runs since 1.26. */
export function completionScript(shell: Shell, table: readonly Row[]): string {
  return { bash, zsh, fish, kubectl }[shell](`awk '${program}' '${tableText(table)}'`)
}

const tableText = (table: readonly Row[]): string =>
  table
    .map(({ command, kind, name, words, text }) =>
      [command, kind, name, words ? wordsText(words) : '', text].map(plain).join('\t'),
    )
    .join('\n')

const wordsText = (words: Words): string =>
  words.kind === 'one' || words.kind === 'list' ? [words.kind, ...words.of].join(' ') : words.kind

/** Without what means something in single quotes or in the table. */
const plain = (text: string): string => text.replaceAll("'", '’').replaceAll('\\', '').replace(/\s+/g, ' ')

const bash = (candidates: string): string => `# Completion of roadcrew for bash: source <(roadcrew completion bash)
_roadcrew_candidates() {
  ${candidates} "$@"
}

_roadcrew() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == ${filesFit} ]]; then
      compopt -o default
    else
      COMPREPLY+=("\${line%%$'\\t'*}")
    fi
  done < <(_roadcrew_candidates "\${COMP_WORDS[@]:1:COMP_CWORD}")
}

complete -F _roadcrew roadcrew
`

const zsh = (candidates: string): string => `#compdef roadcrew
# Completion of roadcrew for zsh: source <(roadcrew completion zsh), or as the file _roadcrew in a folder of $fpath
_roadcrew_candidates() {
  ${candidates} "$@"
}

_roadcrew() {
  local line text
  local -a found
  for line in "\${(@f)$(_roadcrew_candidates "\${(@)words[2,CURRENT]}")}"; do
    if [[ $line == ${filesFit} ]]; then
      _files
    elif [[ -n $line ]]; then
      text=\${line#*$'\\t'}
      found+=("\${\${line%%$'\\t'*}//:/\\\\:}\${text:+:$text}")
    fi
  done
  (( $#found )) && _describe roadcrew found
}

if [[ $funcstack[1] == _roadcrew ]]; then
  _roadcrew "$@"
else
  compdef _roadcrew roadcrew
fi
`

const fish = (candidates: string): string => `# Completion of roadcrew for fish: roadcrew completion fish | source
function __roadcrew_candidates
    ${candidates} $argv
end

function __roadcrew_complete
    set -l words (commandline -opc)
    set -e words[1]
    set -l part (commandline -ct)
    for line in (__roadcrew_candidates $words "$part")
        if test "$line" = ${filesFit}
            __fish_complete_path "$part"
        else
            echo $line
        end
    end
end

complete -c roadcrew -f -a '(__roadcrew_complete)'
`

/** The number at the end is a word of cobra's: 0 lets the shell offer files, 4 does not. */
const kubectl = (candidates: string): string => `#!/bin/sh
# Completion of kubectl roadcrew: kubectl 1.26 or newer runs this program, as kubectl_complete-roadcrew in the PATH.
found=$(${candidates} "$@")
if [ "$found" = ${filesFit} ]; then
  echo :0
else
  printf '%s\\n' "$found"
  echo :4
fi
`
