import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Item, Report } from '../../../src/core/report.ts';
import { runCli } from '../../support/cli.ts';

export interface ReportOfRun extends Report {
  readonly items: readonly Item[];
  readonly status: number | null;
}

/** A project with checks of its own, in a folder that is thrown away. */
export interface VerifyProject {
  readonly folder: string;
  write(name: string, text: string): Promise<void>;
  /** dbctl.yaml: `verify` is put below that key, `more` at the end. */
  config(verify?: string, more?: string): Promise<void>;
  /** A check of group shop; its fix is `drop role {role};`. */
  check(id: string, severity: string, query: string, header?: string): Promise<void>;
  run(args: readonly string[], url?: string): ReturnType<typeof runCli>;
  /** The report of `dbctl verify …` in the format json. */
  report(args: readonly string[], url?: string): Promise<ReportOfRun>;
  remove(): Promise<void>;
}

export async function verifyProject(url: () => string): Promise<VerifyProject> {
  const folder = await mkdtemp(join(tmpdir(), 'dbctl-verify-'));
  await mkdir(join(folder, 'checks'));
  const write = (name: string, text: string) => writeFile(join(folder, name), text);
  const run = (args: readonly string[], at = url()) => runCli(['verify', ...args], { cwd: folder, env: { DATABASE_URL: at } });
  const project: VerifyProject = {
    folder,
    write,
    config: (verify = 'groups: [shop]', more = '') =>
      write(
        'dbctl.yaml',
        `version: 1\nproject: shop\nenvironments:\n  dev: { url: { variable: DATABASE_URL } }\n  prod: { url: { variable: DATABASE_URL }, protected: true }\nverify:\n  ${verify}\n${more}`,
      ),
    check: (id, severity, query, header = '') =>
      write(
        `checks/${id}.sql`,
        `--! title: ${id} is as wanted\n--! severity: ${severity}\n--! group: shop\n--! scope: database\n${header}--! why: Because.\n--! fix: drop role {role};\n--! refs: the project\n${query}\n`,
      ),
    run,
    async report(args, at) {
      const { status, stdout } = await run([...args, '--format', 'json'], at);
      return { ...(JSON.parse(stdout) as Report), status };
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
  await project.config();
  return project;
}

/** The query of a check that finds these objects. */
export const finds = (...objects: readonly string[]): string =>
  `select o as object, o || ' is wrong' as detail, '{"role": "app"}'::jsonb as data from unnest(array[${objects.map((name) => `'${name}'`).join(', ')}]::text[]) as o order by o`;
