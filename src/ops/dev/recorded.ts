import type { DevEnvironment, DevProject } from './environment.ts';
import { MAJORS, type Major } from './lines.ts';
import { readPassfile } from './passfile.ts';
import { readRecord, type ServerRecord } from './record.ts';
import { stateFolder, type StateFolder } from './state.ts';

/** A server the project has, or had: from its files, not tried. */
export interface RecordedServer extends ServerRecord {
  readonly password: string;
  readonly state: StateFolder;
}

/** The project's servers as they were last started: those not stopped first, then the line of dbctl.yaml. */
export async function recordedServers(environment: DevEnvironment, project: DevProject): Promise<readonly RecordedServer[]> {
  const servers = await Promise.all(preferredMajors(project).map((major) => recordedServer(stateFolder(environment, major))));
  const found = servers.filter((server) => server !== undefined);
  return found.toSorted((a, b) => Number(b.running) - Number(a.running));
}

async function recordedServer(state: StateFolder): Promise<RecordedServer | undefined> {
  const [record, password] = await Promise.all([readRecord(state.record), readPassfile(state.passfile)]);
  return record === undefined || password === undefined ? undefined : { ...record, password, state };
}

/** The project's own line first. */
function preferredMajors({ dev }: DevProject): readonly Major[] {
  return [dev.version, ...MAJORS.filter((major) => major !== dev.version)];
}

/** The line a command without `--version` means: that of a server that was not stopped, else the project's own. */
export async function chosenMajor(environment: DevEnvironment, project: DevProject): Promise<Major> {
  const server = (await recordedServers(environment, project)).find(({ running }) => running);
  return server?.state.major ?? project.dev.version;
}
