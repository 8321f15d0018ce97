import { createHash } from 'node:crypto';
import { relative } from 'node:path';
import { checkDocument } from '../check.ts';
import { parseConfigDocument, type ConfigDocument } from '../document.ts';
import type { At } from '../nodes.ts';
import { dotted } from '../path.ts';
import { ConfigError, type Problem } from '../problem.ts';
import { readConfigFile } from '../read-file.ts';
import { rolesContradictions } from './contradictions.ts';
import { rolesFile, type CheckedRolesFile } from './schema.ts';

/** roles.yaml for one environment, every rule of the file itself kept. */
export interface RolesFile extends Omit<CheckedRolesFile, 'environments'> {
  /** How messages name it. */
  readonly label: string;
  /** Of its text with LF line ends: equal on every checkout. */
  readonly sha256: string;
  /** Where the value of a path is written, or its nearest container that is. */
  readonly place: (path: readonly PropertyKey[]) => At;
}

/**
 * Reads roles.yaml with what differs in `environment`. Fails with config.invalid, listing every problem with line and column; with
 * secret.exposed where a password stands in it.
 */
export async function loadRolesFile(file: string, cwd: string, environment: string): Promise<RolesFile> {
  const label = relative(cwd, file) || file;
  return parseRolesFile(await readConfigFile(file, label), label, environment);
}

/** The same for a text already read. */
export function parseRolesFile(text: string, label: string, environment: string): RolesFile {
  const document = parseConfigDocument(text, label);
  const problems = checkDocument(document, { schema: rolesFile, begin: 'version: 1, owner, schemas and roles' });
  if (problems.length > 0) throw new ConfigError(problems.map(saidOfOverlay), HINT);
  const checked = rolesFile.parse(document.value);
  const contradicting = rolesContradictions(checked);
  if (contradicting.length > 0) {
    throw new ConfigError(
      contradicting.map(({ path, message }) => document.problem(document.place(path).value, dotted(path), message)),
      HINT,
    );
  }
  const sha256 = createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex');
  return { ...withOverlay(checked, environment), label, sha256, place: placeOf(document) };
}

/** Keys that stand elsewhere in the file, and that somebody might want to be others in one environment. */
const SAME_EVERYWHERE =
  /^environments\.[^.]+\.(?:roles\.[^.]+\.(?:purpose|duty|login|logins|attributes|member_of|grants)|owner|schemas|creators|administrators|others|presets|public|row_security|exceptions)$/;

function saidOfOverlay(problem: Problem): Problem {
  if (!SAME_EVERYWHERE.test(problem.path) || !problem.message.startsWith('unknown key')) return problem;
  const message = 'is the same in every environment: connection_limit, valid_until, password and settings may differ';
  return { ...problem, message, hint: 'Write what an environment alone needs for a time as an exception with environments.' };
}

const HINT = 'Print every key with its meaning: dbctl config schema --of roles.yaml.';

function placeOf(document: ConfigDocument): RolesFile['place'] {
  return (path) => document.place(path).key;
}

function withOverlay({ environments, ...file }: CheckedRolesFile, environment: string): Omit<CheckedRolesFile, 'environments'> {
  const overlay = Object.hasOwn(environments, environment) ? environments[environment] : undefined;
  const roles = Object.entries(file.roles).map(([name, role]) => {
    const { settings, ...rest } = overlay?.roles[name] ?? {};
    const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    return [name, { ...role, ...given, settings: { ...role.settings, ...settings } }];
  });
  const exceptions = file.exceptions.filter((one) => one.environments?.includes(environment) ?? true);
  return { ...file, roles: Object.fromEntries(roles), exceptions };
}
