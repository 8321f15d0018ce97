import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';

/** The process of this id has ended, or ends within two seconds. */
export async function expectGone(pid: number): Promise<void> {
  for (let tries = 0; tries < 100 && isAlive(pid); tries += 1) await sleep(20);
  expect(isAlive(pid)).toBe(false);
}

/** A killed process nobody asks for stays as a zombie where nothing collects it. */
function isAlive(pid: number): boolean {
  const path = `/proc/${pid}/stat`;
  return existsSync(path) && !/\) Z /.test(readFileSync(path, 'utf8'));
}
