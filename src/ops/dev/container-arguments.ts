import { LINES, type Major } from './lines.ts';
import { developmentSettings } from './settings.ts';

export interface ContainerRequest {
  /** Of the container and of its volume. */
  readonly name: string;
  readonly major: Major;
  readonly port: number;
  /** Mode 0600; holds the password, which is therefore on no command line. */
  readonly environmentFile: string;
  /** The project's folder, as a label, so that `docker ps` can tell whose server it is. */
  readonly project: string;
}

/** The official image at the pin. */
export function imageName(major: Major): string {
  return `postgres:${LINES[major].version}`;
}

/** What follows `docker` to make and start the container. Docker and Podman read the same. */
export function runArguments({ name, major, port, environmentFile, project }: ContainerRequest): readonly string[] {
  return [
    'run',
    '--detach',
    ['--name', name],
    ['--label', `dbctl.project=${project}`],
    ['--env-file', environmentFile],
    ['--publish', `127.0.0.1:${port}:5432`],
    ['--volume', `${name}:${VOLUME_PATH[major]}`],
    // PostgreSQL's parallel queries share memory there, and the default of 64 MB is too little for them.
    ['--shm-size', '256m'],
    imageName(major),
    ...Object.entries(settings(name)).flatMap(([setting, value]) => ['-c', `${setting}=${value}`]),
  ].flat();
}

/** Since 18 the image keeps its data below a folder named for the major, and wants the volume one level up. */
const VOLUME_PATH: Readonly<Record<Major, string>> = { 18: '/var/lib/postgresql', 17: '/var/lib/postgresql/data' };

/** Listening and logging stay as the image has them: every address inside the container, and standard error (`docker logs`). */
function settings(name: string): Readonly<Record<string, string>> {
  const { listen_addresses: _1, logging_collector: _2, ...rest } = developmentSettings(name, '');
  return Object.fromEntries(Object.entries(rest).filter(([setting]) => !/^log_(directory|filename|rotation)/.test(setting)));
}

/** The image's own variables, one a line; Docker takes what follows the equals sign as it stands. */
export function environmentFile(password: string): string {
  const initdb = '--locale-provider=builtin --locale=C.UTF-8 --encoding=UTF8 --lc-messages=C --data-checksums';
  const lines = { POSTGRES_USER: 'postgres', POSTGRES_PASSWORD: password, POSTGRES_INITDB_ARGS: initdb };
  return Object.entries(lines)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** Variables by which people tell the program where its engine is. */
const ENGINE_VARIABLES = /^(PATH|HOME|XDG_RUNTIME_DIR|DOCKER_\w+|CONTAINER_HOST|CONTAINERS_\w+|HTTPS?_PROXY|NO_PROXY)$/i;

/** The part of the caller's environment the engine's program needs. */
export function engineVariables(variables: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  const entries = Object.entries(variables).filter(([name, value]) => value !== undefined && ENGINE_VARIABLES.test(name));
  return Object.fromEntries(entries) as Record<string, string>;
}
