import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { loadConfig, type ConfigRequest, type LoadedConfig } from '../../../../src/config/load.ts';
import { ConfigError, problemText } from '../../../../src/config/problem.ts';

/** A folder with these files in it, gone after the test. A `.git` folder in it ends the search for dbctl.yaml. */
export function project(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, '.git'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
    chmodSync(join(folder, name), 0o600);
  }
  return folder;
}

/** Loads a dbctl.yaml with this content. */
export function load(content: string | Uint8Array, request: Partial<ConfigRequest> = {}): Promise<LoadedConfig> {
  return loadConfig({ cwd: project({ 'dbctl.yaml': content }), env: 'dev', variables: {}, ...request });
}

/** The ConfigError of a load that must fail. */
export async function failure(content: string | Uint8Array, request: Partial<ConfigRequest> = {}): Promise<ConfigError> {
  const outcome = await load(content, request).catch((error: unknown) => error);
  if (!(outcome instanceof ConfigError)) throw new Error(`expected a ConfigError, got ${String(outcome)}`);
  return outcome;
}

/** The problems of a load that must fail, one text each. */
export async function problemsOf(content: string | Uint8Array, request: Partial<ConfigRequest> = {}): Promise<string[]> {
  return (await failure(content, request)).problems.map(problemText);
}
