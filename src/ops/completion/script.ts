import type { CommandSpec } from '../../core/command.ts';

/** What completion needs to know of a command: `migrate up`, and the long options it takes. */
export interface Completable {
  readonly words: readonly string[];
  readonly options: readonly string[];
}

/** The long options of a spec and of every command, without their arguments. */
export function completable(spec: CommandSpec, globals: readonly string[]): Completable {
  const own = (spec.options ?? []).map(({ flags }) => flags);
  return { words: spec.name.split(' '), options: [...own, ...globals].flatMap((flags) => /--[a-z-]+/.exec(flags)?.[0] ?? []) };
}

/** A completion script: the command tree as data of the shell, nothing is asked of dbctl while typing. */
export function completionScript(shell: 'bash' | 'zsh' | 'fish', commands: readonly Completable[]): string {
  switch (shell) {
    case 'bash':
      return bash(commands);
    case 'zsh':
      // zsh runs bash completions through its own emulation.
      return `autoload -U +X bashcompinit && bashcompinit\n${bash(commands)}`;
    case 'fish':
      return fish(commands);
  }
}

/** Words that may follow each prefix: '' → first words, 'migrate' → new, up … */
function followers(commands: readonly Completable[]): Map<string, string[]> {
  const next = new Map<string, string[]>();
  for (const { words } of commands) {
    for (const [index, word] of words.entries()) {
      const prefix = words.slice(0, index).join(' ');
      next.set(prefix, [...new Set([...(next.get(prefix) ?? []), word])]);
    }
  }
  return next;
}

function bash(commands: readonly Completable[]): string {
  const words = [...followers(commands)].map(([prefix, list]) => `    '${prefix}') words='${list.join(' ')}' ;;`);
  const options = commands.map(
    ({ words: name, options: list }) => `    '${name.join(' ')}') words="$words ${list.join(' ')}" ;;`,
  );
  return `_dbctl() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  case "$path" in
${words.join('\n')}
  esac
  case "$path" in
${options.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _dbctl dbctl
`;
}

function fish(commands: readonly Completable[]): string {
  const lines = commands.flatMap(({ words, options }) => {
    const [first = '', second] = words;
    const seen = `__fish_seen_subcommand_from ${second ?? first}`;
    return [
      `complete -c dbctl -f -n '__fish_use_subcommand' -a '${first}'`,
      ...(second === undefined ? [] : [`complete -c dbctl -f -n '__fish_seen_subcommand_from ${first}' -a '${second}'`]),
      ...options.map((option) => `complete -c dbctl -f -n '${seen}' -l '${option.slice(2)}'`),
    ];
  });
  return `${[...new Set(lines)].join('\n')}\n`;
}
