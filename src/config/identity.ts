import { join, relative } from 'node:path';
import { checkDocument } from './check.ts';
import type { Environment } from './config.ts';
import { parseConfigDocument } from './document.ts';
import { systemIdentifier } from './forms.ts';
import { ConfigError } from './problem.ts';
import { fileExists } from './find-file.ts';
import { readConfigFile } from './read-file.ts';
import { oneNumberOf, section, text, wholeNumber } from './values.ts';

/** Which server and database an environment is; what is undefined is not asked. */
export interface ExpectedIdentity {
  readonly systemIdentifier: string;
  readonly database: string | undefined;
  /** Of PostgreSQL. */
  readonly major: number | undefined;
  /** The file that says so, for messages. */
  readonly from: string;
}

const identityFile = section({
  version: oneNumberOf([1]).describe('Version of this file format.'),
  system_identifier: systemIdentifier().describe('Of the cluster, from pg_control_system(): made by initdb, and for life.'),
  database: text('name', /^[^\0]{1,63}$/s, 'the name of a database').describe('The database.'),
  major: wholeNumber(14, 99).describe('Major version of PostgreSQL.'),
});

/** One file for each environment, next to dbctl.yaml: which of them changed is seen in a review. */
export const identityFileName = (environment: string): string => `dbctl.identity.${environment}.yaml`;

/**
 * What an environment is expected to be, from its file or from `system_identifier` of dbctl.yaml; null: nobody said.
 * Fails with config.invalid where the file is wrong, or says another server than dbctl.yaml.
 */
export async function expectedIdentity(
  { name, system_identifier: inConfig }: Environment,
  folder: string,
  cwd: string,
): Promise<ExpectedIdentity | null> {
  const file = join(folder, identityFileName(name));
  if (!(await fileExists(file))) {
    return inConfig === undefined
      ? null
      : { systemIdentifier: inConfig, database: undefined, major: undefined, from: `environments.${name} of dbctl.yaml` };
  }
  const from = relative(cwd, file) || file;
  const document = parseConfigDocument(await readConfigFile(file, from), from);
  const problems = checkDocument(document, { schema: identityFile, begin: 'version: 1, system_identifier, database and major' });
  if (problems.length > 0) throw new ConfigError(problems);
  const { system_identifier, database, major } = identityFile.parse(document.value);
  if (inConfig !== undefined && inConfig !== system_identifier) {
    const { value } = document.place(['system_identifier']);
    const message = `is ${system_identifier}, and environments.${name}.system_identifier of dbctl.yaml is ${inConfig}: keep one`;
    throw new ConfigError([document.problem(value, 'system_identifier', message)]);
  }
  return { systemIdentifier: system_identifier, database, major, from };
}

/** The file as `db identify` writes it. Pure. */
export function identityText(environment: string, identity: Omit<ExpectedIdentity, 'from'>): string {
  return [
    `# Which server and database environment ${environment} is. Every command of dbctl looks before it does anything else.`,
    `# Made by: dbctl db identify --env ${environment}`,
    'version: 1',
    `system_identifier: "${identity.systemIdentifier}"`,
    `database: ${JSON.stringify(identity.database)}`,
    `major: ${identity.major}`,
    '',
  ].join('\n');
}
