import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { DbctlError } from '../../../../src/core/errors.ts';
import { resolveConnection, type ConnectionInput } from '../../../../src/runtime/connection/resolve.ts';
import type { ResolvedTarget } from '../../../../src/runtime/connection/extras.ts';

/** A home folder with these files (path to text), gone after the test; each has mode 0600. */
export function home(files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-home-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text, { mode: 0o600 });
  }
  return folder;
}

/** resolveConnection on a machine with nothing on it but what the test gives. */
export async function resolved(text: string | undefined, input: Partial<ConnectionInput> = {}): Promise<ResolvedTarget> {
  return resolveConnection({ text, variables: {}, home: '/nonexistent', osUser: 'ada', source: 'DATABASE_URL', ...input });
}

/** `message / hint` of the config.invalid that resolving ends with. */
export async function refusal(text: string | undefined, input: Partial<ConnectionInput> = {}): Promise<string> {
  const error = await resolved(text, input).then(
    (target) => new Error(`it was accepted: ${JSON.stringify(target)}`),
    (thrown: unknown) => thrown as Error,
  );
  if (!(error instanceof DbctlError)) throw error;
  return `${error.code}: ${error.message} / ${error.hint}`;
}
