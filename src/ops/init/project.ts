import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fail } from '../../core/errors.ts';
import { PIN } from '../../core/pin.ts';

/** A file of a new project. */
export interface ProjectFile {
  readonly path: string;
  readonly text: string;
}

/** The files of a new project in `folder`, named after it. Pure. */
export function projectFiles(folder: string): readonly ProjectFile[] {
  return [{ path: join(folder, 'dbctl.yaml'), text: projectFile(slug(basename(folder))) }];
}

/**
 * Writes them, and makes the migrations folder.
 * Fails with refused when there is a dbctl.yaml already: it is somebody's work.
 */
export async function writeProject(folder: string, files: readonly ProjectFile[]): Promise<void> {
  for (const { path, text } of files) {
    await writeFile(path, text, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST')
        fail('refused', `${path} is there already`, { hint: 'Edit it; dbctl config show tells what it means.' });
      fail('config.invalid', `cannot write ${path}: ${error.message}`, {
        hint: 'Give the user that runs dbctl the right to write here.',
      });
    });
  }
  await mkdir(join(folder, 'migrations'), { recursive: true });
}

function slug(name: string): string {
  const words = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '');
  return words === '' ? 'my-project' : words.slice(0, 40).replace(/-$/, '');
}

function projectFile(project: string): string {
  return `# What dbctl knows of this project. Every key: dbctl config schema. Nothing secret belongs in here.
version: 1
project: ${project}

postgres:
  # The release this project runs on; dbctl verify says when one with security fixes is out.
  version: "${PIN}"
  extensions:
    required: []

environments:
  # The server that \`dbctl dev up\` runs on this machine.
  dev:
    embedded: true

  # Commands that destroy refuse a protected environment. Its URL is in a variable, or in a file of mode 0600 ({ file: PATH }).
  prod:
    url: { variable: PROD_DATABASE_URL }
    protected: true
    tls: verify-full
`;
}
