// What the engine knows of the loaded model, read from its GGUF file.

export type LlamaModelFacts = {
  /** From the file's metadata; absent where it names none. */
  readonly modelName?: string;
  readonly architecture: string;
  readonly parameters: number;
  /** Such as Q8_0. */
  readonly quantisation: string;
  readonly sizeBytes: number;
  readonly trainingContextTokens: number;
  /** Prompt and answer together, for each generation, as configured here. */
  readonly contextTokens: number;
  /** How many numbers a vector has, of a model that makes embeddings. */
  readonly width?: number;
  readonly slots: number;
  readonly threads: number;
  /** `chatml` where the file brings no template of its own. */
  readonly chatTemplate: 'of-the-file' | 'chatml';
  /** No token stands for more bytes than this: bounds a prompt's tokens from below. */
  readonly tokenBytesMax: number;
  /** It has tokens for the tags around thinking. */
  readonly canThink: boolean;
};
