import { spawn } from 'node:child_process';

/** Stands before a server of file transfer and lets it read no more than 1,000 bytes at once, as a server may: `node short-reads.mjs SERVER`. */
const MOST = 1_000;
const READ = 5;
const server = spawn(process.argv[2], [], { stdio: ['pipe', process.stdout, 'inherit'] });
let pending = Buffer.alloc(0);
process.stdin.on('data', (chunk) => {
  pending = Buffer.concat([pending, chunk]);
  while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE()) {
    const packet = pending.subarray(0, 4 + pending.readUInt32BE());
    pending = pending.subarray(packet.length);
    // The length asked for is the end of the packet.
    if (packet[4] === READ) packet.writeUInt32BE(Math.min(MOST, packet.readUInt32BE(packet.length - 4)), packet.length - 4);
    server.stdin.write(packet);
  }
});
process.stdin.on('end', () => server.stdin.end());
