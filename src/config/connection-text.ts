import { resolve } from 'node:path';
import { fail } from '../core/errors.ts';
import type { Environment } from './config.ts';
import { readSecretFile } from './read-file.ts';
import type { Variables } from './variables.ts';

export interface ConnectionText {
  /** The connection URL, a secret. undefined: the embedded server, or libpq's own variables, say where to connect. */
  readonly text: string | undefined;
  /** Where it was found, for messages: `variable DATABASE_URL`, `file secrets/prod.url`. Never secret. */
  readonly source: string;
}

/** Whose URL it is and where that is written, for messages. */
interface Whose {
  readonly who: string;
  readonly where: string;
}

/** Any of these says enough for libpq to connect without a URL. */
const LIBPQ_VARIABLES = ['PGSERVICE', 'PGHOST', 'PGHOSTADDR', 'PGDATABASE', 'PGUSER', 'PGPORT'] as const;

/**
 * The connection URL of an environment, from the variable or secret file it names; without either from DATABASE_URL, then from
 * libpq's variables. Fails with config.invalid when there is none, with secret.exposed when others can read the file.
 */
export async function connectionText(
  environment: Environment,
  folder: string,
  variables: Variables,
  whose: Whose = { who: `environment ${environment.name}`, where: `environments.${environment.name}.url` },
): Promise<ConnectionText> {
  const { name, url, embedded } = environment;
  if (embedded) return { text: undefined, source: 'embedded' };
  if (url !== undefined && 'file' in url) {
    return { text: await readSecretFile(resolve(folder, url.file), url.file), source: `file ${url.file}` };
  }
  if (url !== undefined) return fromVariable(url.variable, variables, whose);
  if (isSet(variables['DATABASE_URL'])) return fromVariable('DATABASE_URL', variables, whose);
  const libpq = LIBPQ_VARIABLES.find((variable) => isSet(variables[variable]));
  if (libpq !== undefined) return { text: undefined, source: `variable ${libpq}` };
  return fail('config.invalid', `environment ${name} does not say where its database is, and DATABASE_URL is not set`, {
    hint: `Set DATABASE_URL, or write embedded: true or url: {variable: NAME} under environments.${name} in dbctl.yaml.`,
  });
}

function fromVariable(variable: string, variables: Variables, { who, where }: Whose): ConnectionText {
  const text = variables[variable];
  if (isSet(text)) return { text, source: `variable ${variable}` };
  const state = text === undefined ? 'not set' : 'empty';
  return fail('config.invalid', `${who} takes its connection URL from ${variable}, which is ${state}`, {
    hint:
      `Set ${variable} to a URL such as postgresql://user@host:5432/database, ` +
      `or name another variable ${where.startsWith('environments.') ? 'under' : 'in'} ${where}.`,
  });
}

function isSet(text: string | undefined): text is string {
  return text !== undefined && text.trim() !== '';
}
