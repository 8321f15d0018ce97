import type { EngineName } from './record.ts';

/** A development server that answered. */
export interface RunningServer {
  readonly engine: EngineName;
  /** `18.2`, as the server says. */
  readonly version: string;
  readonly host: string;
  readonly port: number;
  readonly password: string;
  readonly pid: number;
  readonly systemIdentifier: string;
  /** A folder, or the name of a container's volume. */
  readonly dataFolder: string;
  readonly uptimeSeconds: number;
}

/** What was found by trying. */
export type ServerState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'stopped'; readonly crashed: boolean }
  /** Its processes live, and it says that it starts or stops. */
  | { readonly kind: 'starting' }
  /** It answers, and takes no password we know. */
  | { readonly kind: 'locked-out' }
  /** Its processes live, and nothing answers: a postmaster that died a moment ago leaves such. */
  | { readonly kind: 'silent'; readonly pids: readonly number[] }
  | { readonly kind: 'running'; readonly server: RunningServer };

/** A way to run a server for one project and one major. */
export interface Engine {
  readonly name: EngineName;
  /** The release it would start. */
  readonly version: string;
  /** Where the data is kept. */
  readonly dataFolder: string;
  inspect(): Promise<ServerState>;
  /** Brings the server up from whatever state it is in, and returns it when it answers. Fails with server.failed. */
  start(found: ServerState): Promise<RunningServer>;
  /** Ends the server in an orderly way. Fails with server.failed. */
  stop(found: ServerState): Promise<void>;
  /** Deletes its data, after stop. */
  purge(): Promise<void>;
}
