// How far a model's release has come. Until there are previews for some callers alone, every stage here is visible to all.

export const RELEASE_STAGES = ['public-preview', 'general-availability', 'deprecated'] as const;

export type ReleaseStage = (typeof RELEASE_STAGES)[number];

export const DEFAULT_STAGE: ReleaseStage = 'general-availability';
