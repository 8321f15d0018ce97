import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import type { Reviewers } from '../ops/evidence/review.ts';
import type { Context } from './context.ts';

/** Names of people are written in every script; what nobody can see on paper is in none of them. */
const NAME = /^[^\p{C}\p{Z}](?:[^\p{C}\p{Zl}\p{Zp}]{0,198}[^\p{C}\p{Z}])?$/u;

/** Throws an Error that says what is expected. */
export function parseReviewer(text: string): string {
  if (!NAME.test(text)) throw new Error('a name has 1 to 200 characters, none of them hidden, and no space around it');
  return text;
}

/** Tabs and ends of lines are what a text is made of; another control character would do something on the terminal of whoever reads it. */
const CONTROL = /[^\P{Cc}\t\n\r]/u;

/** Who reviewed it, and what they wrote. Fails with usage or config.invalid, naming what is wrong. */
export async function reviewersOf(options: ParsedOptions, context: Context): Promise<Reviewers> {
  const reviewers = (options['reviewer'] ?? []) as readonly string[];
  const twice = reviewers.find((name, index) => reviewers.indexOf(name) !== index);
  if (twice !== undefined) fail('usage', `${twice} is named twice`, { hint: 'Name each reviewer once.' });
  const file = options['minutes'] as string | undefined;
  if (file === undefined) return { reviewers, minutes: null };
  if (reviewers.length === 0) fail('usage', '--minutes needs --reviewer', { hint: 'Say who was there: --reviewer NAME.' });
  const { readConfigFile } = await import('../config/read-file.ts');
  const text = await readConfigFile(resolve(context.cwd, file), file);
  if (text.trim() === '') fail('config.invalid', `${file} is empty`, { hint: 'Write what was decided, or leave --minutes out.' });
  if (CONTROL.test(text)) fail('config.invalid', `${file} holds control characters`, { hint: 'Save it as plain text.' });
  return { reviewers, minutes: { sha256: createHash('sha256').update(text).digest('hex'), text } };
}
