// How a store of what is kept between requests answers.

import type { Result } from '../lib/result.ts';

/** `unavailable`: the store can't be reached, and nothing is known of what was asked. */
export type Asked<T> = Promise<Result<T, 'unavailable'>>;

/** `full`: the project keeps as much as it may; nothing was written. */
export type Kept = 'kept' | 'full';
