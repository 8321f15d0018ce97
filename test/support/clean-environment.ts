import { homedir } from 'node:os';

// libpq's variables (a PGHOST of the developer would send tests to another server), the contract's, dbctl's own, and those of object storage.
const FOREIGN = /^(PG[A-Z]+|PG_\w+|PGPOOL_\w+|DATABASE_URL|DB_\w+|AWS_\w+|DBCTL_(?!TEST_)\w+|NO_COLOR|FORCE_COLOR)$/;

for (const name of Object.keys(process.env)) if (FOREIGN.test(name)) delete process.env[name];

// As src/main.ts does.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

// npm sets it for scripts; programs started by tests look for their files there.
process.env['HOME'] ??= homedir();
