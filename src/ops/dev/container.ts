import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail } from '../../core/errors.ts';
import { environmentFile, imageName, runArguments } from './container-arguments.ts';
import { containerProgram, type ContainerProgram } from './container-program.ts';
import type { Engine, RunningServer, ServerState } from './engine.ts';
import { realFolder, type Control, type DevEnvironment } from './environment.ts';
import { LINES } from './lines.ts';
import { readPassfile, SUPERUSER, writePassfile } from './passfile.ts';
import { freePort, isFree } from './port.ts';
import { probeServer } from './probe.ts';
import { readRecord } from './record.ts';
import { randomPassword, writeSecretly } from './secret-file.ts';
import { makeStateFolder, type StateFolder } from './state.ts';

/** PostgreSQL in a container of Docker or Podman, its data in a volume of the same name. */
export function containerEngine(environment: DevEnvironment, state: StateFolder, control: Control): Engine {
  const name = `dbctl-${state.name}`;
  const program = once(() => containerProgram(environment.variables, control.signal));
  const place = async (): Promise<Place> => ({
    program: await program(),
    name,
    state,
    project: realFolder(environment),
    control,
  });
  return {
    name: 'container',
    version: LINES[state.major].version,
    dataFolder: `volume ${name}`,
    inspect: async () => inspectContainer(await place()),
    start: async (found) => startContainer(await place(), found),
    stop: async () => void (await (await program()).run(['stop', '--time', '120', name])),
    purge: async () => purgeContainer(await place()),
  };
}

interface Place {
  readonly program: ContainerProgram;
  readonly name: string;
  readonly state: StateFolder;
  readonly project: string;
  readonly control: Control;
}

async function inspectContainer({ program, name, state, control }: Place): Promise<ServerState> {
  const running = await program.ask(['container', 'inspect', '--format', '{{.State.Running}}', name]);
  if (running === undefined) {
    return (await program.ask(['volume', 'inspect', name])) === undefined
      ? { kind: 'absent' }
      : { kind: 'stopped', crashed: false };
  }
  if (running !== 'true') return { kind: 'stopped', crashed: false };
  const port = Number((await program.ask(['port', name, '5432/tcp']))?.split('\n')[0]?.split(':').at(-1));
  const password = (await readPassfile(state.passfile)) ?? 'lost';
  const probe = await probeServer({ host: '127.0.0.1', port, password }, control.signal);
  if (probe.kind === 'refuses' && probe.sqlstate.startsWith('28')) return { kind: 'locked-out' };
  // While its first data folder is made the image listens nowhere: a container that runs is given time.
  if (probe.kind !== 'answers') return { kind: 'starting' };
  const server = { engine: 'container', host: '127.0.0.1', port, password, dataFolder: `volume ${name}` } as const;
  return { kind: 'running', server: { ...server, ...probe.facts } };
}

async function startContainer(place: Place, found: ServerState): Promise<RunningServer> {
  if (found.kind === 'running') return found.server;
  const { program, name, state, control } = place;
  await makeStateFolder(state, undefined);
  const step = control.progress.step(
    `starting container ${name} from ${imageName(state.major)}, which is fetched when it is not there`,
  );
  if (found.kind === 'locked-out') await renewPassword(place);
  else if (!(await startAgain(place))) await runNew(place, await port(state));
  const server = await answering(place);
  step.done(`PostgreSQL ${server.version} on port ${server.port}, by ${program.name}`);
  return server;
}

/** A container keeps the port it was made with; when somebody else has it now, it is made anew on the same volume. */
async function startAgain({ program, name }: Place): Promise<boolean> {
  if ((await program.ask(['container', 'inspect', name])) === undefined) return false;
  if ((await program.ask(['start', name])) !== undefined) return true;
  await program.run(['rm', '--force', name]);
  return false;
}

async function runNew({ program, name, state, project }: Place, onPort: number): Promise<void> {
  const password = (await readPassfile(state.passfile)) ?? randomPassword();
  await writePassfile(state.passfile, onPort, password);
  const file = join(state.folder, 'container.env');
  try {
    await writeSecretly(file, environmentFile(password));
    await program.run(runArguments({ name, major: state.major, port: onPort, environmentFile: file, project }));
  } finally {
    await rm(file, { force: true });
  }
}

/** Inside the container the image trusts local connections, so a lost password is set anew there; the statement goes over stdin. */
async function renewPassword({ program, name, state }: Place): Promise<void> {
  const password = randomPassword();
  const psql = ['psql', '--no-psqlrc', '--quiet', '--set', 'ON_ERROR_STOP=1', '--username', SUPERUSER];
  await program.run(
    ['exec', '--interactive', '--user', 'postgres', name, ...psql],
    `alter role ${SUPERUSER} password '${password}';\n`,
  );
  const published = await program.ask(['port', name, '5432/tcp']);
  await writePassfile(state.passfile, Number(published?.split('\n')[0]?.split(':').at(-1)), password);
}

async function port(state: StateFolder): Promise<number> {
  const before = (await readRecord(state.record))?.port;
  return before !== undefined && (await isFree(before)) ? before : freePort();
}

/** Longest wait for the first answer, in milliseconds; the image runs initdb before it. */
const ANSWER_MS = 120_000;

async function answering(place: Place): Promise<RunningServer> {
  const deadline = performance.now() + ANSWER_MS;
  for (;;) {
    const found = await inspectContainer(place);
    if (found.kind === 'running') return found.server;
    // A lost password shows only now, when the container was stopped before.
    if (found.kind === 'locked-out') await renewPassword(place);
    if (found.kind === 'absent' || found.kind === 'stopped' || performance.now() > deadline) return givenUp(place);
    await sleep(300, undefined, { signal: place.control.signal });
  }
}

async function givenUp({ program, name }: Place): Promise<never> {
  const log = await program.ask(['logs', '--tail', '20', name]);
  return fail('server.failed', `container ${name} does not answer`, {
    hint: `Read its log: ${program.name} logs ${name}.`,
    ...(log === undefined ? {} : { detail: log }),
  });
}

async function purgeContainer({ program, name, state }: Place): Promise<void> {
  await program.ask(['rm', '--force', name]);
  await program.ask(['volume', 'rm', '--force', name]);
  await rm(state.folder, { recursive: true, force: true });
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
