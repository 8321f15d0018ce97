import { CODE } from './planted-code.ts';
import { testPlants } from './suite.ts';

testPlants(CODE);
