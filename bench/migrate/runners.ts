import { createHash } from 'node:crypto';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { counted, eachScript, pgVariables, urlOf, type Runner } from './runner.ts';
import type { Script } from './script.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const peers = join(root, 'bench/peers/node_modules');
const node = process.execPath;

const dbctl: Runner = {
  name: 'dbctl',
  transactions: 'each migration',
  keepsHistory: true,
  find: () => ({ version: packageVersion(root) ?? '' }),
  files: (list) =>
    new Map([
      ['dbctl.yaml', DBCTL_YAML],
      ...eachScript(list, ({ number, slug }) => `migrations/${counted(number)}.do.${slug}.sql`),
    ]),
  invoke: (address) => ({
    program: node,
    args: [join(root, 'bin/dbctl.js'), 'migrate', 'up', '--env', 'bench', '--quiet'],
    env: { BENCH_URL: urlOf(address) },
  }),
};

const DBCTL_YAML = `version: 1
project: bench
postgres:
  version: "18.2"
environments:
  bench:
    url: { variable: BENCH_URL }
migrations:
  folder: migrations
`;

/** What sending the files costs without any bookkeeping; `--single-transaction` is the floor below every tool. */
function psql(name: string, transactions: Runner['transactions'], options: readonly string[]): Runner {
  const file = ({ number, slug }: Script): string => `${counted(number)}-${slug}.sql`;
  return {
    name,
    transactions,
    keepsHistory: false,
    find: () => (onPath('psql') ? { version: '' } : { install: 'apt-get install postgresql-client' }),
    files: (list) => new Map(eachScript(list, file)),
    invoke: (address, pending) => ({
      program: 'psql',
      args: ['-X', '-q', '-v', 'ON_ERROR_STOP=1', ...options, ...pending.flatMap((script) => ['-f', file(script)])],
      env: pgVariables(address),
    }),
  };
}

/** The program itself, not the npm package's wrapper: the wrapper starts a Node.js process before it. */
const dbmate: Runner = {
  name: 'dbmate',
  transactions: 'each migration',
  keepsHistory: true,
  find: () => findPeer(`@dbmate/${process.platform}-${process.arch}`),
  files: (list) =>
    new Map(
      eachScript(
        list,
        ({ number, slug }) => `db/migrations/${20260101000000 + number}_${slug}.sql`,
        ({ sql }) => `-- migrate:up\n${sql}\n-- migrate:down\n`,
      ),
    ),
  invoke: (address) => ({
    program: join(peers, `@dbmate/${process.platform}-${process.arch}/bin/dbmate`),
    args: ['--no-dump-schema', 'migrate'],
    env: { DATABASE_URL: urlOf(address) },
  }),
};

/** SQL files: a script per migration in JavaScript costs it a compilation each. */
const nodePgMigrate: Runner = {
  name: 'node-pg-migrate',
  transactions: 'all together',
  keepsHistory: true,
  find: () => findPeer('node-pg-migrate'),
  files: (list) => new Map(eachScript(list, ({ number, slug }) => `migrations/${1700000000000 + number}_${slug}.sql`)),
  invoke: (address) => ({
    program: node,
    args: [join(peers, 'node-pg-migrate/bin/node-pg-migrate.js'), 'up', '--no-verbose'],
    env: { DATABASE_URL: urlOf(address) },
  }),
};

const graphileMigrate: Runner = {
  name: 'graphile-migrate',
  transactions: 'each migration',
  keepsHistory: true,
  find: () => findPeer('graphile-migrate'),
  files: (list) => new Map([['.gmrc', '{}\n'], ...committed(list)]),
  invoke: (address) => ({
    program: node,
    args: [join(peers, 'graphile-migrate/dist/cli.js'), 'migrate'],
    env: { DATABASE_URL: urlOf(address) },
  }),
};

/** Its committed migrations are a chain: the hash of each covers the hash before it and the text (its dist/hash.js). */
function committed(list: readonly Script[]): [path: string, content: string][] {
  let previous = '';
  return eachScript(
    list,
    ({ number, slug }) => `migrations/committed/${counted(number, 6)}-${slug}.sql`,
    ({ sql }) => {
      const body = `${sql.trim()}\n`;
      const hash = `sha1:${createHash('sha1')
        .update(`${`${previous}\n${body}`.trim()}\n`)
        .digest('hex')}`;
      const text = `--! Previous: ${previous === '' ? '-' : previous}\n--! Hash: ${hash}\n\n${body}`;
      previous = hash;
      return text;
    },
  );
}

/** It has no transactions of its own: the statements of a file are one message, which PostgreSQL runs as one, the history row another. */
const postgrator: Runner = {
  name: 'postgrator-cli',
  transactions: 'each script, each row',
  keepsHistory: true,
  find: () => findPeer('postgrator-cli'),
  files: (list) => new Map(eachScript(list, ({ number, slug }) => `migrations/${counted(number)}.do.${slug}.sql`)),
  invoke: (address) => ({
    program: node,
    args: [join(peers, 'postgrator-cli/index.js'), '--no-config', '--driver', 'pg', '--database', address.database],
    env: pgVariables(address),
  }),
};

/** dbctl first, the floor next, then the tools it is compared with. */
export const RUNNERS: readonly Runner[] = [
  dbctl,
  psql('psql -1', 'all together', ['--single-transaction']),
  psql('psql', 'each statement', []),
  dbmate,
  nodePgMigrate,
  graphileMigrate,
  postgrator,
];

function findPeer(name: string): { readonly version: string } | { readonly install: string } {
  const version = packageVersion(join(peers, name));
  return version === undefined ? { install: 'npm --prefix bench/peers ci' } : { version };
}

function packageVersion(folder: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
  } catch {
    return undefined;
  }
}

function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
