import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { Item, Report } from '../../../src/core/report.ts';
import { onServer } from '../../support/connection.ts';

/** A project with an inventory, and checks of its own only. */
export interface FleetProject {
  readonly folder: string;
  write(name: string, text: string): Promise<void>;
  remove(): Promise<void>;
}

export async function fleetProject(config = ''): Promise<FleetProject> {
  const folder = await mkdtemp(join(tmpdir(), 'dbctl-fleet-'));
  await mkdir(join(folder, 'checks'));
  const write = (name: string, text: string) => writeFile(join(folder, name), text, { mode: 0o600 });
  await write(
    'dbctl.yaml',
    `version: 1\nproject: shop\nenvironments:\n  dev: { url: { variable: DEV_URL } }\n${config}verify: { groups: [shop] }\n`,
  );
  return { folder, write, remove: () => rm(folder, { recursive: true, force: true }) };
}

export const inventory = (targets: readonly object[]): string =>
  `version: 1\ntargets:\n${targets.map((target) => `  - ${JSON.stringify(target)}\n`).join('')}`;

/** Databases from template0, several at a time: a server copies as fast as its disk, and waits in between. */
export async function makeDatabases(names: readonly string[], atOnce = 4): Promise<void> {
  const waiting = names.values();
  const work = async (): Promise<void> => {
    for (const name of waiting)
      await onServer(inject('databaseUrl'), `create database ${name} template template0 strategy wal_log`);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

export async function dropDatabases(names: readonly string[]): Promise<void> {
  await onServer(inject('databaseUrl'), ...names.map((name) => `drop database if exists ${name} with (force)`));
}

/** What stands out of a report: `target status id object`. */
export const standingOut = (report: Report): string[] =>
  report.items.filter(({ status }) => status !== 'pass').map((item) => lineOf(item));

const lineOf = ({ target, status, id, object }: Item): string => `${targetName(target)} ${status} ${id} ${object}`;
const targetName = (target: unknown): string => (typeof target === 'string' ? target : '');
