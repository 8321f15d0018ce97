import { fail } from '../../core/errors.ts';
import type { Signer } from './signer.ts';
import { goodSignature, parseVerifierKey, type VerifierKey } from './verifier-key.ts';

/** A note whose signature was good. */
export interface OpenedNote {
  readonly text: string;
  /** Names of the keys that signed it. */
  readonly signedBy: readonly string[];
}

/** More are no sign of trust but of somebody who wants the reader busy; the bound is that of other implementations of signed notes. */
const SIGNATURES = 100;
const SIGNATURE = /^— (\S+) ([A-Za-z0-9+/]+=*)$/;

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
  if (signedBy.length === 0) refuse('none of its signatures is of a known key');
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
export function strictBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}

function refuse(why: string): never {
  fail('refused', `the note is not to be trusted: ${why}`, {
    hint: 'Compare it with its other copies, and the keys with public_keys in dbctl.yaml.',
  });
}
