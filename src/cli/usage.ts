import { CommanderError } from 'commander';
import { COMMANDS } from '../commands/index.ts';
import { DbctlError } from '../core/errors.ts';
import { suggest } from '../core/suggest.ts';
import { asDbctlError } from './fail.ts';

/** What commander says of a command line, in our form: lower case, no final stop, with the next act as the hint. */
export function usageError(thrown: unknown, argv: readonly string[]): DbctlError {
  if (!(thrown instanceof CommanderError)) return asDbctlError(thrown);
  const path = commandPath(argv);
  if (thrown.code === 'commander.help') {
    return new DbctlError('usage', `${path.join(' ')} needs a command`, { hint: `Run ${help(path)}.` });
  }
  const [line = ''] = thrown.message.replace(/^error: /, '').split('\n');
  const meant = thrown.code === 'commander.unknownCommand' ? nearestCommand(path, argv) : undefined;
  return new DbctlError('usage', line.replace(/\.$/, ''), {
    hint: meant === undefined ? `Run ${help(path)}.` : `Did you mean dbctl ${meant}?`,
    cause: thrown,
  });
}

/** The name of the command argv asks for, as far as it is one; empty for none. For reports of runs that never got to parsing. */
export function commandWords(argv: readonly string[]): string {
  const name = commandPath(argv).join(' ');
  return COMMANDS.some(({ spec }) => spec.name === name) ? name : '';
}

const names = (): readonly string[][] => COMMANDS.map(({ spec }) => spec.name.split(' '));

/** The leading words of argv that are words of a command; options in between may take values, so they are not told apart. */
function commandPath(argv: readonly string[]): string[] {
  const path: string[] = [];
  for (const word of argv) {
    if (word.startsWith('-')) continue;
    if (!startsCommand([...path, word])) break;
    path.push(word);
  }
  return path;
}

const startsCommand = (path: readonly string[]): boolean =>
  names().some((name) => path.every((word, index) => name[index] === word));

function nearestCommand(path: readonly string[], argv: readonly string[]): string | undefined {
  const wrong = argv.filter((word) => !word.startsWith('-'))[path.length] ?? '';
  const candidates = names()
    .filter((name) => path.every((word, index) => name[index] === word))
    .map((name) => name[path.length] ?? '');
  const meant = suggest(wrong, new Set(candidates));
  return meant === undefined ? undefined : [...path, meant].join(' ');
}

const help = (path: readonly string[]): string => ['dbctl', ...path, '--help'].join(' ');
