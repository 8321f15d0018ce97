import type * as z from 'zod';
import { choice, listOf } from '../values.ts';

/** The privileges as people write them. */
export const RELATION_PRIVILEGES = [
  'select',
  'insert',
  'update',
  'delete',
  'truncate',
  'references',
  'trigger',
  'maintain',
] as const;
export const SEQUENCE_PRIVILEGES = ['usage', 'select', 'update'] as const;
/** Those of every kind, for `privileges` of a grant: which of them a kind has is asked when the file is put together. */
export const PRIVILEGES = [
  ...RELATION_PRIVILEGES,
  'usage',
  'create',
  'temporary',
  'connect',
  'execute',
  'set',
  'alter system',
] as const;

/** A list of some of these words. */
export const words = <const Words extends readonly [string, ...string[]]>(allowed: Words, expected: string) =>
  listOf(choice(allowed) as unknown as z.ZodType<Words[number]>, expected);
