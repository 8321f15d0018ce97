import { basename, dirname, relative, resolve } from 'node:path';
import { fail } from '../core/errors.ts';
import { suggest } from '../core/suggest.ts';
import { checkDocument } from './check.ts';
import { complete, type Config, type Environment } from './config.ts';
import { parseConfigDocument, type ConfigDocument } from './document.ts';
import { effective, environmentNames, originsOf, type Sources } from './effective.ts';
import { CONFIG_FILE, findConfigFile } from './find-file.ts';
import { fileLayer, overlayLayer, valueAt } from './layers.ts';
import { dotted } from './path.ts';
import type { Origin } from './origin.ts';
import { ConfigError, type Problem } from './problem.ts';
import { readConfigFile } from './read-file.ts';
import { readFlags, readVariables, unknownVariables, type Variables } from './variables.ts';

export interface ConfigRequest {
  /** From `--config` or DBCTL_CONFIG; without it dbctl.yaml is looked for in `cwd` and the folders above. */
  readonly file?: string | undefined;
  readonly cwd: string;
  /** Name of the environment. */
  readonly env: string;
  readonly variables: Variables;
  /** Dotted key → value in the form the file takes, for flags actually given; undefined counts as not given. */
  readonly flags?: Readonly<Record<string, unknown>>;
}

export interface LoadedConfig {
  /** Frozen; durations are milliseconds. */
  readonly config: Config;
  /** Absolute path; null: there is no dbctl.yaml and defaults hold. */
  readonly file: string | null;
  /** Relative paths of the configuration are relative to this folder. */
  readonly folder: string;
  readonly environment: Environment;
  /** Dotted key → where its value comes from, for every key of `config` that has one. */
  readonly origins: ReadonlyMap<string, Origin>;
  /**
   * What is wrong with a value that only the command that uses it can judge, at its place in the file: `path` is that below the environment's
   * overlay, where that has the section, else in the file.
   */
  problemAt(path: readonly PropertyKey[], message: string): Problem;
  /** What is likely a mistake and does not stop the run: for the log. */
  readonly warnings: readonly string[];
}

/**
 * The configuration of one environment: defaults, then the file, the environment's overlay, DBCTL_… variables and flags, the
 * later winning key by key. Fails with one ConfigError that lists every problem; with config.invalid when the file cannot be read.
 */
export async function loadConfig(request: ConfigRequest): Promise<LoadedConfig> {
  const { cwd, env, variables } = request;
  const { file, misnamed } = await locate(request);
  const document = file === undefined ? undefined : await readDocument(file, cwd);
  const [fromVariables, fromFlags] = [readVariables(variables), readFlags(request.flags ?? {})];
  const problems = [...(document === undefined ? [] : checkDocument(document)), ...fromVariables.problems, ...fromFlags.problems];
  const names = environmentNames(document) ?? [env];
  if (document !== undefined) problems.push(...missingEnvironment(document, names, env));
  if (document === undefined && !names.includes(env)) failWithoutFile(env);
  if (problems.length > 0) throw new ConfigError(problems);

  const project = projectName(cwd);
  const sourcesOf = (name: string): Sources => ({
    document,
    project,
    layers: [
      ...(document === undefined ? [] : [fileLayer(document), overlayLayer(document, name)]),
      ...(name === env ? [fromVariables.layer, fromFlags.layer] : []),
    ],
  });
  // Every environment, not only this one: the run that meets the contradiction should not be the one on production.
  const contradicting = names.flatMap((name) => effective(sourcesOf(name)).problems);
  if (contradicting.length > 0) throw new ConfigError(contradicting);
  const config = complete(
    effective(sourcesOf(env)).checked ?? fail('internal', `environment ${env} was checked and is not sound`),
  );
  return Object.freeze({
    config,
    file: file ?? null,
    folder: file === undefined ? cwd : dirname(file),
    environment: config.environments[env] ?? fail('internal', `environment ${env} was checked and is gone`),
    origins: originsOf(sourcesOf(env), config),
    problemAt: (path: readonly PropertyKey[], message: string) => problemAt(document, env, path, message),
    warnings: [...misnamedWarning(misnamed, cwd), ...unknownVariables(variables)],
  });
}

async function locate({ file, cwd }: ConfigRequest): Promise<{ file: string | undefined; misnamed: string | undefined }> {
  return file === undefined ? findConfigFile(cwd) : { file: resolve(cwd, file), misnamed: undefined };
}

async function readDocument(file: string, cwd: string): Promise<ConfigDocument> {
  const label = relative(cwd, file) || file;
  return parseConfigDocument(await readConfigFile(file, label), label);
}

function missingEnvironment(document: ConfigDocument, names: readonly string[], env: string): Problem[] {
  if (names.includes(env)) return [];
  const { key } = document.place(['environments']);
  const known = names.length === 0 ? 'the file has none' : `the file has ${names.join(', ')}`;
  const meant = suggest(env, names);
  const message = `no environment ${JSON.stringify(env)}: ${known}${meant === undefined ? '' : `; did you mean ${meant}`}`;
  return [
    document.problem(key, 'environments', message, {
      hint: 'Pick one with --env or DBCTL_ENV; without either it is dev.',
    }),
  ];
}

function failWithoutFile(env: string): never {
  return fail('config.invalid', `no environment ${JSON.stringify(env)}: there is no ${CONFIG_FILE} here or in a folder above`, {
    hint: 'Run dbctl init to write one, or name it with --config.',
  });
}

function problemAt(document: ConfigDocument | undefined, env: string, path: readonly PropertyKey[], message: string): Problem {
  const name = dotted(path);
  if (document === undefined) fail('internal', `${name} stands in no file: ${message}`);
  const overlay = ['environments', env, 'overlay', ...path];
  const full = valueAt(document.value, overlay) === undefined ? path : overlay;
  return document.problem(document.place(full).value, dotted(full), message);
}

/** Without a file the folder names the project. */
function projectName(cwd: string): string {
  const words =
    basename(cwd)
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? [];
  const name = words.join('-').replace(/^[^a-z]+/, '');
  return name === '' ? 'project' : name;
}

function misnamedWarning(misnamed: string | undefined, cwd: string): string[] {
  return misnamed === undefined ? [] : [`${relative(cwd, misnamed)} is not read: dbctl reads ${CONFIG_FILE}, rename it`];
}
