import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { FORMATS, renderers } from '../../../src/render/index.ts';

test('chalk is loaded for the human format only', async () => {
  const { metafile } = await build({
    entryPoints: ['src/render/index.ts'],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    outdir: 'unwritten',
    write: false,
    metafile: true,
  });
  const withChalk = Object.values(metafile.outputs).filter(({ inputs }) =>
    Object.keys(inputs).some((path) => path.includes('chalk')),
  );
  expect(withChalk.map(({ entryPoint }) => entryPoint)).toEqual(['src/render/human.ts']);
});

test('every format has a file that exports its renderer', async () => {
  expect(Object.keys(renderers)).toEqual([...FORMATS]);
  for (const format of FORMATS) expect((await renderers[format]()).render).toBeTypeOf('function');
});
