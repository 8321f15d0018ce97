import { fail } from '../../core/errors.ts';
import type { ParameterName, Setting, Settings } from './parameters.ts';
import { suggest } from '../../core/suggest.ts';

/** A whole number as libpq reads it: blanks around it, a sign, 32 bits. Fails with config.invalid. */
export function integer(name: ParameterName, { value, from }: Setting): number {
  const number = /^\s*[+-]?\d+\s*$/.test(value) ? Number(value) : Number.NaN;
  if (Math.abs(number) <= 0x7fff_ffff) return number;
  return fail('config.invalid', `${from}: ${name} is not a whole number${shown(value)}`);
}

/** One word of a closed list. Fails with config.invalid and the word most likely meant. */
export function choice<Word extends string>(name: ParameterName, { value, from }: Setting, words: readonly Word[]): Word {
  const found = words.find((word) => word === value);
  if (found !== undefined) return found;
  const meant = value === 'no-verify' ? 'require' : suggest(value, words);
  const hint = `${meant === undefined ? '' : `Did you mean "${meant}"? `}The values are ${words.join(', ')}.`;
  return fail(
    'config.invalid',
    value === '' ? `${from}: ${name} is empty` : `${from}: ${name} has no such value${shown(value)}`,
    { hint },
  );
}

/** A value may be repeated only when it looks like a word: in a broken string it may be part of the password. */
function shown(value: string): string {
  return /^[\w.-]{1,24}$/.test(value) ? `: ${value}` : '';
}

/** Empty where nothing was given. */
export function text(settings: Settings, name: ParameterName): string {
  return settings.get(name)?.value ?? '';
}

export function number(settings: Settings, name: ParameterName): number | undefined {
  return optional(settings, name, (setting) => integer(name, setting));
}

/** The first word is the default. */
export function word<Word extends string>(settings: Settings, name: ParameterName, words: readonly [Word, ...Word[]]): Word {
  return optional(settings, name, (setting) => choice(name, setting, words)) ?? words[0];
}

export function optional<Value>(settings: Settings, name: ParameterName, read: (setting: Setting) => Value): Value | undefined {
  const setting = settings.get(name);
  return setting === undefined ? undefined : read(setting);
}
