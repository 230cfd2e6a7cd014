// The contenders in the order of the table. The last one runs where it is named alone.

import type { Contender } from './contender.ts';
import { direct } from './direct.ts';
import { nginx } from './nginx.ts';
import { portkey } from './portkey.ts';
import { turnpike, turnpikeDirect } from './turnpike.ts';

export const contenders: readonly Contender[] = [direct, nginx, portkey, turnpike, turnpikeDirect];
