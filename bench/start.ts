import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { cpuMs, lowDecile } from './cpu.ts';

const bin = fileURLToPath(new URL('../bin/dbctl.js', import.meta.url));

/** What starting costs: CPU time against an empty Node.js process, the two taken in turns. */
export async function run(args: readonly string[]): Promise<void> {
  const rounds = Number(args[0] ?? 25);
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit', cwd: fileURLToPath(new URL('..', import.meta.url)) });
  const cases: readonly (readonly [name: string, command: readonly string[]])[] = [
    ['node -e 0', [process.execPath, '-e', '0']],
    ['dbctl --version', [process.execPath, bin, '--version']],
    ['dbctl --help', [process.execPath, bin, '--help']],
    ['dbctl completion bash', [process.execPath, bin, 'completion', 'bash']],
  ];
  const times = new Map(cases.map(([name]) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, command] of cases) times.get(name)?.push(cpuMs(command));
  }
  const floor = lowDecile(times.get('node -e 0') ?? []);
  console.log(`CPU time, low decile of ${rounds} interleaved runs\n`);
  for (const [name, values] of times) {
    const ms = lowDecile(values);
    console.log(`${name.padEnd(24)} ${ms.toFixed(0).padStart(5)} ms  ${(ms / floor).toFixed(2)} × node -e 0`);
  }
  await Promise.resolve();
}
