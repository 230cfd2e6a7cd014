// How a request is served and therefore priced. What a client asks for is a wish: it pays for the tier that was used,
// and reads it in the answer.

/**
 * `contributor` is cheaper because its requests may be used to train models: only for a project that has consented in
 * so many words. The others differ in how soon they are served.
 */
export const SERVICE_TIERS = ['standard', 'priority', 'flex', 'batch', 'contributor'] as const;

export type ServiceTier = (typeof SERVICE_TIERS)[number];
