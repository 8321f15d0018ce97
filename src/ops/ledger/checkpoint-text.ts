import { fail } from '../../core/errors.ts';
import { strictBase64 } from '../signing/note.ts';
import { HASH_BYTES } from './merkle.ts';

/** What a checkpoint says: C2SP tlog-checkpoint, with lines of our own at its end. */
export interface Checkpoint {
  /** `dbctl/<system identifier>/<database>`: which log it is. */
  readonly origin: string;
  /** Entries of the log. */
  readonly size: number;
  readonly root: Buffer;
  /** Lines `key value`, in this order. */
  readonly extensions: Readonly<Record<string, string>>;
}

/** Text a person can read, without control characters or halves of a character (C2SP signed-note). */
const LINE = /^[\x20-\x7e\u{a0}-\u{d7ff}\u{e000}-\u{10ffff}]+$/u;

/** The text that is signed; ends with a line feed. Fails with RangeError on an extension that would break the lines. */
export function checkpointText({ origin, size, root, extensions }: Checkpoint): string {
  const lines = Object.entries(extensions).map(([key, value]) => `${key} ${value}`);
  const broken = [origin, ...lines].find((line) => !LINE.test(line)) ?? lines.find((line) => !/^\S+ ./u.test(line));
  if (broken !== undefined) throw new RangeError(`not a line of a note: ${JSON.stringify(broken)}`);
  return [origin, String(size), root.toString('base64'), ...lines, ''].join('\n');
}

/** Reads what {@link checkpointText} wrote. Fails with refused on anything else. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', size = '', root = '', ...rest] = text.split('\n');
  const bytes = strictBase64(root);
  const extensions = rest
    .slice(0, -1)
    .map((line) => [line.slice(0, Math.max(0, line.indexOf(' '))), line.slice(line.indexOf(' ') + 1)] as const);
  const wellFormed =
    rest.at(-1) === '' &&
    /^(0|[1-9]\d{0,15})$/.test(size) &&
    Number.isSafeInteger(Number(size)) &&
    bytes?.length === HASH_BYTES &&
    [origin, ...rest.slice(0, -1)].every((line) => LINE.test(line)) &&
    extensions.every(([key, value]) => key !== '' && value !== '') &&
    new Set(extensions.map(([key]) => key)).size === extensions.length;
  if (!wellFormed)
    fail('refused', 'not the text of a checkpoint', { hint: 'Its lines are origin, size, root and further ones.' });
  return { origin, size: Number(size), root: bytes, extensions: Object.fromEntries(extensions) };
}
