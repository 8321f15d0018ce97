import { runProgram } from '../process/program.ts';
import type { ContainerImage } from './container.ts';

/** Where client programs in containers are looked for. */
export interface ContainerPlace {
  /** The name of an image; null: {@link imageOf} the major. */
  readonly image: string | null;
  /** Environment of the engine's program: where its socket is, and the like. */
  readonly variables: Readonly<Record<string, string>>;
}

/** The image, or why there is none. */
export type ImageAnswer =
  | { readonly kind: 'found'; readonly image: ContainerImage }
  | { readonly kind: 'absent'; readonly engine: string; readonly image: string }
  | { readonly kind: 'no engine'; readonly said: readonly string[] };

/** The official image of a major. */
export const imageOf = (major: number): string => `postgres:${major}`;

/** An engine that takes longer is not one to wait for. */
const PATIENCE_MS = 5_000;

/** Each tells its version from the engine itself, so that a client without its daemon, and Podman under Docker's name, is none. */
const ENGINES = [
  { engine: 'docker', format: '{{.ServerVersion}} {{.SecurityOptions}}', rootless: /name=rootless/ },
  { engine: 'podman', format: '{{.Version.Version}} {{.Host.Security.Rootless}}', rootless: / true$/ },
] as const;

/** The first engine that answers and has the image. Nothing is fetched: an image comes from a registry when somebody asks for it. */
export async function findImage({ image, variables }: ContainerPlace, major: number): Promise<ImageAnswer> {
  const name = image ?? imageOf(major);
  const said: string[] = [];
  let answers: string | null = null;
  for (const { engine, format, rootless } of ENGINES) {
    const about = await ask(engine, ['info', '--format', format], variables);
    if (!about.ok) {
      said.push(`${engine}: ${about.text}`);
      continue;
    }
    const id = await ask(engine, ['image', 'inspect', '--format', '{{.Id}}', name], variables);
    if (id.ok) return { kind: 'found', image: { engine, rootless: rootless.test(about.text), name, id: id.text, variables } };
    answers ??= engine;
  }
  return answers === null ? { kind: 'no engine', said } : { kind: 'absent', engine: answers, image: name };
}

async function ask(
  engine: string,
  args: readonly string[],
  variables: ContainerPlace['variables'],
): Promise<{ readonly ok: boolean; readonly text: string }> {
  try {
    const { status, stdout, stderr } = await runProgram({
      file: engine,
      args,
      variables,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return status === 0
      ? { ok: true, text: stdout.trim() }
      : { ok: false, text: stderr.trim().split('\n')[0] ?? `exit ${status}` };
  } catch (thrown) {
    const { code, name, message } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { ok: false, text: 'not installed' };
    return { ok: false, text: name === 'AbortError' ? `no answer within ${PATIENCE_MS / 1000} s` : message };
  }
}
