import { RIGHTS } from './planted-rights.ts';
import { testPlants } from './suite.ts';

testPlants(RIGHTS);
