import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { databaseUrl, onServer } from '../../support/connection.ts';
import { runCli } from '../../support/cli.ts';
import { checkText } from './planted.ts';
import { dropDatabases, fleetProject, inventory, makeDatabases, standingOut, type FleetProject } from './support.ts';

/** Eight of each, all sixteen at the same time, in one process. */
const EACH = 8;
const [north, south] = [`apart_${process.pid}_north`, `apart_${process.pid}_south`];
const roles = [`${north}_role`, `${south}_role`];

/** What a session has from its target: login, database, and the policy it is compared with. Sleeps, so that they run into each other. */
const WHOAMI = `select pg_catalog.format('%s %s %s', current_user, pg_catalog.current_database(), pg_catalog.lower($1)) as object,
       'who is looked at as whom' as detail, null::jsonb as data
from (select pg_catalog.pg_sleep(0.2)) s`;

let project: FleetProject;
let env: Record<string, string>;
beforeAll(async () => {
  await makeDatabases([north, south]);
  const url = inject('databaseUrl');
  const urlOf = (database: string, role: string) => {
    const own = new URL(databaseUrl(url, database));
    [own.username, own.password] = [role, `secret-of-${role}`];
    return own.href;
  };
  await onServer(url, ...roles.map((role) => `create role ${role} login password 'secret-of-${role}'`));
  env = { NORTH_URL: urlOf(north, roles[0] ?? ''), DEV_URL: url };
  project = await fleetProject(
    '  north: { url: { variable: DEV_URL }, overlay: { postgres: { timezone: Europe/Oslo } } }\n' +
      '  south: { url: { variable: DEV_URL }, overlay: { postgres: { timezone: Africa/Cairo }, verify: { fail_on: critical } } }\n',
  );
  await project.write('checks/whoami.sql', checkText('whoami', WHOAMI, '--! params: timezone\n'));
  await project.write('south.url', urlOf(south, roles[1] ?? ''));
  await project.write('dbctl.waivers.yaml', waiver('*North*', 'north'));
});
afterAll(async () => {
  await project.remove();
  await dropDatabases([north, south]);
  await onServer(inject('databaseUrl'), ...roles.map((role) => `drop role ${role}`));
});

const waiver = (object: string, environment: string): string =>
  `- { check: whoami, object: '${object}', environment: ${environment}, reason: looked at on purpose, owner: ops, expires: ${new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10)} }\n`;

const pairs = Array.from({ length: EACH }, (_, index) => [
  { name: `north-${index}`, environment: 'north', url: { variable: 'NORTH_URL' } },
  { name: `south-${index}`, environment: 'south', url: { file: 'south.url' } },
]).flat();

async function reportOf(more: Record<string, string> = {}): Promise<{ report: Report; status: number | null; stderr: string }> {
  const args = ['verify', '--targets', 'targets.yaml', '--parallel', '16', '--format', 'json'];
  const { status, stdout, stderr } = await runCli(args, { cwd: project.folder, env: { ...env, ...more } });
  return { report: JSON.parse(stdout) as Report, status, stderr };
}

const expected = pairs.map(({ name }) =>
  name.startsWith('north')
    ? `${name} waived whoami ${roles[0]} ${north} europe/oslo`
    : `${name} fail whoami ${roles[1]} ${south} africa/cairo`,
);

describe('targets that are looked at at the same time', () => {
  it('keep login, database, policy and waivers to themselves', async () => {
    await project.write('targets.yaml', inventory(pairs));
    await project.write('dbctl.waivers.yaml', waiver('*', 'north'));
    const { report, status } = await reportOf();
    expect(standingOut(report)).toEqual(expected);
    // The finding is high: it counts in the north, where it is waived, and not in the south, whose bar is critical.
    expect({ status, error: report.error }).toEqual({ status: 0, error: null });
    const { targets } = report.summary['fleet'] as {
      targets: readonly { env: string; target: { env: string; database: string } }[];
    };
    expect(targets.map(({ env: own, target }) => [own, target.env, target.database])).toEqual(
      pairs.map(({ environment }) => [environment, environment, environment === 'north' ? north : south]),
    );
  });

  it('do not get the one login that DB_USER and DB_PASSWORD are', async () => {
    await project.write('targets.yaml', inventory(pairs.slice(0, 2)));
    const { report, stderr } = await reportOf({ DB_USER: 'nobody', DB_PASSWORD: 'of-another-database' });
    expect(standingOut(report)).toEqual(expected.slice(0, 2));
    expect(stderr).toContain('warning: DB_USER and DB_PASSWORD not used for targets of targets.yaml with a URL of their own');
  });

  it('are refused where another server answers than targets.yaml says, and looked at where it is the one', async () => {
    const [row] = await systemIdentifiers();
    const [one, two] = pairs;
    await project.write(
      'targets.yaml',
      inventory([
        { ...one, system_identifier: '1' },
        { ...two, system_identifier: row },
      ]),
    );
    const { report, status } = await reportOf();
    expect(status).toBe(5);
    expect(report.items.map(({ status: own, message }) => [own, message])).toEqual([
      ['unknown', expect.stringMatching(/is server \d+, and targets\.yaml:3 says 1: nothing was done$/)],
      ['fail', 'who is looked at as whom'],
    ]);
  });
});

async function systemIdentifiers(): Promise<string[]> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: inject('databaseUrl') });
  await client.connect();
  try {
    const { rows } = await client.query<{ id: string }>('select system_identifier::text as id from pg_control_system()');
    return rows.map(({ id }) => id);
  } finally {
    await client.end();
  }
}
