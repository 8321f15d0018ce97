import { join } from 'node:path';
import type { ClientProgram } from '../tools/program.ts';
import { databaseOption, type ClientEnvironment } from './client-environment.ts';
import type { SourceFacts } from './manifest.ts';
import { PARTS, RESTRICT_KEY, encodingOption } from './parts.ts';
import { programRunner } from './programs.ts';

export interface DumpRequest {
  readonly dump: ClientProgram;
  readonly dumpAll: ClientProgram;
  readonly source: SourceFacts;
  /** Name of the exported snapshot. */
  readonly snapshot: string;
  /** Sessions of pg_dump at a time. */
  readonly jobs: number;
  readonly lockWaitMs: number;
  /** Folder the parts are written into. */
  readonly into: string;
}

const KEPT = 'Nothing was kept. Mend what it says, and run it again.';

/** zstd at its lowest level is smaller than gzip at its highest and four times as fast as gzip at its lowest. */
const COMPRESSION = 'zstd:1';

/** The repository syncs every file before the backup gets its name. */
const COMMON = ['--no-password', '--no-sync'];

/** Starts the three programs that write rows, definitions and globals at the same time. Each promise fails with backup.failed. */
export function runDumpPrograms(request: DumpRequest, environment: ClientEnvironment, signal: AbortSignal): Promise<void>[] {
  const { dump, dumpAll, into } = request;
  const run = programRunner(environment, signal);
  return [
    run(dump, rowArguments(request), [into], KEPT),
    run(dump, schemaArguments(request), [into], KEPT),
    run(dumpAll, globalArguments(request), [into], KEPT),
  ];
}

const inSnapshot = ({ snapshot, source, lockWaitMs }: DumpRequest): string[] => [
  ...COMMON,
  `--snapshot=${snapshot}`,
  ...encodingOption(source),
  `--lock-wait-timeout=${lockWaitMs}`,
];

const rowArguments = (request: DumpRequest): string[] => [
  ...inSnapshot(request),
  '--format=directory',
  `--jobs=${request.jobs}`,
  `--compress=${COMPRESSION}`,
  // Since 18, and a server before it does not know the function that takes them back: there they are computed anew after a restore.
  ...(Math.min(request.dump.versionNumber, request.source.serverVersion) >= 180_000 ? ['--statistics'] : []),
  `--file=${join(request.into, PARTS.dump)}`,
];

const schemaArguments = (request: DumpRequest): string[] => [
  ...inSnapshot(request),
  '--schema-only',
  `--restrict-key=${RESTRICT_KEY}`,
  `--file=${join(request.into, PARTS.schema)}`,
];

/** By itself it would connect to the database postgres, which is not everybody's. */
const globalArguments = ({ source, into }: DumpRequest): string[] => [
  ...COMMON,
  `--database=${databaseOption(source.database)}`,
  '--globals-only',
  '--no-role-passwords',
  `--restrict-key=${RESTRICT_KEY}`,
  `--file=${join(into, PARTS.globals)}`,
];
