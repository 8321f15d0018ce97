import { fail } from '../../core/errors.ts';
import { HASH_BYTES } from './merkle.ts';
import type { Signer } from './signer.ts';
import { goodSignature, parseVerifierKey, type VerifierKey } from './verifier-key.ts';

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

/** A note whose signature was good. */
export interface OpenedNote {
  readonly text: string;
  /** Names of the keys that signed it. */
  readonly signedBy: readonly string[];
}

/** Text a person can read, without control characters or halves of a character (C2SP signed-note). */
const LINE = /^[\x20-\x7e\u{a0}-\u{d7ff}\u{e000}-\u{10ffff}]+$/u;
/** More are no sign of trust but of somebody who wants the reader busy; the bound is that of other implementations of signed notes. */
const SIGNATURES = 100;
const SIGNATURE = /^— (\S+) ([A-Za-z0-9+/]+=*)$/;

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

/** The text with the signature of `signer` under it (C2SP signed-note). */
export async function signNote(text: string, signer: Signer): Promise<string> {
  if (!text.endsWith('\n')) throw new RangeError('the text of a note ends with a line feed');
  const signature = await signer.sign(Buffer.from(text));
  // Read afterwards: which of the keys of its name an external command has is known by its answer.
  const { name, id } = parseVerifierKey(signer.verifierKey);
  return `${text}\n— ${name} ${Buffer.concat([id, signature]).toString('base64')}\n`;
}

/**
 * The text of a note with at least one good signature of a known key. Signatures of unknown keys are passed over, a bad one of a known
 * key is not. Fails with refused, saying which of these it was.
 */
export function openNote(note: string, verifierKeys: readonly string[]): OpenedNote {
  const keys = verifierKeys.map(parseVerifierKey);
  const border = note.lastIndexOf('\n\n');
  const text = note.slice(0, border + 1);
  const lines = note.slice(border + 2).split('\n');
  if (border === -1 || lines.pop() !== '' || lines.length === 0 || text === '') refuse('it has no signature');
  if (lines.length > SIGNATURES) refuse(`it has more than ${SIGNATURES} signatures`);
  const signedBy = [...new Set(lines.flatMap((line) => signatureOf(line, text, keys)))];
  if (signedBy.length === 0) refuse('none of its signatures is of a key in ledger.public_keys');
  return { text, signedBy };
}

function signatureOf(line: string, text: string, keys: readonly VerifierKey[]): readonly string[] {
  const [, name, encoded = ''] = SIGNATURE.exec(line) ?? [];
  const bytes = strictBase64(encoded);
  if (name === undefined || bytes === null || bytes.length < 5) return refuse('one of its signature lines is none');
  const key = keys.find((one) => one.name === name && one.id.equals(bytes.subarray(0, 4)));
  if (key === undefined) return [];
  if (!goodSignature(key, Buffer.from(text), bytes.subarray(4))) refuse(`the signature of ${name} does not fit its text`);
  return [name];
}

/** One text for each value, so that a note cannot be changed without breaking it; null for anything else. */
function strictBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}

function refuse(why: string): never {
  fail('refused', `the note is not to be trusted: ${why}`, {
    hint: 'Compare it with the copies in the other sinks: runbooks/ledger-mismatch.md.',
  });
}
