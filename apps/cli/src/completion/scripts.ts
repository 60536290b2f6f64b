import type { SHELLS } from './candidates.ts'

/** For each shell a script that asks `stackseal __complete` what can stand at the cursor. */
export const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], string>> = {
  bash: String.raw`# Completion for bash 3.2 or newer: source <(stackseal completion bash)
_stackseal() {
  local words=() word glue='' i
  # Bash takes = and : for words of their own.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=${'$'}{COMP_WORDS[i]}
    if ((${'$'}{#words[@]} > 0)) && [[ -n $glue || $word == [=:]* ]]; then
      words[${'$'}{#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
    [[ $word == *[=:] ]] && glue=1 || glue=''
  done
  local current=${'$'}{words[${'$'}{#words[@]} - 1]}
  local cut=''
  [[ $current == *[=:]* ]] && cut=${'$'}{current%"${'$'}{current##*[=:]}"}
  local kind='' line candidate
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ -z $kind ]]; then
      kind=$line
      continue
    fi
    candidate=${'$'}{line%%$'\t'*}
    candidate=${'$'}{candidate#"$cut"}
    [[ $candidate == *[!a-zA-Z0-9_.,:=/@%+-]* ]] && printf -v candidate '%q' "$candidate"
    COMPREPLY+=("$candidate")
    [[ $candidate == */ ]] && compopt -o nospace 2>/dev/null
  done < <(stackseal __complete -- "${'$'}{words[@]}" 2>/dev/null)
  case $kind in
    :files) compopt -o filenames 2>/dev/null; while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "${'$'}{current#"$cut"}") ;;
    :folders) compopt -o filenames 2>/dev/null; while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "${'$'}{current#"$cut"}") ;;
  esac
}
complete -F _stackseal stackseal
`,

  zsh: String.raw`#compdef stackseal
# Completion for zsh: source <(stackseal completion zsh), or a file _stackseal in a folder of $fpath
_stackseal() {
  local -a lines candidates
  local kind line
  lines=("${'$'}{(@f)$(stackseal __complete -- "${'$'}{(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  kind=${'$'}{lines[1]}
  shift lines
  case $kind in
    :files) _files ;;
    :folders) _files -/ ;;
    *)
      for line in "${'$'}{lines[@]}"; do
        [[ -z $line ]] && continue
        if [[ $line == *$'\t'* ]]; then
          candidates+=("${'$'}{${'$'}{line%%$'\t'*}//:/\\:}:${'$'}{line#*$'\t'}")
        else
          candidates+=("${'$'}{line//:/\\:}")
        fi
      done
      _describe -V stackseal candidates
      ;;
  esac
}
if [[ ${'$'}{funcstack[1]} == _stackseal ]]; then _stackseal "$@"; else compdef _stackseal stackseal; fi
`,

  fish: String.raw`# Completion for fish: stackseal completion fish | source
function __stackseal_complete
    set -l words (commandline -opc)
    set -e words[1]
    set -l current (commandline -ct)
    set -l lines (stackseal __complete -- $words "$current" 2>/dev/null)
    set -l kind $lines[1]
    set -e lines[1]
    switch "$kind"
        case ':files'
            __fish_complete_path "$current"
        case ':folders'
            __fish_complete_directories "$current"
        case '*'
            printf '%s\n' $lines
    end
end
complete -c stackseal -f -a '(__stackseal_complete)'
`,

  powershell: String.raw`# Completion for PowerShell: stackseal completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName stackseal -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
      Where-Object { $_.Extent.EndOffset -lt $cursorPosition -or ($wordToComplete -ne '' -and $_.Extent.StartOffset -lt $cursorPosition) } |
      ForEach-Object { $_.ToString() })
  # An empty argument would get lost on the way.
  $newWord = if ($wordToComplete -eq '') { @('--new-word') } else { @() }
  $lines = @(& stackseal __complete @newWord -- @words 2>$null)
  if ($lines.Count -eq 0) { return }
  if ($lines[0] -ne ':words') {
    Get-ChildItem -Path "$wordToComplete*" -Directory:($lines[0] -eq ':folders') -Name | ForEach-Object {
      [System.Management.Automation.CompletionResult]::new($_)
    }
    return
  }
  $lines | Select-Object -Skip 1 | ForEach-Object {
    $text, $about = $_ -split "\t", 2
    if (-not $about) { $about = $text }
    [System.Management.Automation.CompletionResult]::new($text, $text, 'ParameterValue', $about)
  }
}
`,
}
