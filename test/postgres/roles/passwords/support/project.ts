import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cliReport, type CliReport } from '../../../../support/cli-report.ts';

/** A folder with dbctl.yaml and roles.yaml, and the built program in it. */
export interface Project {
  readonly folder: string;
  path(name: string): string;
  write(name: string, text: string, mode?: number): Promise<string>;
  report(words: string, env?: Readonly<Record<string, string>>): Promise<CliReport>;
  remove(): Promise<void>;
}

export async function makeProject(): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'dbctl-project-'));
  const path = (name: string): string => join(folder, name);
  return {
    folder,
    path,
    async write(name, text, mode = 0o600) {
      await writeFile(path(name), text);
      await chmod(path(name), mode);
      return path(name);
    },
    report: (words, env = {}) => cliReport(words.split(' '), { cwd: folder, env }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** One app with two logins, one with one. */
export const ROLES = `version: 1
owner: shop_owner
schemas: [shop]
roles:
  shop_owner: { purpose: owns the schema and what is in it }
  web_app: { purpose: the web application, logins: [web_app_1, web_app_2], connection_limit: 20 }
  reader: { purpose: people who look at the data, login: true, password: { variable: READER_PASSWORD } }
`;
