import { fail } from '../../core/errors.ts';
import type { Setting } from './parameters.ts';

/** How a server asks a client to prove who it is; `none` is no question at all (trust, peer, cert). */
export const METHODS = ['password', 'md5', 'gss', 'sspi', 'scram-sha-256', 'oauth', 'none'] as const;
export type Method = (typeof METHODS)[number];

/** The ones the driver can answer. */
const KNOWN_TO_US: readonly Method[] = ['password', 'md5', 'scram-sha-256', 'none'];

/** `require_auth`: the methods that may be answered. */
export interface AuthenticationRule {
  readonly allowed: readonly Method[];
  /** As it was written, for messages. */
  readonly written: string;
}

/**
 * Reads `require_auth`: a list of methods, or a list of `!method`; the two do not mix, and a repeated one is an error, because a
 * typo here is a hole. Fails with config.invalid, also when none of the methods is one the driver knows.
 */
export function authenticationRule({ value, from }: Setting): AuthenticationRule | undefined {
  if (value === '') return undefined;
  const words = value.split(',');
  const negated = words.filter((word) => word.startsWith('!'));
  const bad = (message: string, hint: string): never => fail('config.invalid', `${from}: require_auth ${message}`, { hint });
  if (negated.length > 0 && negated.length < words.length)
    bad('mixes methods with and without "!"', 'Negate all of them or none.');
  const methods = words.map((word) => word.replace(/^!/, ''));
  if (new Set(methods).size < methods.length) bad('names a method twice', 'Each method stands once.');
  const named = methods.map(
    (word) =>
      METHODS.find((method) => method === word) ?? bad('names an unknown method', `The methods are ${METHODS.join(', ')}.`),
  );
  const allowed = negated.length > 0 ? METHODS.filter((method) => !named.includes(method)) : named;
  if (!allowed.some((method) => KNOWN_TO_US.includes(method))) {
    bad('leaves only methods that dbctl cannot do', `It can do ${KNOWN_TO_US.join(', ')}.`);
  }
  return { allowed, written: value };
}
