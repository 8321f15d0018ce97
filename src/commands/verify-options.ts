import type { ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import type { Context } from './context.ts';

/** Each of them is another way to run, or to run nothing. */
const WAYS = ['save', 'snapshot', 'watch', 'list', 'printSql', 'printGrants', 'effective'];

/** They say how findings are judged, and where nothing is run there are none. */
const JUDGING = ['failOn', 'profile', 'deep', 'strict', 'strictWaivers', 'baseline'];
const IDLE: Readonly<Record<string, readonly string[]>> = {
  list: JUDGING,
  printSql: JUDGING,
  printGrants: JUDGING,
  effective: [...JUDGING, 'only', 'group'],
};

/** A file of one database, and a screen of one. */
const OF_ONE = ['save', 'snapshot', 'baseline', 'watch'];

/** Options that do not go together, or that would be passed over in silence. Fails with usage. */
export function refuseTogether(options: ParsedOptions, { fleetTarget }: Context): void {
  const given = WAYS.filter((name) => options[name] !== undefined && options[name] !== false);
  const flags = given.map(flagOf);
  if (given.length > 1) fail('usage', `${flags.join(' and ')} do not go together`, { hint: 'Run dbctl verify --help.' });
  const ofOne = fleetTarget === undefined ? undefined : OF_ONE.find((name) => options[name] !== undefined);
  if (ofOne !== undefined)
    fail('usage', `--${ofOne} is about one database, and --targets names many`, { hint: 'Run it without --targets.' });
  if (options['deep'] !== undefined && options['snapshot'] !== undefined)
    fail('usage', '--snapshot and --deep do not go together', { hint: 'A snapshot has no pages to read: leave out --deep.' });
  refuseIdle(given[0], options);
  const stray = ['role', 'nologin'].find((name) => options[name] !== undefined);
  if (stray === undefined || options['printGrants'] === true) return;
  fail('usage', `--${stray} says something about --print-grants, which is not there`, {
    hint: 'Add --print-grants, or leave it out: who looks is said by the connection URL.',
  });
}

/** `--list --profile hardened` would look like a list of the profile. */
function refuseIdle(way: string | undefined, options: ParsedOptions): void {
  const idle = IDLE[way ?? '']?.find((name) => options[name] !== undefined && options[name] !== false);
  if (way === undefined || idle === undefined) return;
  fail('usage', `${flagOf(idle)} has no meaning with ${flagOf(way)}, which runs no check`, {
    hint: `Leave one of them out${idle === 'profile' ? '; docs/profiles.md says what is in a profile' : ''}.`,
  });
}

function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
