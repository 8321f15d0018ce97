import { dirname, relative, resolve } from 'node:path';
import { suggest } from '../../core/suggest.ts';
import { checkDocument } from '../check.ts';
import type { UrlPlace } from '../config.ts';
import { parseConfigDocument, type ConfigDocument } from '../document.ts';
import type { At } from '../nodes.ts';
import { dotted } from '../path.ts';
import { ConfigError, type Problem } from '../problem.ts';
import { readConfigFile } from '../read-file.ts';
import { targetsFile, type CheckedTarget } from './schema.ts';

/** One database of a fleet. */
export interface FleetTarget {
  readonly name: string;
  /** undefined: the environment of the run. */
  readonly environment: string | undefined;
  /** undefined: that of the environment. */
  readonly url: UrlPlace | undefined;
  /** undefined: the one the URL names. */
  readonly database: string | undefined;
  readonly tls: CheckedTarget['tls'];
  readonly systemIdentifier: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** Where the file names it. */
  readonly at: At;
}

/** targets.yaml, every rule of it kept. */
export interface Inventory {
  /** How messages name the file. */
  readonly label: string;
  /** Paths in it are relative to this folder. */
  readonly folder: string;
  readonly targets: readonly FleetTarget[];
}

/**
 * Reads an inventory. `environments` are those of dbctl.yaml. Fails with config.invalid, listing every problem with line and column; with
 * secret.exposed where a password stands in it.
 */
export async function loadTargets(path: string, cwd: string, environments: readonly string[]): Promise<Inventory> {
  const file = resolve(cwd, path);
  const label = relative(cwd, file) || file;
  const targets = parseTargets(await readConfigFile(file, label, LARGEST), label, environments);
  return { label, folder: dirname(file), targets };
}

/** A target with every key and three labels is 23 keys and values in 210 bytes: room for all of MOST_TARGETS, with more labels than that. */
const MOST_READ = 400_000;
const LARGEST = 8_388_608;

/** The same for a text already read. */
export function parseTargets(text: string, label: string, environments: readonly string[]): FleetTarget[] {
  const document = parseConfigDocument(text, label, MOST_READ);
  const problems = checkDocument(document, { schema: targetsFile, begin: 'version: 1 and targets' });
  if (problems.length > 0) throw new ConfigError(problems, HINT);
  const { targets } = targetsFile.parse(document.value);
  const strange = targets.flatMap((target, index) => unknownEnvironment(target, index, document, environments));
  if (strange.length > 0) throw new ConfigError(strange, HINT);
  return targets.map((target, index) => fleetTarget(target, document.place(['targets', index, 'name']).value));
}

const HINT = 'Print every key with its meaning: dbctl config schema --of targets.yaml.';

function fleetTarget({ url, system_identifier, ...target }: CheckedTarget, at: At): FleetTarget {
  const { name, environment, database, tls, labels } = target;
  return { name, environment, url: urlPlace(url), database, tls, systemIdentifier: system_identifier, labels, at };
}

function urlPlace(url: CheckedTarget['url']): UrlPlace | undefined {
  if (url?.variable !== undefined) return { variable: url.variable };
  return url?.file === undefined ? undefined : { file: url.file };
}

function unknownEnvironment(
  { environment }: CheckedTarget,
  index: number,
  document: ConfigDocument,
  known: readonly string[],
): Problem[] {
  if (environment === undefined || known.includes(environment)) return [];
  const path = ['targets', index, 'environment'];
  const meant = suggest(environment, known);
  const there = known.length === 0 ? 'dbctl.yaml has none' : `dbctl.yaml has ${known.join(', ')}`;
  const message = `no environment ${JSON.stringify(environment)}: ${there}${meant === undefined ? '' : `; did you mean ${meant}`}`;
  return [document.problem(document.place(path).value, dotted(path), message)];
}
