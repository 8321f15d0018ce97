import { SERVER } from './planted-server.ts';
import { testPlants } from './suite.ts';

testPlants(SERVER);
